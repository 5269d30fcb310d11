from datetime import UTC, datetime, timedelta
from operator import add
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.catalog.source import Source
from transforms.period import instant, micros


def source(**time):
    columns = {"at": "t", "value": "v", "account": "a"}
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns, "time": time})


def shown(reading):
    """The instant in UTC, cut after what is zero; the reason where there is one."""
    return reading["reason"] or instant(reading["at_us"]).isoformat(sep=" ").removesuffix("+00:00")


def read(parsed, *texts, **time):
    found = [shown(reading) for reading in parsed([{"at": text} for text in texts], source(**time))]
    return found[0] if len(found) == 1 else found


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2014-01-02", "2014-01-02 00:00:00"),
        ("2014-01-02 03:04", "2014-01-02 03:04:00"),
        ("2014-01-02T03:04:05", "2014-01-02 03:04:05"),
        ("2014-01-02 03:04:05,5", "2014-01-02 03:04:05.500000"),
        ("2014-01-02 03:04:05.123456", "2014-01-02 03:04:05.123456"),
        ("2014-01-02 03:04:05.123456789", "2014-01-02 03:04:05.123456"),
        ("2014-01-02 03:04:05.999999999", "2014-01-02 03:04:05.999999"),
        ("2014-01-02 03:04:05Z", "2014-01-02 03:04:05"),
        ("2014-01-02T03:04z", "2014-01-02 03:04:00"),
        ("2014-01-02 03:04:05+02", "2014-01-02 01:04:05"),
        ("2014-01-02 03:04:05+0200", "2014-01-02 01:04:05"),
        ("2014-01-02 03:04:05 +02:00", "2014-01-02 01:04:05"),
        ("2014-01-02 03:04:05-0530", "2014-01-02 08:34:05"),
        ("2014-01-02 00:15+14:00", "2014-01-01 10:15:00"),
        ("2014-01-02T03:04+02", "2014-01-02 01:04:00"),
        ("2014-01-02 03:04-05", "2014-01-02 08:04:00"),
        ("2014-01-02 03:04:05 UTC", "2014-01-02 03:04:05"),
        ("2014-01-02 03:04:05.123456 UTC", "2014-01-02 03:04:05.123456"),
        ("2014-01-02 24:00", "2014-01-03 00:00:00"),
        (" 2014-01-02 03:04 ", "2014-01-02 03:04:00"),
        ("2014-01-02  3:04:05", "2014-01-02 03:04:05"),
        ("2012-02-29", "2012-02-29 00:00:00"),
    ],
)
def test_an_iso_stamp_is_read_to_the_microsecond_and_what_is_below_it_is_cut(parsed, text, at):
    assert read(parsed, text) == at


@pytest.mark.parametrize(
    "text",
    [
        "2014-02-30",
        "2014-02-30 00:00",
        "2014-02-29",
        "2014-00-01",
        "2014-13-01",
        "2014-01-02 25:00",
        "2014-01-02 03:60",
        "2014-01-02 03",
        "2014-01-02Z",
        "2014-01-02 03:04:05.",
        "2014-01-02 03:04:05+2",
        "2014-01-02 03:04:05+02:0",
        "2014-01-02 03:04:05+02:99",
        "2014-01-02 03:04:05+99",
        "2014-1-2",
        "20140102",
        "02.01.2014",
        "1388534400",
        "\uff12\uff10\uff11\uff14-01-02",
        "now",
        "epoch",
        "infinity",
    ],
)
def test_what_is_no_iso_stamp_is_quarantined(parsed, text):
    assert read(parsed, text) == "unreadable_at"


@pytest.mark.parametrize("text", ["", "  ", None])
def test_a_reading_without_a_stamp_is_quarantined(parsed, text):
    assert read(parsed, text) == "missing_at"


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
@pytest.mark.parametrize("text", ["0014-01-02", "1960-01-01", "2150-07-01 12:00", "9999-12-31"])
def test_a_stamp_that_no_billing_period_will_ever_hold_is_quarantined_and_not_lost(parsed, text, zone):
    reading = parsed([{"at": text}], source(zone=zone, gap="shift"))[0]
    assert reading["reason"] is not None


@pytest.mark.parametrize(
    ("pattern", "text", "at"),
    [
        ("epoch_seconds", "1388534400", "2014-01-01 00:00:00"),
        ("epoch_seconds", " 1388534400.5 ", "2014-01-01 00:00:00.500000"),
        ("epoch_seconds", "1388534400.9999999", "2014-01-01 00:00:00.999999"),
        ("epoch_milliseconds", "1388534400123", "2014-01-01 00:00:00.123000"),
        ("epoch_seconds", "abc", "unreadable_at"),
        ("epoch_seconds", "NaN", "unreadable_at"),
        ("epoch_seconds", "Infinity", "unreadable_at"),
        ("epoch_seconds", "0x10", "unreadable_at"),
        ("epoch_seconds", "1_388_534_400", "unreadable_at"),
        ("epoch_seconds", "1e400", "unreadable_at"),
        ("epoch_seconds", "99999999999999999", "unreadable_at"),
        ("epoch_seconds", "2014-01-01", "unreadable_at"),
        ("epoch_microseconds", "1388534400123456", "2014-01-01 00:00:00.123456"),
        ("epoch_microseconds", "1388534400123456.7", "2014-01-01 00:00:00.123456"),
        ("epoch_nanoseconds", "1388534400123456789", "2014-01-01 00:00:00.123456"),
        ("epoch_nanoseconds", "1388534400123456999", "2014-01-01 00:00:00.123456"),
        ("epoch_nanoseconds", "1388534400000000000.5", "2014-01-01 00:00:00"),
        ("epoch_nanoseconds", "abc", "unreadable_at"),
        ("epoch_milliseconds", "abc", "unreadable_at"),
        ("epoch_milliseconds", "", "missing_at"),
        ("%d.%m.%Y %H:%M", "02.01.2014 03:04", "2014-01-02 03:04:00"),
        ("[%d/%b/%Y:%H:%M:%S %z]", "[01/Jan/2014:13:55:36 -0700]", "2014-01-01 20:55:36"),
        ("%a, %d %b %Y %H:%M:%S %z", "Wed, 01 Jan 2014 00:30:00 +0530", "2013-12-31 19:00:00"),
        ("%Y-%m-%d %H:%M:%S %z UTC", "2014-01-02 03:04:05 +0000 UTC", "2014-01-02 03:04:05"),
        ("%d.%m.%Y %H:%M%z", "02.01.2014 03:04-02:30", "2014-01-02 05:34:00"),
        ("%d.%m.%Y %H:%M %z", "02.01.2014 03:04", "unreadable_at"),
        ("%d.%m.%Y %H:%M %%z", "02.01.2014 03:04 %z", "2014-01-02 03:04:00"),
        ("%Y-%m-%d %I:%M %p", "2014-01-02 12:30 AM", "2014-01-02 00:30:00"),
        ("%d.%m.%Y %H:%M", "30.02.2014 00:00", "unreadable_at"),
        ("%d.%m.%Y %H:%M", "02.01.2014 03:04:05", "unreadable_at"),
        ("%d.%m.%Y %H:%M", "2014-01-02 03:04", "unreadable_at"),
        ("%d.%m.%Y %H:%M", "", "missing_at"),
    ],
)
def test_seconds_since_1970_and_patterns_are_read_as_declared(parsed, pattern, text, at):
    assert read(parsed, text, format=pattern) == at


@pytest.mark.parametrize(
    ("pattern", "text", "at"),
    [
        ("%d/%m/%Y %H:%M", "02/01/2014 24:00", "2014-01-03 00:00:00"),
        ("%d.%m.%Y %H:%M:%S", " 31.12.2014 24:00:00 ", "2015-01-01 00:00:00"),
        ("%H:%M %d.%m.%Y", "24:00 28.02.2014", "2014-03-01 00:00:00"),
        ("%Y%m%d%H%M", "201202292400", "2012-03-01 00:00:00"),
        ("%-d/%-m/%Y %-H:%M", "2/1/2014 24:00", "2014-01-03 00:00:00"),
        ("%m/%d/%Y %H", "01/02/2014 24", "2014-01-03 00:00:00"),
        ("%d.%m.%Y %%H %H:%M", "24.01.2014 %H 24:00", "2014-01-25 00:00:00"),
        ("%d/%m/%Y %H:%M", "02/01/2014 24:01", "unreadable_at"),
        ("%d.%m.%Y %H:%M:%S", "02.01.2014 24:00:01", "unreadable_at"),
        ("%d/%m/%Y %H:%M", "02/01/2014 25:00", "unreadable_at"),
        ("%d/%m/%Y %H:%M", "30/02/2014 24:00", "unreadable_at"),
        ("%d/%m/%Y %H:%M", "24:00", "unreadable_at"),
        ("%d/%m/%Y %I:%M %p", "02/01/2014 24:00 AM", "unreadable_at"),
    ],
)
def test_24_00_is_the_end_of_the_day_wherever_the_pattern_has_its_hour(parsed, pattern, text, at):
    assert read(parsed, text, format=pattern) == at


def test_24_00_is_midnight_on_the_clock_of_the_source(parsed):
    texts = ["29.03.2025 24:00", "30.03.2025 00:00", "30.03.2025 24:00", "31.03.2025 00:00"]
    found = read(parsed, *texts, format="%d.%m.%Y %H:%M", zone="Europe/Berlin")
    assert found == ["2025-03-29 23:00:00"] * 2 + ["2025-03-30 22:00:00"] * 2


@pytest.mark.parametrize(
    ("pattern", "text", "at"),
    [
        ("%d/%m/%Y %H:%M:%S*", "27/10/2024 02:15:00 - 27/10/2024 02:30:00", "2024-10-27 02:15:00"),
        ("%d/%m/%Y %H:%M:%S*", "27/10/2024 02:15:00 (CEST) - 27/10/2024 02:30:00 (CEST)", "2024-10-27 02:15:00"),
        ("%d/%m/%Y %H:%M:%S*", "27/10/2024 02:15:00", "2024-10-27 02:15:00"),
        ("%Y-%m-%d %H:%M:%S*", "2021-10-22 23:45:00 to 2021-10-23 00:00:00", "2021-10-22 23:45:00"),
        ("%Y-%m-%d %H:%M:%S*", "2016-01-01 00:00:00 UTC", "2016-01-01 00:00:00"),
        ("%b %d, %Y %I:%M %p*", "Jan 1, 2024 12:00 AM - 1:00 AM", "2024-01-01 00:00:00"),
        ("%A %d.%m.%y %H:%M*", "Monday 1.1.24 24:00 Uhr", "2024-01-02 00:00:00"),
        ("%Y%m%d%H%M*", "202401011230+", "2024-01-01 12:30:00"),
        ("%d/%m/%Y (%H:%M)*", "01/02/2024 (10:15) a.m.", "2024-02-01 10:15:00"),
        ("[%d/%b/%Y:%H:%M:%S %z*", "[10/Oct/2025:13:55:36 -0700]", "2025-10-10 20:55:36"),
        ("%Y-%m-%d %H:%M:%S %z*", "2024-01-02 03:04:05 +05:30 IST", "2024-01-01 21:34:05"),
        ("%Y-%m-%d %H:%M:%S %z*", "2024-01-02 24:00:00 +0100 CET", "unreadable_at"),  # 24:00 is of the clock
        ("%Y-%m-%d %H:%M:%S %z*", "2024-01-02 03:04:05 IST", "unreadable_at"),
        ("%d/%m/%Y %H:%M*", "27/10/2024 02:155", "unreadable_at"),  # a number is not cut in two
        ("%d/%m/%Y %H:%M*", "at 27/10/2024 02:15", "unreadable_at"),
        ("%d/%m/%Y %H:%M*", "30/02/2024 02:15 - 02:30", "unreadable_at"),
        ("%d/%m/%Y %H:%M*", "27/10/2024 - 02:30", "unreadable_at"),
        ("%d/%m/%Y %H:%M*", " ", "missing_at"),
    ],
)
def test_what_follows_upon_a_stamp_is_passed_over_where_the_pattern_ends_in_a_star(parsed, pattern, text, at):
    assert read(parsed, text, format=pattern) == at


def test_the_hour_that_comes_twice_is_told_by_its_order_whatever_follows_upon_its_stamps(parsed):
    texts = [f"27/10/2024 02:00:00 ({zone}) - 27/10/2024 03:00:00 ({zone})" for zone in ("CEST", "CET")]
    found = read(parsed, *texts, format="%d/%m/%Y %H:%M:%S*", zone="Europe/Brussels", fold="in_order")
    assert found == ["2024-10-27 00:00:00", "2024-10-27 01:00:00"]


FIRST, LAST = datetime(1975, 1, 1, tzinfo=UTC), datetime(2099, 12, 30, tzinfo=UTC)
CHANGES = [
    datetime(2014, 3, 9, 7, tzinfo=UTC),  # New York
    datetime(2014, 11, 2, 6, tzinfo=UTC),
    datetime(2014, 4, 5, 15, tzinfo=UTC),  # Lord Howe
    datetime(2014, 10, 4, 15, 30, tzinfo=UTC),
    datetime(2011, 12, 30, 10, tzinfo=UTC),  # Apia
]
NEAR = st.builds(add, st.sampled_from(CHANGES), st.timedeltas(timedelta(hours=-2), timedelta(hours=2)))
INSTANTS = st.one_of(NEAR, st.integers(micros(FIRST), micros(LAST)).map(instant))
ZONES = ["UTC", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"]


@settings(max_examples=25)  # each example is a query
@given(
    zone=st.sampled_from(ZONES),
    instants=st.lists(INSTANTS, min_size=1, max_size=50),
)
def test_what_a_clock_in_any_zone_showed_is_read_as_the_instant_at_which_it_did(parsed, zone, instants):
    clocks = [each.astimezone(ZoneInfo(zone)) for each in instants]
    rows = [{"at": clock.replace(tzinfo=None).isoformat()} for clock in clocks]
    for fold, name in enumerate(["first", "second"]):
        expected = [clock.replace(fold=fold).astimezone(UTC) for clock in clocks]
        readings = parsed(rows, source(zone=zone, fold=name))
        assert [instant(reading["at_us"]) for reading in readings] == expected


@settings(max_examples=25)  # each example is a query
@given(
    texts=st.lists(
        st.one_of(st.text(max_size=30), st.text("0123456789-:T .Z+,", max_size=25)), min_size=1, max_size=50
    ),
    pattern=st.sampled_from(["iso", "epoch_seconds", "epoch_milliseconds", "%d.%m.%Y %H:%M", "%d.%m.%Y*"]),
    zone=st.sampled_from(["UTC", "America/New_York"]),
)
def test_no_text_whatever_stops_the_reading_and_every_reading_without_an_instant_has_a_reason(
    parsed, texts, pattern, zone
):
    found = parsed([{"at": text} for text in texts], source(format=pattern, zone=zone))
    assert len(found) == len(texts)
    for reading in found:
        assert (reading["at_us"] is not None) or reading["reason"]
        assert reading["reason"] or timedelta(0) <= instant(reading["at_us"]) - instant(0) < timedelta(days=365 * 131)
