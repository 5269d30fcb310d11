"""When runs happen, which billing period they are for, and how they wait: one rule for every monthly DAG."""

import os
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import CronDataIntervalTimetable

from transforms.errors import MeterbridgeError
from transforms.period import Month

START = datetime(2000, 1, 1)  # noqa: DTZ001 Airflow reads it in its own default zone, UTC
RETRIES = {"retries": 3, "retry_delay": timedelta(minutes=1)}
DAILY: dict[str, Any] = {
    "schedule": CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    "start_date": START,
    "catchup": False,
    "max_active_runs": 1,
    "default_args": RETRIES,
}
# At 12:00 UTC on the first day, the month before has ended in every time zone.
MONTHLY: dict[str, Any] = DAILY | {
    "schedule": CronDataIntervalTimetable("0 12 1 * *", timezone="UTC"),
    "max_active_runs": 4,
}
WAITING: dict[str, Any] = {
    "mode": "reschedule",  # a worker is taken for the question, not for the wait
    "poke_interval": float(os.environ.get("METERBRIDGE_POKE_SECONDS", "60")),
    "timeout": timedelta(days=7).total_seconds(),
}


def owned_by(owner: str, schedule: dict[str, Any]) -> dict[str, Any]:
    """Name the owner of a DAG's tasks."""
    return schedule | {"default_args": RETRIES | {"owner": owner or "meterbridge"}}


class NoDataIntervalError(MeterbridgeError):
    """A run without a data interval has no billing period, and no instant up to which it takes a source."""


def required(instant: datetime | None) -> datetime:
    """Give an end of the run's data interval; NoDataIntervalError when the run was started by hand and has none."""
    if instant is None:
        raise NoDataIntervalError("this run has no data interval; start it as a backfill")
    return instant


def billing_period(data_interval_start: datetime | None) -> Month:
    """Tell the period of a run: the month in which its data interval starts."""
    return Month.of(required(data_interval_start))
