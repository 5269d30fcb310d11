"""DAGs run by Airflow itself, on a real store: every period of a meter for itself, and the upkeep."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from receivers import hook
from served_api import CLIENT, SECRET, served

from pipeline.settings import PROJECT

SERVER, INIT, RUN, BACKFILL = (
    str(Path(__file__).with_name(f"{name}.py"))
    for name in ("served_runs", "init_airflow", "run_usage", "start_backfill")
)
ACCOUNTS = """account_number,name,currency,time_zone,status,bill_cycle_day
A-1,Mill,EUR,UTC,Active,1
A-2,Farm,EUR,UTC,Active,15
"""
MOSTLY_UNREADABLE = "at,value\n2025-02-20T00:00:00Z,1\n" + "never,1\n" * 20


class Airflow:
    """An Airflow that has run nothing yet; what it runs is forked from a process that imports once for all tests."""

    def __init__(self, folder):
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "METERBRIDGE"))
        }
        self.environment = inherited | {
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "plugins")]),
        }
        self.server = subprocess.Popen(
            [sys.executable, SERVER], env=self.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.empty = folder / "empty.db"

    def run(self, database, *words, **environment):
        """Run a script on a database of Airflow's, and give what it printed."""
        environment = self.environment | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{database}"} | environment
        printed = database.with_suffix(".txt")
        self.server.stdin.write(json.dumps([words, environment, str(printed)]) + "\n")
        self.server.stdin.flush()
        code = self.server.stdout.readline().strip()
        assert code == "0", (code, printed.read_text()[-4000:])
        return printed.read_text()

    def close(self):
        with self.server as server:  # waits for its end, and closes what leads to it
            server.stdin.close()


@pytest.fixture(scope="module")
def airflow(tmp_path_factory):
    with closing(Airflow(tmp_path_factory.mktemp("airflow"))) as started:
        started.run(started.empty, INIT)
        yield started


@pytest.fixture
def script(airflow, business, tmp_path):
    """Run a script on a database of its own, with what names the business."""
    database = shutil.copy(airflow.empty, tmp_path / "airflow.db")

    def started(*words, **environment):
        named = business.environment | {"METERBRIDGE_POKE_SECONDS": "1"} | environment
        return airflow.run(database, *words, **named)

    return started


@pytest.fixture
def run(script):
    """Run a DAG for the data interval that ends at an instant: (the run's state, its tasks' states)."""

    def until(end, file="usage.py", name="usage_energy", form=None, **environment):
        said = [json.dumps(form)] if form else []
        printed = script(RUN, str(PROJECT / "dags" / file), end, name, *said, **environment)
        state, tasks = json.loads(printed.split("found:")[1])
        return state, {(task, index): found for task, index, found in tasks}

    return until


@pytest.mark.slow
def test_a_period_that_fails_keeps_no_other_from_being_loaded_and_fails_the_run(business, run, march):
    business.deliver("customers/accounts.csv", ACCOUNTS)
    with (business.inbox / "customers/subscribed_charges.csv").open("a") as file:
        file.write("C-2,S-2,A-2,energy,2020-01-01T00:00:00Z,,Active\n")
    business.register()
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-2/february.csv", MOSTLY_UNREADABLE)
    business.extract()
    state, tasks = run("2025-04-01T12:00:00Z")
    assert state == "failed"
    assert tasks == {
        ("periods", -1): "success",
        ("derive", 0): "success", ("validate", 0): "failed", ("load", 0): "upstream_failed",
        ("derive", 1): "success", ("validate", 1): "success", ("load", 1): "success",
    }  # fmt: skip
    assert business.quantities() == [("C-1", "2025-03", 6.5, 3)]
    assert business.rows("events", "kind") == ["import_failed", "import_succeeded"]
    assert business.rows("events", "details ->> 'name'") == ["energy 2025-03", "usage_energy, task validate"]


@pytest.mark.slow
def test_a_run_in_whose_interval_no_period_ended_succeeds(business, run):
    meter = (business.catalog_folder / "meters/energy.yaml").read_text()
    business.declare("meters/energy.yaml", meter + "schedule: daily\n")
    state, tasks = run("2025-03-20T12:00:00Z")
    assert state == "success"
    assert set(tasks.values()) == {"success", "skipped"}
    assert business.rows("ledgers", "meter") == []


@pytest.mark.slow
def test_what_ended_while_a_dag_was_paused_is_loaded_by_its_next_run(business, run, march):
    meter = (business.catalog_folder / "meters/energy.yaml").read_text()
    business.declare("meters/energy.yaml", meter + "schedule: daily\n")
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert run("2025-03-26T12:00:00Z")[0] == "success"
    assert business.rows("ledgers", "period") == []
    state, _ = run("2025-04-09T12:00:00Z")
    assert state == "success"
    assert business.quantities() == [("C-1", "2025-03", 6.5, 3)]


@pytest.mark.slow
def test_what_ended_before_a_backfill_of_a_later_month_is_loaded_by_the_next_run(business, run, script, march):
    """The DAG was off from January to April, and somebody starts a backfill of March before it is on again."""
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert run("2025-01-01T12:00:00Z")[0] == "success"
    of_march = ("2025-03-01T12:00:00Z", "2025-03-01T12:00:00Z")
    script(BACKFILL, str(PROJECT / "dags/usage.py"), "usage_energy", *of_march)
    assert run("2025-05-01T12:00:00Z")[0] == "success"
    assert business.rows("ledgers", "period") == ["2024-12", "2025-01", "2025-02", "2025-03", "2025-04"]


@pytest.mark.slow
def test_a_bill_run_that_fails_is_noted_for_people_to_be_told(business, run):
    business.declare("charges/energy.yaml", "charge: energy\n")
    state, _ = run("2025-04-01T12:00:00Z", "bill_run.py", "bill_run")
    assert state == "failed"
    assert business.rows("events", "kind", "details ->> 'name'") == [("task_failed", "bill_run, task periods")]


@pytest.mark.slow
def test_the_upkeep_processes_what_waits_and_tells_by_the_connections_of_airflow(business, run, march):
    business.bill(march)
    with hook() as receiver:
        connection = {"conn_type": "http", "host": receiver.url(), "password": "wh-s3cret"}
        declared = {"AIRFLOW_CONN_METERBRIDGE_WEBHOOK": json.dumps(connection), "NO_PROXY": "127.0.0.1"}
        state, tasks = run("2025-04-01T12:00:00Z", "upkeep.py", "upkeep", **declared)
    assert state == "success"
    assert tasks.pop(("fail_the_run", -1)) == "skipped"
    assert set(tasks.values()) == {"success"}
    told = sorted(json.loads(request.body)["kind"] for request in receiver.taken)
    assert told == ["import_succeeded", "stuck_pending"]
    assert business.rows("deliveries", "channel", "attempts", "error") == [("webhook", 1, "")] * 2


@pytest.mark.slow
def test_usage_is_sent_to_the_platform_that_a_connection_of_airflow_names_and_without_one_nothing_is(
    business, run, march, new_store, tmp_path
):
    business.bill(march)
    assert run("2025-04-01T12:00:00Z", "send.py", "send")[1] == {
        ("periods", -1): "success", ("meters_are_in", -1): "skipped", ("is_sent", -1): "skipped",
    }  # fmt: skip
    theirs = type(business)(new_store(), tmp_path / "theirs")
    with served(theirs) as address:
        connection = {"conn_type": "http", "host": address, "login": CLIENT, "password": SECRET}
        declared = {"AIRFLOW_CONN_METERBRIDGE_PLATFORM": json.dumps(connection), "NO_PROXY": "127.0.0.1"}
        state, tasks = run("2025-04-01T12:00:00Z", "send.py", "send", **declared)
    assert state == "success"
    assert tasks == {("periods", -1): "success", ("meters_are_in", 0): "success", ("is_sent", 0): "success"}
    assert theirs.quantities() == [("C-1", "2025-03", 6.5, 0)]


@pytest.mark.slow
def test_an_upkeep_of_which_one_task_fails_does_the_others_and_is_a_failed_run(business, run, march):
    business.bill(march)
    state, tasks = run("2025-04-01T12:00:00Z", "upkeep.py", "upkeep", METERBRIDGE_CONNECTION_NOTIFY_SLACK="nowhere")
    assert state == "failed"
    assert {task for (task, _), found in tasks.items() if found == "failed"} == {"tell", "fail_the_run"}
    assert tasks["drop_what_is_old", -1] == "success"


@pytest.mark.slow
def test_usage_is_deleted_by_hand_once_the_dry_run_was_turned_off(business, run, march):
    business.bill(march)
    (batch,) = business.rows("imports", "import_id")
    said = {"by": "import", "value": batch, "reason": "sent twice"}
    for dry_run, left in ((True, 1), (False, 0)):
        state, tasks = run("2025-04-01T12:00:00Z", "usage_delete.py", "usage_delete", form=said | {"dry_run": dry_run})
        assert (state, tasks) == ("success", {("delete", -1): "success"})
        assert len(business.rows("usage_records", "record_id")) == left
    assert business.rows("usage_changes", "action", "reason", "changed_by") == [("delete", "sent twice", "dag_test")]
