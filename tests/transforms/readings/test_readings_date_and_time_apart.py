"""Date and time in two columns: one stamp, read as if a blank stood between them."""

import pytest

from transforms.catalog.source import Source
from transforms.period import instant


def source(**time):
    columns = {"at": "Date", "at_time": "Time", "value": "v", "account": "a"}
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns, "time": time})


def read(parsed, at, at_time, **time):
    reading = parsed([{"at": at, "at_time": at_time}], source(**time))[0]
    return reading["reason"] or instant(reading["at_us"]).isoformat(sep=" ").removesuffix("+00:00")


@pytest.mark.parametrize(
    ("pattern", "at", "at_time", "expected"),
    [
        ("%d/%m/%Y %H:%M:%S", "16/12/2006", "17:24:00", "2006-12-16 17:24:00"),
        ("%d/%m/%Y %H:%M:%S", " 16/12/2006 ", "\t17:24:00 ", "2006-12-16 17:24:00"),
        ("%d/%m/%Y %H:%M", "31/12/2006", "24:00", "2007-01-01 00:00:00"),
        ("%m/%d/%Y %H", "12/31/2006", "07", "2006-12-31 07:00:00"),
        ("iso", "2014-01-15", "00:15", "2014-01-15 00:15:00"),
        ("iso", "2014-01-15", "24:00", "2014-01-16 00:00:00"),
        ("iso", "2014-01-15", "00:15:30.5+01:00", "2014-01-14 23:15:30.500000"),
        ("iso", "2014-01-15T00:00:00", "00:15:00", "2014-01-15 00:15:00"),
        ("iso", "2014-01-15", "", "missing_at"),
        ("iso", "2014-01-15", None, "missing_at"),
        ("iso", "", "00:15", "missing_at"),
        ("iso", None, " ", "missing_at"),
        ("%d/%m/%Y %H:%M", "16/12/2006", " ", "missing_at"),
        ("iso", "2014-01-15", "noon", "unreadable_at"),
        ("iso", "soon", "00:15", "unreadable_at"),
        ("iso", "2014-01-15 10:00", "00:15", "unreadable_at"),
        ("%d/%m/%Y %H:%M", "16/12/2006", "17:24:00", "unreadable_at"),
    ],
)
def test_the_texts_of_both_columns_are_one_stamp(parsed, pattern, at, at_time, expected):
    assert read(parsed, at, at_time, format=pattern) == expected


def test_the_clock_of_the_source_holds_for_both(parsed):
    rules = {"zone": "Europe/Berlin", "fold": "in_order"}
    times = ["01:00", "02:00", "02:00", "03:00"]
    found = parsed([{"at": "2025-10-26", "at_time": time} for time in times], source(**rules))
    assert [instant(each["at_us"]).hour for each in found] == [23, 0, 1, 2]


def test_what_is_quarantined_keeps_both_texts_as_they_stood(parsed):
    reading = parsed([{"at": " 2014-01-15", "at_time": "noon ", "value": "1"}], source())[0]
    assert reading["raw"] == " 2014-01-15\x1fnoon \x1f1\x1fA-1"
