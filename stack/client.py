"""Airflow's REST API (v2), as far as the stack needs it: what a user does in the web UI."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from stack.settings import StackError

PAGE = 100
TAIL_LINES = 12
COMPONENTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")


@dataclass(frozen=True)
class Dag:
    """A DAG as the web UI lists it."""

    id: str
    parsed_at: datetime


@dataclass(frozen=True)
class Run:
    """A DAG run; `interval_start` is None for a manual run without a data interval."""

    dag_id: str
    id: str
    state: str
    interval_start: datetime | None


def ask_health(url: str) -> dict[str, str]:
    """Give the state of each component, or nothing while the API server does not answer."""
    try:
        answer = httpx.get(f"{url}/api/v2/monitor/health", timeout=5, trust_env=False)
    except httpx.TransportError:
        return {}
    return {name: str(answer.json()[name]["status"]) for name in COMPONENTS} if answer.is_success else {}


class Client:
    """A logged-in user; every method raises StackError when the server refuses."""

    def __init__(self, url: str, user: str, password: str) -> None:
        """Log in; the token is kept for the client's life."""
        self._http = httpx.Client(base_url=url, timeout=30, trust_env=False)
        token = self._ask("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def dags(self) -> list[Dag]:
        """List all DAGs that are not stale."""
        found = self._pages("/api/v2/dags", "dags", {})
        return [
            Dag(dag["dag_id"], datetime.fromisoformat(dag["last_parsed_time"]))
            for dag in found
            if dag["last_parsed_time"]
        ]

    def import_errors(self) -> list[str]:
        """Tell what failed to load, DAG files and plugins: one text with file and reason each."""
        files = self._pages("/api/v2/importErrors", "import_errors", {})
        plugins = self._ask("GET", "/api/v2/plugins/importErrors")["import_errors"]
        return [f"{error['filename']}: {error['stack_trace'].strip()}" for error in files] + [
            f"{error['source']}: {error['error'].strip()}" for error in plugins
        ]

    def unpause(self, dag_id: str) -> None:
        """Let the scheduler run a DAG; its latest interval starts at once."""
        self._ask("PATCH", f"/api/v2/dags/{dag_id}", json={"is_paused": False})

    def backfill(self, dag_id: str, first: datetime, last: datetime) -> None:
        """Run every interval that starts within [first, last]; those that ran before run again."""
        body = {
            "dag_id": dag_id,
            "from_date": first.isoformat(),
            "to_date": last.isoformat(),
            "reprocess_behavior": "completed",
        }
        self._ask("POST", "/api/v2/backfills", json=body)

    def cancel_backfills(self) -> None:
        """Cancel what an interrupted stack left unfinished: a DAG takes one backfill at a time."""
        for dag in self.dags():
            for backfill in self._pages("/api/v2/backfills", "backfills", {"dag_id": dag.id}):
                if backfill["completed_at"] is None:
                    self._ask("PUT", f"/api/v2/backfills/{backfill['id']}/cancel")

    def active_runs(self) -> list[Run]:
        """List the runs of all DAGs that are queued or running."""
        return self._runs("~", {"state": ["queued", "running"]})

    def runs_since(self, at: datetime) -> list[Run]:
        """List the runs of all DAGs that were started, or started again, at or after `at`."""
        return self._runs("~", {"start_date_gte": at.isoformat()})

    def failed_tasks(self, run: Run) -> list[str]:
        """List the failed tasks of a run, each with the tail of its last attempt's log."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{run.id}/taskInstances"
        tasks = self._pages(path, "task_instances", {"state": "failed"})
        return [f"task {task['task_id']}:\n{self._log_tail(path, task)}" for task in tasks]

    def _log_tail(self, path: str, task: Mapping[str, Any]) -> str:
        address = f"{path}/{task['task_id']}/logs/{task['try_number']}"
        content = self._ask("GET", address, params={"map_index": task["map_index"]})["content"]
        return "\n".join(f"    {_message(entry)}" for entry in content[-TAIL_LINES:])

    def _runs(self, dag_id: str, params: Mapping[str, Any]) -> list[Run]:
        found = self._pages(f"/api/v2/dags/{dag_id}/dagRuns", "dag_runs", params)
        return [
            Run(run["dag_id"], run["dag_run_id"], run["state"], _instant(run["data_interval_start"])) for run in found
        ]

    def _pages(self, path: str, key: str, params: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._ask("GET", path, params={**params, "limit": PAGE, "offset": offset})[key]
            yield from page
            if len(page) < PAGE:
                return
            offset += PAGE

    def _ask(self, method: str, path: str, **request: Any) -> Any:  # noqa: ANN401 JSON of the server's own shape
        try:
            answer = self._http.request(method, path, headers={"Accept": "application/json"}, **request)
        except httpx.TransportError as error:
            raise StackError(f"Airflow does not answer {method} {path}: {error!r}") from error
        if answer.is_error:
            raise StackError(f"Airflow refused {method} {path} with {answer.status_code}: {answer.text[:2000]}")
        return answer.json()


def _message(entry: object) -> str:
    """One log line: the event, and below it what an exception says."""
    if not isinstance(entry, dict):
        return str(entry)
    details = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or []]
    return " ".join([str(entry["event"]), *details])


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
