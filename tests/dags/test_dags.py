"""The DAG files as Airflow reads them: in a process of its own, with the project's plugins."""

import ast
import json
import os
import subprocess
import sys

import pytest

from pipeline.catalog.catalog import Catalog
from pipeline.settings import PROJECT

SHOW = """
import json, sys
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
dags = {
    name: {
        "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
        "mapped": sorted(task.task_id for task in dag.tasks if next(task.iter_mapped_task_groups(), None)),
        "rules": {task.task_id: str(task.trigger_rule.value) for task in dag.tasks},
        "ends": {task.task_id: task.execution_timeout and task.execution_timeout.total_seconds() for task in dag.tasks},
        "named": [task.task_id for task in dag.tasks if "'periods'" in (task.map_index_template or "")],
        "retries": min(task.retries for task in dag.tasks),
        "catchup": dag.catchup, "page": dag.doc_md, "schedule": type(dag.timetable).__name__,
        "form": {name: (each := dag.params.get_param(name)).schema | {"value": each.value} for name in dag.params},
        "told": {name: dag.params.get_param(name).description for name in dag.params},
    }
    for name, dag in bag.dags.items()
}
print("found:" + json.dumps({"dags": dags, "errors": {k: str(v) for k, v in bag.import_errors.items()}}))
"""


BY_HAND = {"bill_run_by_hand", "usage_delete"}  # started with a form, never by the clock


def read_dags(folder, home, **environment):
    """Read a folder of DAG files and give what Airflow found there."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "METERBRIDGE"))} | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "plugins")]),
        **environment,
    }
    shown = subprocess.run(
        [sys.executable, "-c", SHOW, str(folder)], env=env, capture_output=True, text=True, timeout=120, check=True
    )
    return json.loads(shown.stdout.split("found:")[1])


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return read_dags(PROJECT / "dags", tmp_path_factory.mktemp("airflow"))


def test_every_source_and_every_meter_has_a_dag_of_its_own(found):
    catalog = Catalog.read(PROJECT / "catalog")
    expected = {f"extract_{name}" for name in catalog.sources} | {f"usage_{name}" for name in catalog.meters}
    assert set(found["dags"]) == expected | {"bill_run", "export", "send", "upkeep", *BY_HAND}
    assert found["errors"] == {}


def test_a_task_reads_the_dag_of_its_own_meter_and_no_other(tmp_path):
    found = read_dags(PROJECT / "dags", tmp_path, _AIRFLOW_PARSING_CONTEXT_DAG_ID="usage_network_traffic")
    assert [name for name in found["dags"] if name.startswith(("usage_n", "usage_s", "extract_"))] == [
        "usage_network_traffic"
    ]


def test_a_meter_waits_for_its_readings_and_loads_only_what_was_validated_of_each_period(found):
    assert found["dags"]["usage_network_traffic"]["tasks"] == {
        "periods": [],
        "derive": ["periods"],
        "validate": ["derive"],
        "load": ["derive", "validate"],
    }


def test_a_bill_run_waits_for_the_meters_and_an_export_for_the_bill_run(found):
    tasks = {name: found["dags"][name]["tasks"] for name in ("bill_run", "export")}
    assert tasks["bill_run"] == {
        "periods": [],
        "can_be_billed": ["periods"],
        "rate": ["can_be_billed", "periods"],
        "approve": ["periods", "rate"],
        "post": ["approve", "periods", "rate"],
    }
    assert tasks["export"] == {"periods": [], "is_posted": ["periods"], "write": ["is_posted", "periods"]}


def test_usage_is_sent_once_the_meters_of_its_period_are_in(found):
    assert found["dags"]["send"]["tasks"] == {
        "periods": [],
        "meters_are_in": ["periods"],
        "is_sent": ["meters_are_in", "periods"],
    }


@pytest.mark.parametrize(
    ("dag", "mapped"),
    [
        ("usage_network_traffic", ["derive", "load", "validate"]),
        ("bill_run", ["approve", "can_be_billed", "post", "rate"]),
        ("export", ["is_posted", "write"]),
        ("send", ["is_sent", "meters_are_in"]),
    ],
)
def test_each_period_of_a_run_goes_its_own_way(found, dag, mapped):
    assert found["dags"][dag]["mapped"] == mapped


def test_every_dag_retries_goes_by_data_intervals_catches_nothing_up_and_has_a_page(found):
    for name, dag in found["dags"].items():
        assert dag["retries"] > 0, name
        assert dag["schedule"] == ("NullTimetable" if name in BY_HAND else "CronDataIntervalTimetable"), name
        assert dag["catchup"] is False, name
        assert len(dag["page"]) > 100, name


def test_a_task_that_hangs_is_ended_but_a_person_who_is_asked_is_not_hurried(found):
    for name, dag in found["dags"].items():
        for task, seconds in dag["ends"].items():
            assert seconds == (None if task == "approve" else 6 * 3600), (name, task)


def test_a_broken_meter_costs_the_other_meters_nothing_and_shows_as_an_import_error(tmp_path):
    catalog = tmp_path / "catalog"
    subprocess.run(["cp", "-r", str(PROJECT / "catalog"), str(catalog)], check=True)
    meter = catalog / "meters" / "network_traffic.yaml"
    meter.write_text(meter.read_text().replace("function: sum", "function: summ"))
    found = read_dags(PROJECT / "dags", tmp_path / "airflow", METERBRIDGE_CATALOG=str(catalog))
    assert "usage_network_traffic" not in found["dags"]
    assert "usage_server_cpu_peak" in found["dags"]
    assert [name.rsplit("/")[-1] for name in found["errors"]] == ["catalog_check.py"]
    shown = "".join(found["errors"].values())
    assert "network_traffic.yaml:" in shown
    assert "did you mean 'sum'?" in shown


def test_a_meter_whose_unit_may_have_been_made_by_the_api_keeps_its_dag(tmp_path):
    catalog = tmp_path / "catalog"
    subprocess.run(["cp", "-r", str(PROJECT / "catalog"), str(catalog)], check=True)
    charge = catalog / "charges" / "network_traffic.yaml"
    charge.write_text(charge.read_text().replace("uom: gigabyte", "uom: terabyte"))
    found = read_dags(PROJECT / "dags", tmp_path / "airflow", METERBRIDGE_CATALOG=str(catalog))
    assert "usage_network_traffic" in found["dags"]
    assert found["errors"] == {}


def test_the_upkeep_tells_what_happened_even_when_an_upload_or_the_sweep_fails(found):
    assert found["dags"]["upkeep"]["tasks"] == {
        "process_uploads": [],
        "note_what_stands_out": ["process_uploads"],
        "note_thresholds": ["note_what_stands_out"],
        "tell": ["note_thresholds"],
        "drop_what_is_old": ["tell"],
        "fail_the_run": ["drop_what_is_old", "note_thresholds", "note_what_stands_out", "process_uploads", "tell"],
    }
    rules = found["dags"]["upkeep"]["rules"]
    assert (rules.pop("process_uploads"), rules.pop("fail_the_run")) == ("all_success", "one_failed")
    assert set(rules.values()) == {"all_done"}


def test_a_deletion_by_hand_asks_what_and_why_and_begins_as_a_dry_run(found):
    form = found["dags"]["usage_delete"]["form"]
    assert found["dags"]["usage_delete"]["tasks"] == {"delete": []}
    assert {name: (field["type"], field["value"]) for name, field in form.items()} == {
        "by": ("string", "import"),
        "value": ("string", ""),
        "reason": ("string", ""),
        "dry_run": ("boolean", True),
    }
    assert form["by"]["enum"] == ["records", "import", "file"]
    assert form["value"]["minLength"] == form["reason"]["minLength"] == 1


def test_a_bill_run_by_hand_begins_as_a_preview(found):
    form = found["dags"]["bill_run_by_hand"]["form"]
    assert found["dags"]["bill_run_by_hand"]["tasks"] == {"bill": []}
    assert (form["action"]["value"], form["action"]["enum"]) == ("preview", ["preview", "rate", "post", "cancel"])
    fields = {name: (field["type"], field["value"]) for name, field in form.items() if name != "action"}
    optional = (["null", "string"], None)  # else the web UI starts nothing until every field is filled
    assert fields == dict.fromkeys(("period", "batch", "target_date", "bill_run", "reason"), optional)


def test_a_run_of_a_meter_needs_no_reason_and_says_when_a_backfill_takes_one(found):
    dag = found["dags"]["usage_network_traffic"]
    assert dag["form"] == {"reason": {"title": "Reason", "type": ["null", "string"], "value": None}}
    assert "Override parameters on existing runs" in dag["told"]["reason"]


def test_the_tasks_of_a_period_are_called_by_it(found):
    for name, dag in found["dags"].items():
        assert sorted(dag["named"]) == dag["mapped"], name


@pytest.mark.parametrize("path", sorted((PROJECT / "dags").glob("*.py")), ids=lambda path: path.name)
def test_a_dag_file_has_a_docstring_and_at_most_sixty_lines(path):
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 60
