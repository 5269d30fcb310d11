import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

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
    assert Period.parse("2014-01").ended_everywhere(span.end)
    assert not Period.parse("2014-01").ended_everywhere(span.end - timedelta(microseconds=1))
    assert span.end - span.start == timedelta(minutes=minutes)


def a_run(ended, run_type="scheduled", before=None):
    """A run of a day, and the one before it."""
    day = ended - timedelta(days=1)
    return SimpleNamespace(run_type=run_type, logical_date=day, data_interval_end=ended, before=before)


def span(schedule, before, run_type="scheduled"):
    """The span of a run of 1 February, the run before which ended at an instant."""
    run = SimpleNamespace(run_type=run_type)
    last = a_run(before) if isinstance(before, datetime) else before
    instance = SimpleNamespace(get_previous_dagrun=lambda: last)
    ends = {"data_interval_start": START, "data_interval_end": START + timedelta(days=1)}
    first, last = schedule.interval({"dag_run": run, "ti": instance, **ends})
    assert last == ends["data_interval_end"]
    return first


def test_a_run_without_data_interval_says_how_to_start_it_and_is_not_tried_again(schedule):
    exceptions = pytest.importorskip("airflow.sdk.exceptions")
    with pytest.raises(schedule.NoDataIntervalError, match="start it with a logical date, or as a backfill") as raised:
        schedule.interval({"data_interval_end": START})
    assert isinstance(raised.value, exceptions.AirflowFailException), "no retry gives it one"


def test_the_run_after_a_pause_begins_where_the_run_before_it_ended(schedule):
    fortnight = START - timedelta(days=14)
    assert span(schedule, before=fortnight) == fortnight
    assert span(schedule, before=START) == START
    assert span(schedule, before=START + timedelta(hours=1)) == START, "one that was started by hand in between"


def test_the_first_run_and_one_after_more_than_a_year_have_their_own_interval(schedule):
    assert span(schedule, before=None) == START
    assert span(schedule, before=START - timedelta(days=366)) == START - timedelta(days=366)
    assert span(schedule, before=START - timedelta(days=367)) == START


def test_a_backfill_does_the_periods_of_its_own_interval_and_no_others(schedule):
    assert span(schedule, before=START - timedelta(days=14), run_type="backfill") == START


def test_a_backfill_since_the_last_run_hides_nothing_that_ended_before_it(schedule, monkeypatch):
    monkeypatch.setattr(schedule, "previous", lambda run: run.before)
    days = [START - timedelta(days=each) for each in (14, 4, 3)]
    regular = a_run(days[0])
    backfills = a_run(days[2], "backfill", before=a_run(days[1], "backfill", before=regular))
    assert span(schedule, backfills) == days[0]
    assert span(schedule, a_run(days[2], "manual", before=regular)) == days[2], "a run by hand does all until then"
    assert span(schedule, a_run(days[2], "backfill")) == START, "no other run is known"


def test_backfills_of_years_long_past_are_not_counted_through(schedule):
    past = a_run(START - timedelta(days=367), "backfill")
    assert span(schedule, past) == START


def test_a_database_that_is_away_for_half_an_hour_costs_no_run(schedule):
    for dag in (schedule.DAILY, *schedule.AFTER_PERIODS.values()):
        args = dag["default_args"]
        pauses = [args["retry_delay"] * args["retry_exponential_backoff"] ** made for made in range(args["retries"])]
        assert sum(pauses, timedelta()) > timedelta(minutes=30)
