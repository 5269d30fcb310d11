"""No result depends on the machine: its zone, its locale, the seed of its hashes."""

import os
import subprocess
import sys

import pytest

from pipeline.settings import PROJECT

STORY = PROJECT / "tests" / "scenarios" / "another_shape_of_file"
BILL_A_MONTH = """
import sys
from datetime import UTC, datetime
from pipeline import steps
from pipeline.catalog.register import register
from pipeline.steps import Workspace
from transforms.period import Period
from transforms.rating.asked import Asked
workspace, month, now = Workspace.open(), Period.parse("2023-10"), datetime(2026, 1, 15, tzinfo=UTC)
register(workspace.store, workspace.catalog, workspace.inbox / "customers")
steps.extract(workspace.store, workspace.catalog.source("heat"), workspace.inbox, workspace.home, until=now)
steps.run_meter(workspace, "heat", month, at=now)
steps.rate(workspace.store, workspace.catalog, Asked(month), workspace.home, at=now)
steps.post(workspace.store, month, by="ann")
# When an invoice was issued is the one thing that a machine's clock decides.
with workspace.store.begin() as connection:
    connection.exec_driver_sql("ALTER TABLE invoices DISABLE TRIGGER final")
    connection.exec_driver_sql("UPDATE invoices SET issued_at = '2023-11-03T23:30:00Z'")
steps.export(workspace.store, workspace.catalog, month, workspace.home)
"""
EXPORTED = 10
MACHINES = {
    "plain": {"TZ": "UTC", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "0"},
    "kathmandu": {"TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8", "PYTHONHASHSEED": "1"},
    "seeded": {"TZ": "America/St_Johns", "LC_ALL": "POSIX", "PYTHONUTF8": "1", "PYTHONHASHSEED": "4242"},
}


def files_of(machine, store, home):
    """Bill a month on a machine of that kind, and give every file that it left, by name (names hold content hashes)."""
    url = store.url.render_as_string(hide_password=False)
    where = {"METERBRIDGE_STORE_URL": url, "METERBRIDGE_HOME": str(home), "PYTHONPATH": str(PROJECT)}
    where |= {"METERBRIDGE_CATALOG": str(STORY / "catalog"), "METERBRIDGE_INBOX": str(STORY / "inbox")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG", "METERBRIDGE"))}
    command = [sys.executable, "-c", BILL_A_MONTH]
    done = subprocess.run(
        command, check=False, env=kept | where | MACHINES[machine], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def seen():
    return {}


@pytest.mark.parametrize("machine", MACHINES)
def test_readings_artefacts_reports_and_exports_are_the_same_bytes_on_every_machine(machine, store, home, seen):
    found = files_of(machine, store, home)
    kinds = {name.split("/")[0] for name in found}
    assert len([name for name in found if name.startswith("exports/2023-10/")]) == EXPORTED
    assert kinds == {"raw", "readings", "repeats", "work", "data_docs", "exports"}
    expected = seen.setdefault("files", found)
    assert sorted(found) == sorted(expected)
    assert found == expected
