import sys
from datetime import UTC, datetime, timedelta

import pendulum
import pytest

from pipeline.settings import PROJECT
from transforms.period import Period

START = datetime(2014, 2, 1, 12, tzinfo=UTC)

sys.path.insert(0, str(PROJECT / "plugins"))  # as Airflow does


@pytest.fixture(scope="module")
def schedule():
    return pytest.importorskip("meterbridge_schedule")


@pytest.mark.parametrize(("name", "minutes"), [("daily", 24 * 60), ("monthly", 31 * 24 * 60)])
def test_what_goes_by_billing_periods_runs_when_the_day_before_has_ended_in_every_time_zone(schedule, name, minutes):
    interval = pytest.importorskip("airflow.timetables.interval")
    declared = schedule.AFTER_PERIODS[name]["schedule"]
    timetable = interval.CronDataIntervalTimetable(declared.expression, timezone=declared.timezone)
    span = timetable.infer_manual_data_interval(run_after=pendulum.datetime(2014, 2, 1, 12))
    assert Period.of_month(2014, 1).ended_everywhere(span.end)
    assert not Period.of_month(2014, 1).ended_everywhere(span.end - timedelta(microseconds=1))
    assert span.end - span.start == timedelta(minutes=minutes)


def test_a_run_without_data_interval_says_how_to_start_it(schedule):
    with pytest.raises(schedule.NoDataIntervalError, match="start it as a backfill"):
        schedule.interval({"data_interval_end": START})
    assert schedule.interval({"data_interval_start": START, "data_interval_end": START}) == (START, START)
