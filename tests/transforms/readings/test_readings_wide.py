"""A day in one row: where its intervals lie, on days of any length."""

from datetime import UTC, datetime, timedelta

import pytest

from transforms.catalog.source import Source
from transforms.period import instant


def source(wide="ordinal", value="HH{1..50}", interval_seconds=1800, **time):
    columns = {"at": "Date", "value": value, "account": "MPAN"}
    fields = {"source": "s", "files": "*.csv", "columns": columns, "time": time, "wide": wide}
    return Source.model_validate(fields | {"interval_seconds": str(interval_seconds)})


def read(parsed, day, count, **rules):
    """Read so many intervals of a day: the rows of a file whose first line has the number 0."""
    found = parsed([{"at": day}] * count, source(**rules))
    return [each["reason"] or instant(each["at_us"]) for each in found]


@pytest.mark.parametrize(
    ("zone", "day", "start", "intervals"),
    [
        ("Europe/London", "2025-01-15", "2025-01-15T00:00", 48),
        ("Europe/London", "2025-03-30", "2025-03-30T00:00", 46),
        ("Europe/London", "2025-06-01", "2025-05-31T23:00", 48),
        ("Europe/London", "2025-10-26", "2025-10-25T23:00", 50),
        ("UTC", "2025-03-30", "2025-03-30T00:00", 48),
        ("Australia/Lord_Howe", "2025-10-05", "2025-10-04T13:30", 47),  # half an hour left out
        ("America/Santiago", "2025-09-07", "2025-09-07T04:00", 46),  # the clock never shows its midnight
        ("America/Havana", "2025-11-02", "2025-11-02T04:00", 50),  # the clock shows its midnight twice
    ],
)
def test_the_intervals_of_a_day_follow_upon_each_other_from_its_first_instant_to_its_end(
    parsed, zone, day, start, intervals
):
    first = datetime.fromisoformat(start).replace(tzinfo=UTC)
    expected = [first + number * timedelta(minutes=30) for number in range(intervals)]
    assert read(parsed, day, 50, zone=zone) == expected + ["beyond_day_end"] * (50 - intervals)


def test_a_day_that_starts_at_another_hour_ends_at_that_hour(parsed):
    # From 06:00 to 06:00 in London: the night on which the clock goes forward is that of 29 to 30 March.
    found = read(parsed, "2025-03-29 06:00", 48, zone="Europe/London")
    assert found[0] == datetime(2025, 3, 29, 6, tzinfo=UTC)
    assert found[45:] == [datetime(2025, 3, 30, 4, 30, tzinfo=UTC), "beyond_day_end", "beyond_day_end"]


def test_hours_numbered_by_their_end_start_at_midnight(parsed):
    found = read(parsed, "10/26/2025", 25, value="HE{01..25}", interval_seconds=3600, format="%m/%d/%Y",
                 zone="Europe/London")  # fmt: skip
    assert (found[0], found[24]) == (datetime(2025, 10, 25, 23, tzinfo=UTC), datetime(2025, 10, 26, 23, tzinfo=UTC))


@pytest.mark.parametrize(("day", "reason"), [("", "missing_at"), ("soon", "unreadable_at"), ("2099-12-31", None)])
def test_a_row_without_a_date_is_quarantined_interval_by_interval(parsed, day, reason):
    found = read(parsed, day, 2, zone="Europe/London")
    assert found == [reason] * 2 if reason else found[0] == datetime(2099, 12, 31, tzinfo=UTC)


def test_a_line_that_could_not_be_split_keeps_that_reason(parsed):
    (found,) = parsed([{"at": "x;y", "value": "", "defect": "ragged_row"}], source())
    assert (found["reason"], found["raw"]) == ("ragged_row", "x;y\x1f\x1fA-1")


@pytest.mark.parametrize(
    ("value", "time", "day", "clock", "expected"),
    [
        ("{00:00..23:30}", {"format": "%d/%m/%Y %H:%M"}, "30/03/2025", "02:00", datetime(2025, 3, 30, 1, tzinfo=UTC)),
        ("{00:00..23:30}", {"format": "%d/%m/%Y %H:%M"}, "30/03/2025", "01:00", "nonexistent_at"),
        ("{0:00..23:30}", {"format": "%d/%m/%Y %H:%M"}, "30/03/2025", "2:30", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        ("{00:30..24:00}", {"marks": "end"}, "2025-03-31", "24:00", datetime(2025, 3, 31, 22, 30, tzinfo=UTC)),
        ("{00:00..23:30}", {}, "2025-10-26", "01:30", "ambiguous_at"),
        ("{00:00..23:30}", {"fold": "second"}, "2025-10-26", "01:30", datetime(2025, 10, 26, 1, 30, tzinfo=UTC)),
        ("{00:00:00..23:30:00}", {}, "2025-06-01T00:00:00", "00:30:00", datetime(2025, 5, 31, 23, 30, tzinfo=UTC)),
    ],
)
def test_a_column_named_by_its_time_is_read_as_date_and_time(parsed, value, time, day, clock, expected):
    rules = {"wide": "time", "value": value, "zone": "Europe/London"} | time
    (found,) = parsed([{"at": day, "at_time": clock}], source(**rules))
    assert (found["reason"] or instant(found["at_us"])) == expected


def test_hours_of_the_clock_may_be_named_by_the_hour_at_which_they_end(parsed):
    rules = source("time", "HE{01..24}", 3600, format="%m/%d/%Y %H", zone="America/New_York", marks="end")
    found = parsed([{"at": "03/09/2025", "at_time": hour} for hour in ("01", "02", "03", "04", "24")], rules)
    hours = [each["reason"] or instant(each["at_us"]).hour for each in found]
    assert hours == [5, 6, "nonexistent_at", 7, 3]
