"""How billing periods follow one another: any length, any day, never drifting."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.period import Cycle, Period

ZONES = sorted(available_timezones() - {"localtime"})
EVERY_CYCLE = [Cycle(months, day, month) for months in (1, 3, 6, 12) for day in range(1, 32) for month in range(1, 13)]
CYCLES = st.sampled_from(EVERY_CYCLE)
DAYS = st.dates(date(1970, 1, 1), date(2037, 12, 31))
TEN_YEARS = [date(2011, 1, 1) + timedelta(days=number) for number in range(3653)]  # with leap days, into a new decade


def following(cycle, day, count):
    """The period that a day is in, and those after it."""
    periods = [cycle.period_of(day)]
    while len(periods) < count:
        periods.append(cycle.period_of(periods[-1].end))
    return periods


def starts(cycle, day, count):
    return [period.start.isoformat() for period in following(cycle, day, count)]


@pytest.mark.parametrize("zone", ZONES)
def test_in_every_zone_the_periods_of_every_cycle_tile_time_without_gap_or_overlap(zone):
    begins = {day: Period(day, day + timedelta(days=1)).window(zone).start for day in TEN_YEARS[:800]}
    assert all(earlier <= later for earlier, later in pairwise(begins.values()))
    for cycle in (Cycle(1, 1), Cycle(1, 31), Cycle(3, 30, 11), Cycle(6, 29, 8), Cycle(12, 29, 2)):
        windows = [period.window(zone) for period in following(cycle, date(2011, 1, 1), 12)]
        assert all(earlier.end == later.start for earlier, later in pairwise(windows))
        assert all(window.start < window.end for window in windows)


@given(cycle=CYCLES, zone=st.sampled_from(ZONES), day=DAYS)
def test_any_cycle_in_any_zone_begins_a_period_where_the_one_before_it_ends(cycle, zone, day):
    earlier, later = following(cycle, day, 2)
    assert earlier.window(zone).end == later.window(zone).start
    assert earlier.window(zone).start < earlier.window(zone).end


def test_every_day_is_in_one_period_of_every_cycle_and_each_period_is_told_by_any_of_its_days():
    for cycle in EVERY_CYCLE:
        period = cycle.period_of(TEN_YEARS[0])
        for day in TEN_YEARS:
            if day == period.end:
                period = cycle.period_of(day)
                assert period.start == day
            assert period.start <= day < period.end
        for day in (period.start, period.end - timedelta(days=1)):
            assert cycle.period_of(day) == period


@given(cycle=CYCLES, day=DAYS)
def test_a_period_contains_the_day_that_it_was_found_by_and_is_the_cycles_own(cycle, day):
    period = cycle.period_of(day)
    assert period.start <= day < period.end
    assert cycle.has(period)
    assert Period.parse(str(period)) == period


@given(cycle=CYCLES, day=DAYS)
def test_a_period_is_as_many_months_long_as_its_cycle_says(cycle, day):
    period = cycle.period_of(day)
    months = (period.end.year - period.start.year) * 12 + period.end.month - period.start.month
    assert months == cycle.months
    assert (period.start.month - cycle.month) % cycle.months == 0


@given(cycle=CYCLES, day=DAYS)
def test_the_period_before_is_the_one_that_the_cycle_itself_has_there(cycle, day):
    earlier, later = following(cycle, day, 2)
    assert earlier in later.before
    assert all(each.end == later.start for each in later.before)


def test_the_periods_before_are_those_of_the_cycles_that_have_the_period_and_no_others():
    found = defaultdict(set)
    for cycle in EVERY_CYCLE:
        for earlier, later in pairwise(following(cycle, date(2011, 1, 1), 120 // cycle.months)):
            found[later].add(earlier)
    assert {later: set(later.before) for later in found} == found
    assert {len(each) for each in found.values()} == {1, 2}


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("2014-01", ["2013-12"]),
        ("2014-Q1", ["2013-Q4"]),
        ("2014", ["2013"]),
        ("2014-02-28--2014-03-31", ["2014-01-31--2014-02-28"]),
        ("2013-11-30--2014-02-28", ["2013-08-30--2013-11-30", "2013-08-31--2013-11-30"]),
        ("2013-02-28--2014-02-28", ["2012-02-28--2013-02-28", "2012-02-29--2013-02-28"]),
        ("2014-02-01--2014-02-15", []),
        ("2014-02-15--2014-03-14", []),
    ],
)
def test_before_a_short_month_a_period_may_be_of_two_cycles_and_have_one_before_it_in_each(text, before):
    assert [str(each) for each in Period.parse(text).before] == before


def test_a_day_that_a_month_does_not_have_is_its_last_and_the_next_month_has_the_day_again():
    assert starts(Cycle(1, 31), date(2014, 1, 31), 5) == [
        "2014-01-31", "2014-02-28", "2014-03-31", "2014-04-30", "2014-05-31"
    ]  # fmt: skip
    assert starts(Cycle(1, 29), date(2016, 1, 29), 3) == ["2016-01-29", "2016-02-29", "2016-03-29"]


def test_a_year_from_a_leap_day_begins_on_the_last_of_february():
    assert starts(Cycle(12, 29, 2), date(2012, 2, 29), 5) == [
        "2012-02-29", "2013-02-28", "2014-02-28", "2015-02-28", "2016-02-29"
    ]  # fmt: skip


def test_quarters_begin_in_the_month_that_they_are_anchored_to():
    assert starts(Cycle(3, 10, 2), date(2014, 1, 1), 4) == ["2013-11-10", "2014-02-10", "2014-05-10", "2014-08-10"]
    assert starts(Cycle(3, 10, 11), date(2014, 1, 1), 4) == starts(Cycle(3, 10, 2), date(2014, 1, 1), 4)


@pytest.mark.parametrize(
    "other", ["2014-02-14--2014-03-14", "2014-02-15--2014-04-15", "2014-02", "2014-02-15--2014-03-14"]
)
def test_a_period_of_another_cycle_is_not_taken_for_its_own(other):
    assert Cycle(1, 15).has(Period.parse("2014-02-15--2014-03-15"))
    assert not Cycle(1, 15).has(Period.parse(other))


def noon(year, month, day):
    return datetime(year, month, day, 12, tzinfo=UTC)


def test_a_period_ends_in_the_interval_at_whose_end_it_is_over_in_the_last_zone():
    ended = Cycle(1, 15).ended
    assert [str(each) for each in ended(noon(2014, 3, 14), noon(2014, 3, 15))] == ["2014-02-15--2014-03-15"]
    assert list(ended(noon(2014, 3, 15), noon(2014, 3, 16))) == []
    assert list(ended(noon(2014, 3, 14), noon(2014, 3, 15) - timedelta(microseconds=1))) == []


def test_a_long_interval_has_many_periods_and_one_that_ends_before_it_begins_has_none():
    assert [each.start.month for each in Cycle().ended(noon(2014, 2, 1), noon(2014, 5, 1))] == [2, 3, 4]
    assert [str(each) for each in Cycle(12).ended(noon(2013, 6, 1), noon(2015, 1, 1))] == ["2013", "2014"]
    assert list(Cycle().ended(noon(2014, 5, 1), noon(2014, 2, 1))) == []


@given(cycle=CYCLES, start=DAYS, steps=st.lists(st.integers(1, 5000), min_size=1, max_size=4))
def test_intervals_that_follow_one_another_have_every_period_once(cycle, start, steps):
    first = noon(start.year, start.month, start.day)
    bounds = [first + timedelta(hours=sum(steps[:number])) for number in range(len(steps) + 1)]
    whole = list(cycle.ended(bounds[0], bounds[-1]))
    assert [period for after, until in pairwise(bounds) for period in cycle.ended(after, until)] == whole
    assert all(earlier.end == later.start for earlier, later in pairwise(whole))


def test_a_cycle_says_on_which_days_its_periods_begin():
    assert Cycle(1, 15).beginning == "day 15 of every month"
    assert Cycle(3, 10, 2).beginning == "day 10 of month 2 and every 3 months from it"


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
def test_before_the_first_year_and_after_the_last_there_is_no_period(day):
    with pytest.raises(ValueError, match="year"):
        Cycle(12, 15, 6).period_of(day)
