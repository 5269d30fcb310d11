"""When runs happen, and how they wait: one rule for all DAGs."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param, get_parsing_context
from airflow.sdk.exceptions import AirflowFailException
from meterbridge_notifier import TaskNotifier

from transforms.errors import MeterbridgeError

START = datetime(2000, 1, 1)  # noqa: DTZ001 Airflow reads it in its own default zone, UTC
# A task that waits for an answer which never comes holds up all others.
HUNG = {"execution_timeout": timedelta(hours=6)}
# After 1, 2, 4, 8 and 16 minutes at least: a database that is away for half an hour costs no run.
RETRIES = HUNG | {
    "retries": 5,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=16),  # also of a task that was cleared often, for its attempts count on
}
ONCE_MORE = HUNG | {"retries": 1, "retry_delay": timedelta(minutes=1)}  # where the next run, or a person, is near
TOLD = RETRIES | {"on_failure_callback": TaskNotifier("failed")}
BACKFILL = "backfill"  # Airflow's name for the kind of a run that a backfill made, or did again
AWAY_MAX = timedelta(days=366)  # a DAG whose last run is longer ago begins anew, with its own data interval


def _at(cron: str, active_runs: int, default_args: dict[str, Any] = TOLD) -> dict[str, Any]:
    return {
        "schedule": CronDataIntervalTimetable(cron, timezone="UTC"),
        "start_date": START,
        "catchup": False,
        "max_active_runs": active_runs,
        "default_args": default_args,
    }


DAILY = _at("0 0 * * *", 1)
EVERY_FEW_MINUTES = _at("*/5 * * * *", 1, ONCE_MORE)
# At 12:00 UTC the day before has ended in every time zone, and on the first of a month the month before.
AFTER_PERIODS = {"daily": _at("0 12 * * *", 4), "monthly": _at("0 12 1 * *", 4)}
# Started with a form, never by the clock.
BY_HAND: dict[str, Any] = {"schedule": None, "start_date": START, "catchup": False, "default_args": ONCE_MORE}
# It lets what is billed be adjusted. The web UI asks everybody for what cannot be null: then any word that was written
# only to start a run would adjust.
REASON = {
    "reason": Param(
        None,
        type=["null", "string"],
        title="Reason",
        description="Why what is billed is adjusted, where it comes to another result; empty: it is not. A backfill "
        "takes it only with a tick at “Override parameters on existing runs”.",
    )
}
# The web UI calls a mapped task by its billing period, not by its place in a list: a person who clears one sees which.
NAMED = {"map_index_template": "{{ ti.xcom_pull(task_ids='periods')[ti.map_index] }}"}
WAITING: dict[str, Any] = {
    "mode": "reschedule",  # a worker is taken for the question, not for the wait
    "poke_interval": float(os.environ.get("METERBRIDGE_POKE_SECONDS", "60")),
    "timeout": timedelta(days=7).total_seconds(),
}


def owned_by(owner: str, schedule: dict[str, Any], **callbacks: object) -> dict[str, Any]:
    """Name the owner of a DAG's tasks, and what all of them call."""
    return schedule | {"default_args": schedule["default_args"] | {"owner": owner or "meterbridge"} | callbacks}


def is_read(dag_id: str) -> bool:
    """Tell whether whoever reads a DAG file wants this DAG: a task wants its own, of hundreds that take seconds."""
    return get_parsing_context().dag_id in {None, dag_id}


class NoDataIntervalError(MeterbridgeError, AirflowFailException):
    """A run without a data interval has no billing periods, and no instant up to which it takes a source.

    It fails at once: tried again for an hour, it would keep the runs behind it from starting.
    """


def required(instant: datetime | None) -> datetime:
    """Give an end of the run's data interval; NoDataIntervalError when the run was started by hand and has none."""
    if instant is None:
        raise NoDataIntervalError("this run has no data interval; start it with a logical date, or as a backfill")
    return instant


def interval(context: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Give the span whose periods the run handles: they ended after its first instant and by its second.

    It is the run's data interval. Unless it is a backfill's it begins where the run before ended that was none, so that
    what ended while the DAG was paused, or Airflow was down, is handled too.
    """
    start, end = required(context.get("data_interval_start")), required(context.get("data_interval_end"))
    before = None if context["dag_run"].run_type == BACKFILL else _before(context["ti"].get_previous_dagrun(), start)
    ended = before.data_interval_end if before else None
    return (start if ended is None or start - ended > AWAY_MAX else min(start, ended)), end


def _before(found: Any, start: datetime) -> Any:  # noqa: ANN401 a run as Airflow gives it
    """Find the last run that was no backfill: one of a late month must not hide what ended before it."""
    while found and found.run_type == BACKFILL and start - found.logical_date <= AWAY_MAX:
        found = previous(found)
    return found if found and found.run_type != BACKFILL else None


def previous(run: Any) -> Any:  # noqa: ANN401 as above
    """Ask Airflow for the run before a run; a task itself can only ask for the one before its own."""
    from airflow.sdk.execution_time import comms, task_runner  # noqa: PLC0415 there is no channel but in a task

    asked = comms.GetPreviousDagRun(dag_id=run.dag_id, logical_date=run.logical_date)
    answer: Any = task_runner.SUPERVISOR_COMMS.send(asked)
    return answer.dag_run


def started_by(context: Mapping[str, Any]) -> str:
    """Name who started the run: the schedule, where nobody did."""
    return str(context["dag_run"].triggering_user_name or "schedule")


def why_and_who(context: Mapping[str, Any]) -> dict[str, str]:
    """Give the reason of the run's form, and the name of who started the run."""
    return {"reason": str(context["params"].get("reason") or ""), "by": started_by(context)}
