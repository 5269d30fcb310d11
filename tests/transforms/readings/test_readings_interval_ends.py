"""Stamps that mark the end of an interval: a reading counts at the start, by the clock that its interval began by."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from transforms.catalog.source import Source
from transforms.period import Period, instant

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def source(interval_seconds=3600, **time):
    columns = {"at": "t", "value": "v", "account": "a"}
    return Source.model_validate(
        {
            "source": "s",
            "files": "*.csv",
            "columns": columns,
            "time": {"marks": "end"} | time,
            "interval_seconds": str(interval_seconds),
        }
    )


def read(parsed, *texts, **rules):
    found = parsed([{"at": text} for text in texts], source(**rules))
    return [each["reason"] or instant(each["at_us"]).isoformat(sep=" ").removesuffix("+00:00") for each in found]


@pytest.mark.parametrize(
    ("rules", "text", "at"),
    [
        ({}, "2025-04-01 00:00", "2025-03-31 23:00:00"),
        ({}, "2025-04-01T00:00+02:00", "2025-03-31 21:00:00"),
        ({"format": "epoch_seconds"}, "1743465600", "2025-03-31 23:00:00"),
        ({"format": "%d.%m.%Y %H:%M"}, "31.03.2025 24:00", "2025-03-31 23:00:00"),
        ({"interval_seconds": 900, "zone": "Europe/Berlin"}, "2025-04-01 00:00", "2025-03-31 21:45:00"),
        ({"zone": "Europe/Berlin"}, "2025-03-30 02:00+01:00", "2025-03-30 00:00:00"),
    ],
)
def test_a_reading_counts_at_the_start_of_its_interval(parsed, rules, text, at):
    assert read(parsed, text, **rules) == [at]


def ends(first, last):
    """Name the hours of a time in Berlin by the ends that they have on the clock that they began by."""
    hours = (first.astimezone(UTC) + number * HOUR for number in range(10_000))
    starts = [hour for hour in hours if hour < last]
    return starts, [f"{start.astimezone(BERLIN).replace(tzinfo=None) + HOUR:%Y-%m-%d %H:%M}" for start in starts]


@pytest.mark.parametrize(("month", "hours"), [("2025-03", 743), ("2025-10", 745), ("2025-01", 744)])
def test_the_hours_of_a_month_in_berlin_are_all_in_it(parsed, month, hours):
    window = Period.parse(month).window("Europe/Berlin")
    starts, stamps = ends(instant(window.start_us), instant(window.end_us))
    readings = parsed([{"at": stamp} for stamp in stamps], source(zone="Europe/Berlin", fold="in_order"))
    assert [each["reason"] for each in readings] == [None] * hours
    assert [instant(each["at_us"]) for each in readings] == starts
    assert all(window.start_us <= each["at_us"] < window.end_us for each in readings)


def test_the_hours_of_a_day_on_which_berlin_leaves_one_out_end_at_01_02_and_04(parsed):
    found = read(parsed, "2025-03-30 01:00", "2025-03-30 02:00", "2025-03-30 04:00", zone="Europe/Berlin")
    assert found == ["2025-03-29 23:00:00", "2025-03-30 00:00:00", "2025-03-30 01:00:00"]


AUTUMN = ["2025-10-26 02:00", "2025-10-26 03:00", "2025-10-26 03:00", "2025-10-26 04:00"]


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        ("in_order", ["2025-10-26 00:00:00", "2025-10-26 01:00:00"]),
        ("first", ["2025-10-26 00:00:00"] * 2),
        ("second", ["2025-10-26 01:00:00"] * 2),
        ("reject", ["ambiguous_at"] * 2),
    ],
)
def test_an_hour_that_berlin_shows_twice_has_one_end_twice(parsed, fold, expected):
    found = read(parsed, *AUTUMN, zone="Europe/Berlin", fold=fold)
    assert found == ["2025-10-25 23:00:00", *expected, "2025-10-26 02:00:00"]


@pytest.mark.parametrize(("gap", "expected"), [("reject", "nonexistent_at"), ("shift", "2025-03-30 01:00:00")])
def test_an_hour_that_berlin_never_began_means_what_the_source_declares(parsed, gap, expected):
    assert read(parsed, "2025-03-30 03:00", zone="Europe/Berlin", gap=gap) == [expected]


def test_a_day_of_23_hours_began_at_midnight(parsed):
    # Sydney left an hour of 1 October 2023 out: 24 hours before its end it was September.
    (found,) = read(parsed, "2023-10-02", interval_seconds=86_400, zone="Australia/Sydney")
    assert found == "2023-09-30 14:00:00"
    began = datetime.fromisoformat(found).replace(tzinfo=UTC).astimezone(ZoneInfo("Australia/Sydney"))
    assert began.replace(tzinfo=None) == datetime(2023, 10, 1)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("", "missing_at"), ("soon", "unreadable_at"), ("1970-01-01 00:30", "at_out_of_range")],
)
def test_what_is_no_stamp_or_begins_before_all_clocks_is_quarantined(parsed, text, reason):
    assert read(parsed, text) == [reason]
