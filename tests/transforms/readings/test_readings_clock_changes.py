"""Stamps without an offset in the hours around a clock change: New York, 2014-11-02 and 2014-03-09."""

import pytest

from transforms import clock
from transforms.catalog.columns import Columns
from transforms.catalog.source import Source
from transforms.period import instant


def source(**time):
    columns = {"at": "t", "value": "v", "account": "a"}
    time = {"zone": "America/New_York"} | time
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns, "time": time})


def shown(reading):
    """The instant in UTC; the reason where there is one."""
    return reading["reason"] or instant(reading["at_us"]).isoformat(sep=" ").removesuffix("+00:00")


def read(parsed, *texts, **time):
    return [shown(reading) for reading in parsed([{"at": text} for text in texts], source(**time))]


AUTUMN = ["2014-11-02 00:55", "2014-11-02 01:00", "2014-11-02 01:55", "2014-11-02 02:00"]


@pytest.mark.parametrize(
    ("fold", "expected"),
    [
        ("first", ["2014-11-02 05:00:00", "2014-11-02 05:55:00"]),
        ("second", ["2014-11-02 06:00:00", "2014-11-02 06:55:00"]),
        ("reject", ["ambiguous_at", "ambiguous_at"]),
    ],
)
def test_an_hour_that_new_york_showed_twice_means_what_the_source_declares(parsed, fold, expected):
    found = read(parsed, *AUTUMN, fold=fold)
    assert found == ["2014-11-02 04:55:00", *expected, "2014-11-02 07:00:00"]


def test_read_in_order_the_second_showing_begins_where_the_stamps_stop_rising(parsed):
    stamps = ["2014-11-02 01:00", "2014-11-02 01:30", "2014-11-02 01:00", "2014-11-02 01:30", "2014-11-02 02:00"]
    found = read(parsed, *stamps, fold="in_order")
    assert [each[11:16] for each in found] == ["05:00", "05:30", "06:00", "06:30", "07:00"]


def test_read_in_order_an_hour_that_stands_in_the_file_once_is_its_first_showing(parsed):
    found = read(parsed, "2014-11-02 01:00", "2014-11-02 01:30", fold="in_order")
    assert [each[11:16] for each in found] == ["05:00", "05:30"]


def test_read_in_order_two_equal_stamps_of_an_hourly_meter_are_the_two_showings(parsed):
    found = read(parsed, "2014-11-02 00:00", "2014-11-02 01:00", "2014-11-02 01:00", fold="in_order")
    assert [each[11:16] for each in found] == ["04:00", "05:00", "06:00"]


def test_read_in_order_a_file_that_begins_with_the_newest_reading_is_followed_backwards(parsed):
    stamps = ["2014-11-02 02:00", "2014-11-02 01:30", "2014-11-02 01:00", "2014-11-02 01:30", "2014-11-02 01:00"]
    found = read(parsed, *stamps, "2014-11-02 00:30", fold="in_order")
    assert [each[11:16] for each in found] == ["07:00", "06:30", "06:00", "05:30", "05:00", "04:30"]


def test_read_in_order_every_account_is_followed_on_its_own(parsed):
    rows = [("A-1", "01:00"), ("A-2", "01:00"), ("A-1", "01:30"), ("A-2", "01:30"), ("A-1", "01:00"), ("A-2", "01:40")]
    readings = parsed(
        [{"account": account, "at": f"2014-11-02 {clock}"} for account, clock in rows],
        source(fold="in_order"),
    )
    assert [shown(reading)[11:16] for reading in readings] == ["05:00", "05:00", "05:30", "05:30", "06:00", "05:40"]


IMPORT_AND_EXPORT = [
    [("in", "01:00"), ("out", "01:00"), ("in", "01:00"), ("out", "01:00")],
    [("in", "01:00"), ("in", "01:00"), ("out", "01:00"), ("out", "01:00")],
]


def read_with_attribute(parsed, rows):
    columns = {"at": "t", "value": "v", "account": "a", "attributes": {"kind": "k"}}
    rules = source(fold="in_order").model_copy(update={"columns": Columns.model_validate(columns)})
    readings = parsed([{"attribute_kind": kind, "at": f"2014-11-02 {clock}"} for kind, clock in rows], rules)
    return [(reading["attribute_kind"], shown(reading)[11:16]) for reading in readings]


@pytest.mark.parametrize("rows", IMPORT_AND_EXPORT, ids=["row by row", "one after the other"])
def test_read_in_order_two_series_that_an_attribute_tells_apart_have_two_showings_each(parsed, rows):
    found = read_with_attribute(parsed, rows)
    assert sorted(found) == [("in", "05:00"), ("in", "06:00"), ("out", "05:00"), ("out", "06:00")]


def test_read_in_order_an_attribute_of_some_readings_makes_no_series_of_its_own(parsed):
    rows = [("actual", "01:00"), ("actual", "01:30"), ("actual", "01:00"), ("estimate", "01:30")]
    assert [at for _, at in read_with_attribute(parsed, rows)] == ["05:00", "05:30", "06:00", "06:30"]


@pytest.mark.parametrize("fold", ["first", "second", "in_order", "reject"])
def test_a_stamp_that_carries_its_offset_is_never_ambiguous(parsed, fold):
    stamps = ["2014-11-02 01:30-04:00", "2014-11-02 01:30-05:00", "2014-11-02 01:30Z"]
    found = read(parsed, *stamps, fold=fold)
    assert [each[11:16] for each in found] == ["05:30", "06:30", "01:30"]


@pytest.mark.parametrize("fold", ["first", "second", "in_order", "reject"])
def test_nor_is_one_whose_offset_a_pattern_reads(parsed, fold):
    found = read(parsed, "02/Nov/2014 01:30 -0400", "02/Nov/2014 01:30 -0500", fold=fold, format="%d/%b/%Y %H:%M %z")
    assert [each[11:16] for each in found] == ["05:30", "06:30"]


@pytest.mark.parametrize(
    ("gap", "expected"),
    [
        ("shift", ["2014-03-09 07:00:00", "2014-03-09 07:59:59.999999"]),
        ("reject", ["nonexistent_at", "nonexistent_at"]),
    ],
)
def test_an_hour_that_new_york_never_showed_means_what_the_source_declares(parsed, gap, expected):
    stamps = ["2014-03-09 01:59:59", "2014-03-09 02:00", "2014-03-09 02:59:59.999999", "2014-03-09 03:00"]
    found = read(parsed, *stamps, gap=gap)
    assert found == ["2014-03-09 06:59:59", *expected, "2014-03-09 07:00:00"]


@pytest.mark.parametrize("fold", ["first", "second", "in_order", "reject"])
def test_the_hours_before_and_after_a_clock_change_mean_one_thing_whatever_the_rule(parsed, fold):
    stamps = ["2014-11-02 00:59:59.999999", "2014-11-02 02:00", "2014-03-09 01:59:59.999999", "2014-03-09 03:00"]
    found = [each[:16] for each in read(parsed, *stamps, fold=fold)]
    assert found == ["2014-11-02 04:59", "2014-11-02 07:00", "2014-03-09 06:59", "2014-03-09 07:00"]


def test_seconds_since_1970_need_no_zone_and_a_pattern_is_read_in_the_zone_of_its_source(parsed):
    epoch = parsed([{"at": "1414908000"}], source(format="epoch_seconds"))[0]
    pattern = parsed([{"at": "02/11/2014 00:30"}], source(format="%d/%m/%Y %H:%M"))[0]
    assert (shown(epoch), shown(pattern)) == ("2014-11-02 06:00:00", "2014-11-02 04:30:00")


def test_the_days_of_a_clock_are_listed_once_for_all_files(parsed):
    read(parsed, *AUTUMN)
    listed = clock.offsets.cache_info()
    read(parsed, *AUTUMN)
    assert clock.offsets.cache_info() == listed
