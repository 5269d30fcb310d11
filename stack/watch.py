"""Waiting, with something to see: for DAGs to be parsed and for runs to end."""

import time
from collections.abc import Callable
from datetime import datetime

from stack.client import Client, Run
from stack.settings import StackError

POLL_SECONDS = 1.0
PARSE_TIMEOUT_SECONDS = 90
QUIET_SECONDS = 15


def await_parsed(client: Client, expected: set[str], *, since: datetime) -> None:
    """Wait until every expected DAG was parsed after `since`; StackError with what does not load or is missing."""
    deadline = time.monotonic() + PARSE_TIMEOUT_SECONDS
    while True:
        missing = expected - {dag.id for dag in client.dags() if dag.parsed_at >= since}
        if not missing:
            return
        if errors := client.import_errors():
            raise StackError("\n".join(["these do not load:", *errors]))
        if time.monotonic() > deadline:
            raise StackError(f"not parsed after {PARSE_TIMEOUT_SECONDS} s: {', '.join(sorted(missing))}")
        time.sleep(POLL_SECONDS)


def await_runs(client: Client, *, since: datetime, timeout_seconds: int, tell: Callable[[str], None]) -> None:
    """Wait until no run is queued or running; tells progress, raises StackError at the first failed run."""
    begun, told, spoke_at = time.monotonic(), "", 0.0
    while True:
        active = client.active_runs()
        runs = client.runs_since(since)
        _raise_failed(client, runs)
        line = _progress(runs, active)
        now = time.monotonic()
        if line != told or now - spoke_at > QUIET_SECONDS:
            tell(line)
            told, spoke_at = line, now
        if not active:
            return
        if now - begun > timeout_seconds:
            raise StackError(f"runs do not end within {timeout_seconds} s: {line}")
        time.sleep(POLL_SECONDS)


def _progress(runs: list[Run], active: list[Run]) -> str:
    done = sum(run.state == "success" for run in runs)
    total = len({(run.dag_id, run.id) for run in [*runs, *active]})
    names = ", ".join(sorted({run.dag_id for run in active if run.state == "running"}))
    return f"{done}/{total} runs done" + (f", running: {names}" if names else "")


def _raise_failed(client: Client, runs: list[Run]) -> None:
    for run in runs:
        if run.state == "failed":
            tasks = client.failed_tasks(run)
            raise StackError("\n".join([f"run {run.id} of {run.dag_id} failed", *tasks]))
