"""An interval of a day by its number: hour 1 to 25, half hour 1 to 50, counted from the start of the day."""

from datetime import UTC, datetime

import pytest

from transforms.catalog.source import Source
from transforms.period import instant


def source(interval_seconds=3600, **time):
    columns = {"at": "Fecha", "at_interval": "Hora", "value": "kWh", "account": "CUPS"}
    fields = {"source": "s", "files": "*.csv", "columns": columns, "time": time}
    return Source.model_validate(fields | {"interval_seconds": str(interval_seconds)})


def read(parsed, rows, **rules):
    found = parsed([{"at": day, "at_interval": number} for day, number in rows], source(**rules))
    return [each["reason"] or instant(each["at_us"]) for each in found]


@pytest.mark.parametrize(
    ("day", "start", "hours"),
    [("2025-01-15", (14, 23), 24), ("2025-03-30", (29, 23), 23), ("2025-10-26", (25, 22), 25)],
)
def test_the_hours_of_a_day_in_spain_are_numbered_from_its_midnight_whatever_the_clock_shows(parsed, day, start, hours):
    rows = [(day, str(number)) for number in range(1, 27)]
    found = read(parsed, rows, zone="Europe/Madrid")
    year, month, _ = map(int, day.split("-"))
    first = datetime(year, month, *start, tzinfo=UTC)
    assert [(each - first).total_seconds() / 3600 for each in found[:hours]] == list(range(hours))
    assert found[hours:] == ["beyond_day_end"] * (26 - hours)


def test_the_fiftieth_settlement_period_of_a_long_day_in_britain_starts_half_an_hour_before_midnight(parsed):
    rules = {"interval_seconds": 1800, "zone": "Europe/London", "format": "%d/%m/%Y"}
    assert read(parsed, [("26/10/2025", "03"), ("26/10/2025", " 50 ")], **rules) == [
        datetime(2025, 10, 26, 0, tzinfo=UTC), datetime(2025, 10, 26, 23, 30, tzinfo=UTC),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("day", "number", "reason"),
    [
        ("", "1", "missing_at"), ("2025-01-15", "", "missing_at"), ("2025-01-15", None, "missing_at"),
        ("soon", "1", "unreadable_at"), ("2025-01-15", "0", "unreadable_at"), ("2025-01-15", "-1", "unreadable_at"),
        ("2025-01-15", "1.5", "unreadable_at"), ("2025-01-15", "01:00", "unreadable_at"),
        ("2025-01-15", "99999", "beyond_day_end"), ("2025-01-15", "100000", "unreadable_at"),
    ],
)  # fmt: skip
def test_what_is_no_interval_of_a_day_is_quarantined(parsed, day, number, reason):
    assert read(parsed, [(day, number)], zone="Europe/Madrid") == [reason]


def test_what_is_quarantined_keeps_the_day_and_the_number_as_they_stood(parsed):
    (found,) = parsed([{"at": " 2025-01-15", "at_interval": "x ", "value": "1"}], source())
    assert found["raw"] == " 2025-01-15\x1fx \x1f1\x1fA-1"
