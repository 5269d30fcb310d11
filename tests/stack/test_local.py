"""The whole local stack with two DAGs of the test's own: three months backfilled, a failure reported, all stopped."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import httpx
import psutil
import pytest

from stack import airflow, local
from stack.client import Client
from stack.settings import StackError
from stack.watch import await_parsed, await_runs

pytestmark = pytest.mark.slow

TOYS = """
from datetime import datetime, timezone
from airflow.sdk import dag, task
from airflow.timetables.interval import CronDataIntervalTimetable

def make(name, price):
    monthly = CronDataIntervalTimetable("0 12 1 * *", timezone="UTC")

    @dag(name, schedule=monthly, start_date=datetime(2000, 1, 1, tzinfo=timezone.utc), catchup=False)
    def toy():
        @task
        def rate():
            print(100 / price)
        rate()
    return toy()

good, bad = make("good", 5), make("bad", 0)
"""
FIRST, LAST = datetime(2014, 2, 1, tzinfo=UTC), datetime(2014, 4, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def toys(settings_in, tmp_path_factory):
    folder = tmp_path_factory.mktemp("stack")
    (folder / "dags").mkdir()
    (folder / "dags" / "toys.py").write_text(TOYS)
    return replace(settings_in(folder), dags=folder / "dags")


@pytest.fixture(scope="module")
def stack(toys):
    """One running stack with the project's own plugins; the last of its tests stops it."""
    yield local.up(toys, print)
    local.down(toys, print)


@pytest.fixture
def client(toys, stack):
    client = Client(toys.url, stack.user, stack.password)
    yield client
    client.close()


def test_the_usage_api_is_open_to_who_is_logged_in_to_airflow_and_to_nobody_else(client, toys, stack):
    assert client.import_errors() == []
    units = f"{toys.url}/usage/v1/object/unit-of-measure"
    log_in = {"username": stack.user, "password": stack.password}
    token = httpx.post(f"{toys.url}/auth/token", json=log_in, trust_env=False).json()["access_token"]
    ask = partial(httpx.request, url=units, trust_env=False, timeout=60)

    for headers in ({}, {"Authorization": "Bearer none"}, {"Cookie": "_token=none"}):
        assert ask("GET", headers=headers).status_code == 401
    assert httpx.get(f"{toys.url}/usage/openapi.json", trust_env=False).status_code == 401
    by_token, by_cookie = {"Authorization": f"Bearer {token}"}, {"Cookie": f"_token={token}"}
    for headers in (by_token, by_cookie):
        answer = ask("GET", headers=headers)
        assert answer.status_code == 200
        assert "percent" in {unit["UomName"] for unit in answer.json()["records"]}

    def make(name, headers):
        return ask("POST", headers=headers, json={"UomName": name}).status_code

    assert make("GB", by_token) == 200
    assert make("TB", by_cookie) == 403  # as if another site had sent it
    assert make("TB", by_cookie | {"X-Requested-With": "a page"}) == 200


def of_home(settings):
    """Every process whose command line or environment names the stack's folder, this one apart."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values()]
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
        if process.pid != os.getpid() and any(str(settings.home) in word for word in words):
            found.append(process)
    return found


def test_three_months_run_and_run_again_a_failure_is_told_with_its_reason_and_nothing_is_left(client, toys):
    begun = datetime.now(UTC)
    assert set(local.running(toys)) == {*airflow.COMPONENTS, "postgres"}
    with pytest.raises(StackError, match="already running"):
        local.up(toys, print)
    await_parsed(client, {"good", "bad"}, since=datetime(2000, 1, 1, tzinfo=UTC))

    client.unpause("good")
    for _ in range(2):
        client.cancel_backfills()  # the scheduler declares the first one complete up to half a minute after its runs
        again = datetime.now(UTC)
        client.backfill("good", FIRST, LAST)
        lines = []
        await_runs(client, since=begun, timeout_seconds=120, tell=lines.append)
        runs = [run for run in client.runs_since(again) if run.interval_start.year == 2014]
        assert sorted(run.interval_start.month for run in runs) == [2, 3, 4]
        assert {run.state for run in runs} == {"success"}
        assert re.fullmatch(r"([34])/\1 runs done", lines[-1])  # the schedule runs its latest month besides

    client.unpause("bad")
    client.backfill("bad", FIRST, LAST)
    with pytest.raises(StackError, match=r"(?s)of bad failed.*task rate:.*ZeroDivisionError: division by zero"):
        await_runs(client, since=begun, timeout_seconds=120, tell=lines.append)

    (toys.dags / "broken.py").write_text("from airflow.sdk import dag\nimport a_module_nobody_wrote\n")
    with pytest.raises(StackError, match=r"(?s)broken.py: .*No module named 'a_module_nobody_wrote'"):
        await_parsed(client, {"good", "promised"}, since=begun)

    local.down(toys, print)
    assert local.running(toys) == []
    assert of_home(toys) == []


def test_a_stack_that_is_ended_while_it_starts_leaves_nothing_behind(toys, settings):
    toys = replace(settings, dags=toys.dags)
    folders = {"HOME": toys.home, "PORT": toys.port, "DAGS": toys.dags, "PLUGINS": toys.plugins}
    env = {**os.environ, **{f"METERBRIDGE_{name}": str(value) for name, value in folders.items()}}
    env["PYTHONPATH"] = str(toys.root)
    command = [sys.executable, "-m", "stack", "up"]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as starting:
        for line in starting.stdout:
            if line.startswith("waiting for Airflow"):
                starting.send_signal(signal.SIGTERM)
        assert line == "interrupted\n"
        assert starting.wait() == 130
    assert of_home(toys) == []
    assert list(toys.run.glob("*.json")) == []
