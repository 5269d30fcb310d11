"""What is beyond a limit waits in Airflow's web UI: a change of usage, and a bill run. A rejection fails the run.

What the environment keeps secret is neither in the logs of these runs nor anywhere in Airflow's own database.
"""

import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace

import httpx
import pytest
import sqlalchemy as sa
from small_business import ACCOUNTS, CHARGE, CHARGES, MARCH, METER, SOURCE, UNITS

from pipeline import steps
from pipeline.catalog.catalog import Catalog
from pipeline.steps import Workspace
from pipeline.store.engine import connect
from stack import local
from stack.client import Client
from stack.keys import USER
from stack.watch import await_parsed
from transforms.period import Period

pytestmark = pytest.mark.slow

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"
FILES = {
    "catalog/units.yaml": UNITS.replace("EUR: {decimals: 2}", "EUR: {decimals: 2, approval_above: 4}"),
    "catalog/charges/energy.yaml": CHARGE,
    "catalog/sources/power.yaml": SOURCE,
    "catalog/meters/energy.yaml": METER + "approval_above: 0.5\n",
    "inbox/customers/accounts.csv": ACCOUNTS,
    "inbox/customers/subscribed_charges.csv": CHARGES,
    "inbox/power/A-1/march.csv": MARCH,
}
PERIOD = Period.parse("2025-03")
FIRST, LAST = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 3, 31, tzinfo=UTC)  # a month's run starts within it
TIMEOUT_SECONDS = 120
READING_SECONDS = 5  # Airflow takes a task for lost that is answered while its first half is still being wound up


CANARY = "canary-5f1d3a"
SECRETS = ("NOTIFY_WEBHOOK", "NOTIFY_WEBHOOK_TOKEN", "NOTIFY_SLACK", "METERING_TOKEN")


@pytest.fixture
def airflow(settings, tmp_path, monkeypatch):
    """A small business in a running Airflow: its shop, the stack's client, and plain HTTP with its log-in."""
    for name in SECRETS:
        monkeypatch.setenv(f"METERBRIDGE_CONNECTION_{name}", f"https://127.0.0.1:9/{CANARY}")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    dags = tmp_path / "dags"
    dags.mkdir()
    for name in ("usage.py", "bill_run.py"):
        shutil.copy(settings.dags / name, dags)
    settings = replace(settings, dags=dags, catalog=tmp_path / "catalog", inbox=tmp_path / "inbox")
    stack = local.up(settings, print)
    client = Client(settings.url, stack.user, stack.password)
    log_in = {"username": stack.user, "password": stack.password}
    token = httpx.post(f"{settings.url}/auth/token", json=log_in, trust_env=False).json()["access_token"]
    http = httpx.Client(
        base_url=f"{settings.url}/api/v2", headers={"Authorization": f"Bearer {token}"}, trust_env=False, timeout=60
    )
    store = connect(stack.store_url)
    yield SimpleNamespace(
        workspace=Workspace(store, Catalog.read(settings.catalog), settings.home, settings.inbox),
        client=client,
        http=http,
        metadata=store.url.set(database="airflow"),
    )
    http.close()
    client.close()
    store.dispose()
    local.down(settings, print)


def _until(found):
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not (result := found()):
        assert time.monotonic() < deadline, "nothing came of it"
        time.sleep(1)
    return result


def _answer(airflow, option):
    """Wait for the question, answer it, and give (the question, how its run ended)."""

    def asked():
        details = airflow.http.get("/dags/~/dagRuns/~/hitlDetails", params={"response_received": False}).json()
        return details["hitl_details"]

    (question,) = _until(asked)
    task = question["task_instance"]
    run = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}"
    time.sleep(READING_SECONDS)
    address = f"{run}/taskInstances/approve/{task['map_index']}/hitlDetails"
    assert airflow.http.patch(address, json={"chosen_options": [option]}).status_code == 200
    return question, _until(lambda: airflow.http.get(run).json()["state"] in {"success", "failed"} and run)


def _held(workspace):
    with workspace.store.begin() as connection:
        found = connection.exec_driver_sql("SELECT quantity FROM usage_records WHERE superseded_by IS NULL")
        return [row[0] for row in found]


def _billed(workspace):
    with workspace.store.begin() as connection:
        runs = connection.exec_driver_sql("SELECT status, reason, updated_by FROM bill_runs ORDER BY ordinal").all()
        return [tuple(row) for row in runs], connection.exec_driver_sql("SELECT amount FROM invoices").scalars().all()


def _metadata(url):
    """Every row of every table of Airflow's database, as text."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for table in sa.inspect(connection).get_table_names():
            rows = connection.execute(sa.text(f'SELECT t::text FROM "{table}" AS t'))  # noqa: S608 Airflow's own names
            yield from (f"{table}: {row[0]}" for row in rows)
    engine.dispose()


def _logs(home):
    folders = (home / "airflow" / "logs", home / "run")
    return [path for folder in folders for path in folder.rglob("*") if path.is_file()]


def test_what_is_beyond_a_limit_is_loaded_and_billed_only_when_it_is_approved(airflow):
    workspace, now = airflow.workspace, datetime.now(UTC)
    steps.land(workspace, "power", until=now)
    steps.run_meter(workspace, "energy", PERIOD, at=now)
    (workspace.inbox / "power/A-1/more.csv").write_text(SECOND)
    steps.land(workspace, "power", until=now)
    await_parsed(airflow.client, {"usage_energy", "bill_run"}, since=datetime(2000, 1, 1, tzinfo=UTC))
    airflow.client.unpause("usage_energy")

    question, run = _answer(airflow, "Reject")  # the latest run takes March too: readings came late for it
    assert (question["subject"], airflow.http.get(run).json()["state"]) == ("Load energy 2025-03?", "failed")
    assert "153.8% of what is held would change" in question["body"]
    assert question["body"].startswith("```text\n")
    assert _held(workspace) == [Decimal("6.5")]

    airflow.client.backfill("usage_energy", FIRST, LAST)
    _, run = _answer(airflow, "Approve")
    assert airflow.http.get(run).json()["state"] == "success"
    assert _held(workspace) == [Decimal("16.5")]

    airflow.client.unpause("bill_run")
    airflow.client.backfill("bill_run", FIRST, LAST)
    question, run = _answer(airflow, "Reject")
    assert (question["subject"], airflow.http.get(run).json()["state"]) == ("Post the bill run of 2025-03?", "failed")
    assert "4.13 EUR is above 4" in question["body"]
    rejected = ("cancelled", "it was not approved", USER)
    assert _billed(workspace) == ([rejected], [])

    again = {"dry_run": False, "only_failed": False, "dag_run_id": run.rpartition("/")[2]}
    assert airflow.http.post("/dags/bill_run/clearTaskInstances", json=again).status_code == 200
    _, run = _answer(airflow, "Approve")
    assert airflow.http.get(run).json()["state"] == "success"
    assert _billed(workspace) == ([rejected, ("posted", "", USER)], [Decimal("4.13")])

    with workspace.store.begin() as connection:
        asked = connection.exec_driver_sql(
            "SELECT details ->> 'reason' FROM events WHERE kind = 'approval_needed' ORDER BY event_id"
        )
        assert asked.scalars().all() == ["Load energy 2025-03?"] * 2 + ["Post the bill run of 2025-03?"] * 2

    logs = _logs(workspace.home)
    assert any(path.name.startswith("attempt") for path in logs)
    assert [path for path in logs if CANARY in path.read_text(errors="replace")] == []
    rows = list(_metadata(airflow.metadata))
    assert any(row.startswith("xcom: ") and "2025-03" in row for row in rows)
    assert [row for row in rows if CANARY in row] == []
