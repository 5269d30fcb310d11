"""When runs happen, and how they wait: one rule for all DAGs."""

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable, Param
from meterbridge_notifier import TaskNotifier

from transforms.errors import MeterbridgeError

START = datetime(2000, 1, 1)  # noqa: DTZ001 Airflow reads it in its own default zone, UTC
RETRIES = {"retries": 3, "retry_delay": timedelta(minutes=1)}
TOLD = RETRIES | {"on_failure_callback": TaskNotifier("failed")}


def _at(cron: str, active_runs: int, default_args: dict[str, Any] = TOLD) -> dict[str, Any]:
    return {
        "schedule": CronDataIntervalTimetable(cron, timezone="UTC"),
        "start_date": START,
        "catchup": False,
        "max_active_runs": active_runs,
        "default_args": default_args,
    }


DAILY = _at("0 0 * * *", 1)
EVERY_FEW_MINUTES = _at("*/5 * * * *", 1, RETRIES)
# At 12:00 UTC the day before has ended in every time zone, and on the first of a month the month before.
AFTER_PERIODS = {"daily": _at("0 12 * * *", 4), "monthly": _at("0 12 1 * *", 4)}
# Started with a form, never by the clock.
BY_HAND: dict[str, Any] = {"schedule": None, "start_date": START, "catchup": False, "default_args": RETRIES}
REASON = {
    "reason": Param(
        "", type="string", title="Reason", description="Why these periods are done again; it is kept with the import."
    )
}
WAITING: dict[str, Any] = {
    "mode": "reschedule",  # a worker is taken for the question, not for the wait
    "poke_interval": float(os.environ.get("METERBRIDGE_POKE_SECONDS", "60")),
    "timeout": timedelta(days=7).total_seconds(),
}


def owned_by(owner: str, schedule: dict[str, Any], **callbacks: object) -> dict[str, Any]:
    """Name the owner of a DAG's tasks, and what all of them call."""
    return schedule | {"default_args": schedule["default_args"] | {"owner": owner or "meterbridge"} | callbacks}


class NoDataIntervalError(MeterbridgeError):
    """A run without a data interval has no billing periods, and no instant up to which it takes a source."""


def required(instant: datetime | None) -> datetime:
    """Give an end of the run's data interval; NoDataIntervalError when the run was started by hand and has none."""
    if instant is None:
        raise NoDataIntervalError("this run has no data interval; start it as a backfill")
    return instant


def interval(context: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """Give both ends of the run's data interval: it handles what ended after the first and by the second."""
    return required(context.get("data_interval_start")), required(context.get("data_interval_end"))


def started_by(context: Mapping[str, Any]) -> str:
    """Name who started the run: the schedule, where nobody did."""
    return str(context["dag_run"].triggering_user_name or "schedule")


def why_and_who(context: Mapping[str, Any]) -> dict[str, str]:
    """Give the reason of the run's form, and the name of who started the run."""
    return {"reason": str(context["params"].get("reason", "")), "by": started_by(context)}
