from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.period import Month, Window, instant, micros

# `localtime` is the machine's own zone and no name that a catalog can rely on.
ZONES = sorted(available_timezones() - {"localtime"})
MONTHS = st.builds(Month, st.integers(2000, 2037), st.integers(1, 12))
A_MICROSECOND = timedelta(microseconds=1)


def hours(month, zone):
    window = Month.parse(month).window(zone)
    return (window.end - window.start) / timedelta(hours=1)


@given(month=MONTHS, zone=st.sampled_from(ZONES))
def test_in_every_zone_a_month_begins_where_the_one_before_it_ends_and_not_a_microsecond_later(month, zone):
    window = month.window(zone)
    first = window.start.astimezone(ZoneInfo(zone))
    assert (Month.of(first), first.day) == (month, 1)
    assert Month.of((window.start - A_MICROSECOND).astimezone(ZoneInfo(zone))).next() == month
    assert Month.of((window.end - A_MICROSECOND).astimezone(ZoneInfo(zone))) == month
    assert month.next().window(zone).start == window.end


@given(at=st.integers(946_684_800_000_000, 2_145_916_799_999_999).map(instant))  # the years 2000 to 2037
def test_every_instant_falls_into_exactly_one_of_a_year_of_months(at):
    months = [Month(at.year, number) for number in range(1, 13)]
    windows = [month.window("UTC") for month in months]
    assert sum(window.start <= at < window.end for window in windows) == 1


@pytest.mark.parametrize(
    ("month", "zone", "expected"),
    [
        ("2014-02", "UTC", 28 * 24),
        ("2012-02", "UTC", 29 * 24),
        ("2014-04", "America/New_York", 30 * 24),
        ("2014-03", "America/New_York", 31 * 24 - 1),
        ("2014-11", "America/New_York", 30 * 24 + 1),
        ("2014-10", "Australia/Lord_Howe", 31 * 24 - 0.5),
        ("2014-04", "Australia/Lord_Howe", 30 * 24 + 0.5),
        ("2011-12", "Pacific/Apia", 30 * 24),
        ("2014-07", "Asia/Kolkata", 31 * 24),
    ],
)
def test_a_month_lasts_as_long_as_the_local_clock_says(month, zone, expected):
    assert hours(month, zone) == expected


def test_a_month_begins_at_local_midnight():
    assert Month(2014, 2).window("America/New_York").start == datetime(2014, 2, 1, 5, tzinfo=UTC)
    assert Month(2014, 2).window("Asia/Kolkata").start == datetime(2014, 1, 31, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("month", "zone", "start"),
    [
        (Month(2014, 8), "Africa/Cairo", datetime(2014, 7, 31, 22, tzinfo=UTC)),
        (Month(2017, 10), "America/Asuncion", datetime(2017, 10, 1, 4, tzinfo=UTC)),
        (Month(2012, 4), "America/Havana", datetime(2012, 4, 1, 5, tzinfo=UTC)),
    ],
)
def test_where_the_clock_skips_the_first_midnight_the_month_begins_with_the_first_instant_it_showed(month, zone, start):
    assert month.window(zone).start == start
    assert start.astimezone(ZoneInfo(zone)).hour == 1


def test_december_is_followed_by_january_of_the_next_year():
    assert str(Month.parse("2014-12").next()) == "2015-01"
    assert str(Month.parse("2014-01").next()) == "2014-02"


@pytest.mark.parametrize(
    "text", ["2014", "2014-00", "2014-13", "2014-1", "14-01", "2014-01-01", "2014/01", " 2014-01", "2014-01\n", ""]
)
def test_what_is_no_month_is_refused_with_an_example(text):
    with pytest.raises(ValueError, match="is not a billing period; write year and month, such as 2014-02"):
        Month.parse(text)


@pytest.mark.parametrize("text", ["0000-01", "\uff12\uff10\uff11\uff14-02"])
def test_a_month_that_no_calendar_holds_or_no_keyboard_writes_is_refused(text):
    with pytest.raises(ValueError, match="is not a billing period"):
        Month.parse(text)


def test_a_month_is_written_as_it_is_read_and_sorts_by_time():
    assert [str(month) for month in sorted([Month(2014, 10), Month(2013, 12), Month(2014, 2)])] == [
        "2013-12",
        "2014-02",
        "2014-10",
    ]


def test_a_month_has_ended_everywhere_only_twelve_hours_after_its_end_in_utc():
    end = datetime(2014, 3, 1, 12, tzinfo=UTC)
    assert Month(2014, 2).ended_everywhere(end)
    assert not Month(2014, 2).ended_everywhere(end - A_MICROSECOND)
    assert not Month(2014, 2).ended_everywhere(datetime(2014, 3, 1, 12, tzinfo=ZoneInfo("Asia/Kolkata")))


@given(month=MONTHS, zone=st.sampled_from(ZONES))
def test_a_month_that_has_ended_everywhere_has_ended_in_every_zone(month, zone):
    assert not month.ended_everywhere(month.window(zone).end - timedelta(seconds=1))


def test_an_instant_belongs_to_the_month_that_its_own_clock_shows():
    assert Month.of(datetime(2014, 2, 1, 3, tzinfo=UTC)) == Month(2014, 2)
    assert Month.of(datetime(2014, 2, 1, 3, tzinfo=UTC).astimezone(ZoneInfo("America/New_York"))) == Month(2014, 1)


DAYS = [datetime(2014, 2, day, tzinfo=UTC) for day in range(1, 11)]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (DAYS[2], DAYS[6])),
        (DAYS[3], None, (DAYS[3], DAYS[6])),
        (None, DAYS[4], (DAYS[2], DAYS[4])),
        (DAYS[0], DAYS[9], (DAYS[2], DAYS[6])),
        (DAYS[3], DAYS[4], (DAYS[3], DAYS[4])),
    ],
)
def test_a_window_is_cut_to_what_it_shares_with_a_span(start, end, expected):
    assert Window(DAYS[2], DAYS[6]).clip(start, end) == Window(*expected)


@pytest.mark.parametrize(("start", "end"), [(DAYS[6], None), (DAYS[8], DAYS[9]), (None, DAYS[2]), (None, DAYS[0])])
def test_a_span_that_only_touches_a_window_or_lies_apart_leaves_nothing_of_it(start, end):
    clipped = Window(DAYS[2], DAYS[6]).clip(start, end)
    assert clipped.start == clipped.end


@given(st.integers(-(10**16), 10**17))
def test_microseconds_and_instants_turn_into_one_another_exactly(at_us):
    assert micros(instant(at_us)) == at_us
    assert Window(instant(at_us), instant(at_us + 1)).end_us == at_us + 1
