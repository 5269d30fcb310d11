from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from operator import add
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.clock import FIRST_YEAR, LAST_YEAR, offsets
from transforms.period import instant, micros

HOUR = 3_600_000_000
# With and without clock changes, on both hemispheres, of half an hour, across a skipped day, below the full hour.
ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/St_Johns",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Africa/Casablanca",
]
CHANGES = [
    datetime(2014, 3, 9, 7, tzinfo=UTC),  # New York
    datetime(2014, 11, 2, 6, tzinfo=UTC),
    datetime(2014, 4, 5, 15, tzinfo=UTC),  # Lord Howe
    datetime(2014, 10, 4, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia
]
NEAR = st.builds(add, st.sampled_from(CHANGES), st.timedeltas(timedelta(hours=-2), timedelta(hours=2)))
FIRST, LAST = datetime(1975, 1, 1, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)
INSTANTS = st.one_of(NEAR, st.integers(micros(FIRST), micros(LAST)).map(instant))


def stretch(zone, local_us):
    """The stretch that a local time lies in, the later one where the clock showed it twice."""
    table = offsets(zone)
    return table[bisect_right([each.start_us for each in table], local_us) - 1]


def around(zone, at):
    """The stretch that begins with the clock change at an instant, and the one that ends there."""
    table = offsets(zone)
    index = next(index for index, each in enumerate(table) if each.start_us - each.shift_us == micros(at))
    return table[index - 1], table[index]


@given(at=INSTANTS, zone=st.sampled_from(ZONES))
def test_what_the_local_clock_shows_leads_back_to_the_instant(at, zone):
    shown = at.astimezone(ZoneInfo(zone))
    local_us = micros(shown.replace(tzinfo=UTC))
    found = stretch(zone, local_us)
    first_of_two = local_us < found.previous_end_us and not shown.fold
    assert local_us - (found.previous_shift_us if first_of_two else found.shift_us) == micros(at)


@given(at=INSTANTS, zone=st.sampled_from(ZONES))
def test_a_time_that_the_clock_showed_is_never_taken_for_one_that_it_skipped(at, zone):
    local_us = micros(at.astimezone(ZoneInfo(zone)).replace(tzinfo=UTC))
    assert stretch(zone, local_us).start_us <= local_us < stretch(zone, local_us).end_us


@pytest.mark.parametrize("zone", ZONES)
def test_the_stretches_of_a_zone_follow_one_another_without_gap_in_utc(zone):
    table = offsets(zone)
    assert [(each.end_us - each.shift_us) for each in table[:-1]] == [
        (each.start_us - each.shift_us) for each in table[1:]
    ]
    assert [each.previous_shift_us for each in table[1:]] == [each.shift_us for each in table[:-1]]


@pytest.mark.parametrize("zone", ZONES)
def test_the_stretches_reach_from_1970_to_2100(zone):
    first, last = offsets(zone)[0], offsets(zone)[-1]
    assert instant(first.start_us - first.shift_us) == datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    assert instant(last.end_us - last.shift_us) == datetime(LAST_YEAR, 1, 1, tzinfo=UTC)


def test_new_york_skips_the_hour_from_two_to_three_in_march_2014():
    before, after = around("America/New_York", datetime(2014, 3, 9, 7, tzinfo=UTC))
    assert instant(before.end_us) == datetime(2014, 3, 9, 2, tzinfo=UTC)
    assert instant(after.start_us) == datetime(2014, 3, 9, 3, tzinfo=UTC)
    assert (before.shift_us, after.shift_us) == (-5 * HOUR, -4 * HOUR)
    assert after.previous_end_us < after.start_us


def test_new_york_shows_the_hour_from_one_to_two_twice_in_november_2014():
    before, after = around("America/New_York", datetime(2014, 11, 2, 6, tzinfo=UTC))
    assert instant(before.end_us) == instant(after.previous_end_us) == datetime(2014, 11, 2, 2, tzinfo=UTC)
    assert instant(after.start_us) == datetime(2014, 11, 2, 1, tzinfo=UTC)
    assert (after.previous_shift_us, after.shift_us) == (-4 * HOUR, -5 * HOUR)


def test_lord_howe_changes_its_clock_by_half_an_hour():
    back = around("Australia/Lord_Howe", datetime(2014, 4, 5, 15, tzinfo=UTC))[1]
    forward = around("Australia/Lord_Howe", datetime(2014, 10, 4, 15, 30, tzinfo=UTC))[1]
    assert (back.previous_shift_us, back.shift_us) == (11 * HOUR, 10 * HOUR + HOUR // 2)
    assert back.previous_end_us - back.start_us == HOUR // 2
    assert (forward.previous_shift_us, forward.shift_us) == (10 * HOUR + HOUR // 2, 11 * HOUR)
    assert forward.start_us - forward.previous_end_us == HOUR // 2


def test_apia_skips_the_whole_of_30_december_2011():
    before, after = around("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC))
    assert instant(before.end_us) == datetime(2011, 12, 30, tzinfo=UTC)
    assert instant(after.start_us) - instant(before.end_us) == timedelta(days=1)


def test_a_zone_without_clock_changes_is_one_stretch():
    assert len(offsets("UTC")) == 1
    assert offsets("Etc/GMT+5")[0].shift_us == -5 * HOUR
