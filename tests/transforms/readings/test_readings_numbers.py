from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.catalog.source import Source


def source(**value):
    columns = {"at": "t", "value": "v", "account": "a"}
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns, "value": value})


def read(parsed, text, **value):
    reading = parsed([{"value": text}], source(**value))[0]
    return reading["reason"] or reading["value"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", "12"),
        ("-12.5", "-12.5"),
        ("+7.", "7"),
        (".5", "0.5"),
        ("00012", "12"),
        ("-0.0", "0"),
        (" 12 ", "12"),
        ("\t3\n", "3"),
        ("1e3", "1000"),
        ("1E+3", "1000"),
        ("1.5e-3", "0.0015"),
        ("1e-18", "0.000000000000000001"),
        ("0e400", "0"),
        ("0E-20", "0"),
        ("11.529000000000002", "11.529000000000002"),
        ("1.0000000000000000000000", "1"),
        ("0.123456789012345678", "0.123456789012345678"),
        ("-99999999999999999999.999999999999999999", "-99999999999999999999.999999999999999999"),
    ],
)
def test_a_number_keeps_every_digit_that_was_written(parsed, text, value):
    assert read(parsed, text) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "missing_value"),
        ("  ", "missing_value"),
        ("NULL", "missing_value"),
        ("null", "missing_value"),
        (None, "missing_value"),
        ("NaN", "unreadable_value"),
        ("Infinity", "unreadable_value"),
        ("-inf", "unreadable_value"),
        ("1,137", "unreadable_value"),
        ("1_000", "unreadable_value"),
        ("0x10", "unreadable_value"),
        ("1e", "unreadable_value"),
        ("1e2.5", "unreadable_value"),
        (".", "unreadable_value"),
        ("-", "unreadable_value"),
        ("--1", "unreadable_value"),
        ("1 2", "unreadable_value"),
        ("12 kWh", "unreadable_value"),
        ("$12", "unreadable_value"),
        ("\u0661\u0662", "unreadable_value"),
        ("\uff11\uff12", "unreadable_value"),
        ("1\x00", "unreadable_value"),
        ("0" * 100 + "1", "unreadable_value"),
        ("1e-20", "too_many_decimals"),
        ("1.5e-18", "too_many_decimals"),
        ("0.1234567890123456789", "too_many_decimals"),
        ("1e400", "value_out_of_range"),
        ("1e20", "value_out_of_range"),
        ("-100000000000000000000", "value_out_of_range"),
        ("9" * 25, "value_out_of_range"),
    ],
)
def test_what_is_no_exact_number_within_range_is_quarantined_with_a_reason(parsed, text, reason):
    assert read(parsed, text) == reason


@pytest.mark.parametrize(
    ("text", "decimals", "value"),
    [("10e-1", "0", "1"), ("1500e-3", "1", "1.5"), ("10e-19", "18", "0.000000000000000001")],
)
def test_zeros_that_an_exponent_takes_away_are_no_decimals(parsed, text, decimals, value):
    assert read(parsed, text, decimals=decimals) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1.137", "1137"),
        ("1.137,5", "1137.5"),
        ("1137,5", "1137.5"),
        ("-1.137.000,25", "-1137000.25"),
        (",5", "0.5"),
        ("1.000,5e3", "1000500"),
    ],
)
def test_a_decimal_comma_and_thousands_points_are_read_as_declared(parsed, text, value):
    assert read(parsed, text, decimal_mark=",", thousands_mark=".") == Decimal(value)


@pytest.mark.parametrize(
    "text", ["1.5", "11.37", "1.1371", "1.137.", ".137", "1,234.5", "1.13.700", "0.001", "007.500"]
)
def test_a_mark_that_groups_no_thousands_is_never_dropped(parsed, text):
    assert read(parsed, text, decimal_mark=",", thousands_mark=".") == "unreadable_value"


def test_a_decimal_comma_makes_a_decimal_point_unreadable(parsed):
    assert read(parsed, "1,137", decimal_mark=",") == Decimal("1.137")
    assert read(parsed, "1.137", decimal_mark=",") == "unreadable_value"


@pytest.mark.parametrize("mark", [" ", "'", ","])
def test_thousands_may_be_grouped_by_a_space_an_apostrophe_or_a_comma(parsed, mark):
    assert read(parsed, f"1{mark}137{mark}000.5", thousands_mark=mark) == Decimal("1137000.5")
    assert read(parsed, f"1{mark}13", thousands_mark=mark) == "unreadable_value"


@pytest.mark.parametrize(("declared", "mark"), [(" ", "\u00a0"), (" ", "\u202f"), ("'", "\u2019")])
def test_a_mark_that_looks_like_the_declared_one_is_the_same(parsed, declared, mark):
    assert read(parsed, f"1{mark}137{mark}000.5", thousands_mark=declared) == Decimal("1137000.5")
    assert read(parsed, f"1{mark}13", thousands_mark=declared) == "unreadable_value"
    assert read(parsed, f"1{mark}137") == "unreadable_value"


def test_a_source_says_how_many_decimals_it_has_and_one_more_is_never_rounded_away(parsed):
    assert read(parsed, "1.25", decimals="2") == Decimal("1.25")
    assert read(parsed, "1.250", decimals="2") == Decimal("1.25")
    assert read(parsed, "1.255", decimals="2") == "too_many_decimals"
    assert read(parsed, "1.0", decimals="0") == Decimal(1)
    assert read(parsed, "0E-9", decimals="2") == Decimal(0)
    assert read(parsed, "9" * 38, decimals="0") == Decimal("9" * 38)


def test_a_source_says_how_it_writes_that_there_is_no_value(parsed):
    assert read(parsed, "n/a", nulls=["n/a", "-"]) == "missing_value"
    assert read(parsed, "-", nulls=["n/a", "-"]) == "missing_value"
    assert read(parsed, "NULL", nulls=["n/a", "-"]) == "unreadable_value"


@pytest.mark.parametrize("mark", [".", ","])
def test_a_number_that_means_that_there_is_no_value_is_never_billed(parsed, mark):
    nulls = ["", "-999", f"9999{mark}0"]
    assert read(parsed, "-999", nulls=nulls, decimal_mark=mark) == "missing_value"
    assert read(parsed, f" 9999{mark}0 ", nulls=nulls, decimal_mark=mark) == "missing_value"
    assert read(parsed, "-99", nulls=nulls, decimal_mark=mark) == Decimal(-99)


DURATIONS = [
    ("00:03:27", "207"),
    ("0:00:00", "0"),
    (" 01:00:00 ", "3600"),
    ("27:15:00", "98100"),  # as a spreadsheet shows hours that go on
    ("1-02:03:04", "93784"),  # as a batch system writes days
    ("00:00:07.250", "7.25"),
    ("365-00:00:00", "31536000"),
    ("03:27", "unreadable_value"),  # minutes and seconds, or hours and minutes
    ("00:60:00", "unreadable_value"),
    ("00:00:60", "unreadable_value"),
    ("-00:03:27", "unreadable_value"),
    ("00:03:27:00", "unreadable_value"),
    ("207", "unreadable_value"),
    ("00:00:00.1234567890123456789", "too_many_decimals"),
    ("99999999999:00:00", "unreadable_value"),
    ("Unknown", "missing_value"),
    ("", "missing_value"),
]


@pytest.mark.parametrize(("text", "expected"), DURATIONS)
def test_a_duration_of_hours_minutes_and_seconds_is_read_in_seconds(parsed, text, expected):
    found = read(parsed, text, format="duration", nulls=["", "Unknown"])
    assert found == (expected if expected.endswith(("_value", "_decimals")) else Decimal(expected))


def test_a_duration_that_has_more_digits_than_the_source_declares_is_out_of_range(parsed):
    assert read(parsed, "00:16:40", format="duration", digits=3, decimals=0) == "value_out_of_range"


def test_the_seconds_of_a_duration_may_have_a_decimal_comma(parsed):
    assert read(parsed, "00:00:07,5", format="duration", decimal_mark=",") == Decimal("7.5")


@settings(max_examples=25)  # each example is a query
@given(st.lists(st.decimals("-99999999999999999999", "99999999999999999999", places=18), min_size=1, max_size=50))
def test_any_decimal_within_range_that_is_written_plainly_is_read_as_itself(parsed, numbers):
    readings = parsed([{"value": format(number, "f")} for number in numbers], source())
    assert [reading["value"] for reading in readings] == numbers
    assert {reading["reason"] for reading in readings} == {None}


@settings(max_examples=25)  # each example is a query
@given(
    st.lists(
        st.one_of(st.text(max_size=30), st.text("0123456789.,eE+-_ ", max_size=12), st.floats().map(str)),
        min_size=1,
        max_size=50,
    )
)
def test_no_text_whatever_stops_the_reading_and_what_is_read_is_what_python_reads(parsed, texts):
    for text, reading in zip(texts, parsed([{"value": text} for text in texts], source()), strict=True):
        if reading["reason"] is None:
            assert reading["value"] == Decimal(text)
        else:
            assert reading["reason"].endswith(("_value", "_decimals", "_range"))
