from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.period import Period, Window, instant, micros

# `localtime` is the machine's own zone and no name that a catalog can rely on.
ZONES = sorted(available_timezones() - {"localtime"})
DAYS = st.dates(date(1999, 1, 1), date(2037, 1, 1))
PERIODS = st.builds(lambda start, days: Period(start, start + timedelta(days=days)), DAYS, st.integers(1, 400))
A_MICROSECOND = timedelta(microseconds=1)


def hours(period, zone):
    window = Period.parse(period).window(zone)
    return (window.end - window.start) / timedelta(hours=1)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2014-02", date(2014, 2, 1), date(2014, 3, 1)),
        ("2014-12", date(2014, 12, 1), date(2015, 1, 1)),
        ("2014-Q1", date(2014, 1, 1), date(2014, 4, 1)),
        ("2014-Q4", date(2014, 10, 1), date(2015, 1, 1)),
        ("2014-H1", date(2014, 1, 1), date(2014, 7, 1)),
        ("2014-H2", date(2014, 7, 1), date(2015, 1, 1)),
        ("2014", date(2014, 1, 1), date(2015, 1, 1)),
        ("2014-02-15--2014-03-15", date(2014, 2, 15), date(2014, 3, 15)),
        ("2014-02-01--2014-05-01", date(2014, 2, 1), date(2014, 5, 1)),
    ],
)
def test_a_period_is_read_and_written_by_its_first_day_and_the_day_after_its_last(text, start, end):
    assert Period.parse(text) == Period(start, end)
    assert str(Period(start, end)) == text


@pytest.mark.parametrize(
    ("long", "short"),
    [
        ("2014-02-01--2014-03-01", "2014-02"),
        ("2014-04-01--2014-07-01", "2014-Q2"),
        ("2014-01-01--2015-01-01", "2014"),
    ],
)
def test_a_period_of_the_calendar_is_the_same_under_its_long_name(long, short):
    assert Period.parse(long) == Period.parse(short)
    assert str(Period.parse(long)) == short


@given(PERIODS)
def test_what_is_written_is_read_as_the_same_period_and_fits_into_the_store(period):
    assert Period.parse(str(period)) == period
    assert len(str(period)) <= 22


@pytest.mark.parametrize(
    "text",
    [
        *(
            "2014-00",
            "2014-13",
            "2014-1",
            "14-01",
            "2014-01-01",
            "2014/01",
            " 2014-01",
            "2014-01\n",
            "",
            "201",
            "20140",
        ),
        *("2014-Q0", "2014-Q5", "2014-H3", "2014-q1", "2014-02-15-2014-03-15", "2014-02-15/2014-03-15"),
        *("0000", "0000-01", "\uff12\uff10\uff11\uff14-02"),
    ],
)
def test_what_is_no_period_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match=r"is not a billing period; write 2014-02, .* 2014-02-15--2014-03-15"):
        Period.parse(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2014-02-15--2014-02-30", r"\(day.*\)"),
        ("2014-03-15--2014-02-15", r"\(it ends before it starts\)"),
        ("2014-03-15--2014-03-15", r"\(it ends before it starts\)"),
        ("0000-01-01--0001-01-01", r"\(year.*\)"),
        ("9999", r"\(year.*\)"),
        ("9999-12", r"\(year.*\)"),
    ],
)
def test_a_period_that_no_calendar_holds_is_refused_with_the_reason(text, reason):
    with pytest.raises(ValueError, match=rf"is not a billing period {reason}; write 2014-02"):
        Period.parse(text)


@pytest.mark.parametrize("text", ["0001-01", "0001", "9998-12", "9999-11", "0001-12-31--0002-01-31"])
def test_a_period_at_the_edge_of_what_clocks_can_tell_is_refused(text):
    with pytest.raises(ValueError, match="is not within 0002-01-01 and 9998-12-31"):
        Period.parse(text)


@pytest.mark.parametrize("text", ["0002-01", "9998-11"])
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_first_and_the_last_period_have_their_window_in_every_zone(text, zone):
    window = Period.parse(text).window(zone)
    assert timedelta(days=27) < window.end - window.start < timedelta(days=32)


def test_periods_sort_by_time():
    texts = ["2014-10", "2013-12", "2014-02-15--2014-03-15", "2014-02", "2014-Q1"]
    assert [str(each) for each in sorted(map(Period.parse, texts))] == [
        "2013-12", "2014-Q1", "2014-02", "2014-02-15--2014-03-15", "2014-10"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("period", "zone", "expected"),
    [
        ("2014-02", "UTC", 28 * 24),
        ("2012-02", "UTC", 29 * 24),
        ("2012-02-28--2012-03-01", "UTC", 2 * 24),
        ("2014-04", "America/New_York", 30 * 24),
        ("2014-03", "America/New_York", 31 * 24 - 1),
        ("2014-11", "America/New_York", 30 * 24 + 1),
        ("2014-03-09--2014-03-10", "America/New_York", 23),
        ("2014-11-02--2014-11-03", "America/New_York", 25),
        ("2014", "America/New_York", 365 * 24),
        ("2014-Q1", "America/New_York", 90 * 24 - 1),
        ("2014-10", "Australia/Lord_Howe", 31 * 24 - 0.5),
        ("2014-04", "Australia/Lord_Howe", 30 * 24 + 0.5),
        ("2011-12", "Pacific/Apia", 30 * 24),
        ("2014-07", "Asia/Kolkata", 31 * 24),
    ],
)
def test_a_period_lasts_as_long_as_the_local_clock_says(period, zone, expected):
    assert hours(period, zone) == expected


def test_a_period_begins_at_local_midnight():
    assert Period.parse("2014-02").window("America/New_York").start == datetime(2014, 2, 1, 5, tzinfo=UTC)
    assert Period.parse("2014-02-15--2014-03-15").window("Asia/Kolkata").start == datetime(
        2014, 2, 14, 18, 30, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("month", "zone", "start"),
    [
        ("2014-08", "Africa/Cairo", datetime(2014, 7, 31, 22, tzinfo=UTC)),
        ("2017-10", "America/Asuncion", datetime(2017, 10, 1, 4, tzinfo=UTC)),
        ("2012-04", "America/Havana", datetime(2012, 4, 1, 5, tzinfo=UTC)),
    ],
)
def test_where_the_clock_skips_the_first_midnight_the_period_begins_with_the_first_instant_it_showed(
    month, zone, start
):
    assert Period.parse(month).window(zone).start == start
    assert start.astimezone(ZoneInfo(zone)).hour == 1


def test_a_period_has_ended_everywhere_only_twelve_hours_after_its_end_in_utc():
    end = datetime(2014, 3, 1, 12, tzinfo=UTC)
    february = Period.parse("2014-02")
    assert february.over_at == end
    assert february.ended_everywhere(end)
    assert not february.ended_everywhere(end - A_MICROSECOND)
    assert not february.ended_everywhere(datetime(2014, 3, 1, 12, tzinfo=ZoneInfo("Asia/Kolkata")))


@given(period=PERIODS, zone=st.sampled_from(ZONES))
def test_what_has_ended_everywhere_has_ended_in_every_zone(period, zone):
    window = period.window(zone)
    assert not period.ended_everywhere(window.end - timedelta(seconds=1))
    assert window.start <= window.end <= period.over_at


FEBRUARY = [datetime(2014, 2, day, tzinfo=UTC) for day in range(1, 11)]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (FEBRUARY[2], FEBRUARY[6])),
        (FEBRUARY[3], None, (FEBRUARY[3], FEBRUARY[6])),
        (None, FEBRUARY[4], (FEBRUARY[2], FEBRUARY[4])),
        (FEBRUARY[0], FEBRUARY[9], (FEBRUARY[2], FEBRUARY[6])),
        (FEBRUARY[3], FEBRUARY[4], (FEBRUARY[3], FEBRUARY[4])),
    ],
)
def test_a_window_is_cut_to_what_it_shares_with_a_span(start, end, expected):
    assert Window(FEBRUARY[2], FEBRUARY[6]).clip(start, end) == Window(*expected)


@pytest.mark.parametrize(
    ("start", "end"),
    [(FEBRUARY[6], None), (FEBRUARY[8], FEBRUARY[9]), (None, FEBRUARY[2]), (None, FEBRUARY[0])],
)
def test_a_span_that_only_touches_a_window_or_lies_apart_leaves_nothing_of_it(start, end):
    clipped = Window(FEBRUARY[2], FEBRUARY[6]).clip(start, end)
    assert clipped.start == clipped.end


@given(st.integers(-(10**16), 10**17))
def test_microseconds_and_instants_turn_into_one_another_exactly(at_us):
    assert micros(instant(at_us)) == at_us
    assert Window(instant(at_us), instant(at_us + 1)).end_us == at_us + 1
