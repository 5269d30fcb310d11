"""A source whose files change: a new column warns, a column of something else refuses the whole file."""

import pytest

from pipeline.readings.extract import describe
from pipeline.reports.status import summary
from transforms.readings.reasons import advice

HEADER = "at,value\n"
APART = "source: power\nfiles: power/{account}/*\ncolumns: {at: Date, at_time: Time, value: value}\n"


def rows(values, at="2025-03-02T00:00:00Z"):
    return HEADER + "".join(f"{at},{value}\n" for value in values)


def test_a_new_column_is_a_warning_and_the_readings_land(business):
    business.deliver("power/A-1/1.csv", rows([1]))
    assert business.extract().warnings == ()
    business.deliver("power/A-1/2.csv", "at,value,unit\n2025-03-03T00:00:00Z,2,kWh\n")
    found = business.extract()
    assert (found.landed, found.readings) == (1, 1)
    (warning,) = found.warnings
    assert warning.startswith("power/A-1/2.csv: new_column: 'unit'")
    assert warning in describe(found)
    assert warning in summary(business.store, business.catalog.units)
    assert business.rows("arrivals", "columns") == [["at", "value"], ["at", "value", "unit"]]


def test_a_column_that_the_latest_file_had_is_new_no_more(business):
    for number in (1, 2, 3):
        unit = ("", "") if number == 1 else (",unit", ",kWh")
        business.deliver(f"power/A-1/{number}.csv", f"at,value{unit[0]}\n2025-03-0{number}T00:00:00Z,2{unit[1]}\n")
        warned = bool(business.extract().warnings)
        assert warned == (number == 2)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rows(["on"] * 10), "all 10 rows are unreadable_value: 'value' should hold a number such as 1234.5"),
        (rows([1] * 12, at="March"), "all 12 rows are unreadable_at: 'at' should hold a time stamp such as 2025"),
        (rows([1] * 10, at=""), "all 10 rows are missing_at: 'at' should hold a time stamp"),
    ],
)
def test_a_file_of_which_every_row_fails_alike_is_quarantined_whole_with_an_example(business, content, reason):
    business.deliver("power/A-1/march.csv", content)
    found = business.extract()
    assert (found.quarantined, found.landed, found.rows_quarantined) == (1, 0, 0)
    (stated,) = business.rows("arrivals", "reason")
    assert stated.startswith(f"retyped_column: {reason}")
    assert "row 1 holds '" in stated


def test_a_file_whose_dates_and_times_are_no_stamps_is_shown_with_both(business):
    business.declare("sources/power.yaml", APART)
    business.deliver("power/A-1/march.csv", "Date,Time,value\n" + "2025-03-02,noon,1\n" * 10)
    assert business.extract().quarantined == 1
    assert business.rows("arrivals", "reason") == [
        "retyped_column: all 10 rows are unreadable_at: 'Date' and 'Time' should hold a time stamp such as "
        f"2025-03-01T00:00:00Z, and row 1 holds '2025-03-02' and 'noon'{advice('unreadable_at')}"
    ]


def test_a_column_that_should_hold_durations_is_refused_by_what_a_duration_is(business):
    business.declare("sources/power.yaml", APART + "value: {format: duration, decimal_mark: ','}\n")
    business.deliver("power/A-1/march.csv", "Date,Time,value\n" + "2025-03-02,10:00,207\n" * 10)
    assert business.extract().quarantined == 1
    (stated,) = business.rows("arrivals", "reason")
    assert "'value' should hold a duration such as 00:03:27,5, and row 1 holds '207'" in stated


@pytest.mark.parametrize(
    "content",
    [rows(["on"] * 9), rows(["on"] * 10 + [1]), rows(["on"] * 9 + [""]), rows(["NULL"] * 20)],
    ids=["nine rows", "one is good", "two reasons", "declared nulls"],
)
def test_a_file_of_few_rows_or_several_reasons_has_its_rows_quarantined_one_by_one(business, content):
    business.deliver("power/A-1/march.csv", content)
    found = business.extract()
    assert (found.quarantined, found.landed) == (0, 1)
    assert found.rows_quarantined == content.count("\n") - 1 - found.readings
