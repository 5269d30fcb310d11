"""Cells: exact quantities, dates in a declared locale, texts that harm nobody."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.figures import plain
from transforms.upload.cells import WrongCellError, read_custom, read_quantity, read_text
from transforms.upload.custom_field import CustomField
from transforms.upload.dates import Locale, UnclearDateError, instant_of, read_date
from transforms.upload.reasons import Reason


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", "0"), ("1", "1"), ("007", "7"), ("+1.50", "1.5"), (".5", "0.5"), ("5.", "5"), ("-0", "0"),
        ("-2.5", "-2.5"), ("9999999999999.999999999", "9999999999999.999999999"), ("0.0000000010", "0.000000001"),
    ],
)  # fmt: skip
def test_a_quantity_is_the_decimal_number_that_stands_there(text, number):
    found = read_quantity(text)
    assert found == Decimal(number)
    assert plain(found) == number


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("1e3", Reason.QUANTITY_MALFORMED),
        ("1,137", Reason.QUANTITY_MALFORMED),
        ("1 137", Reason.QUANTITY_MALFORMED),
        ("1.137,5", Reason.QUANTITY_MALFORMED),
        ("NaN", Reason.QUANTITY_MALFORMED),
        ("Infinity", Reason.QUANTITY_MALFORMED),
        ("-", Reason.QUANTITY_MALFORMED),
        (".", Reason.QUANTITY_MALFORMED),
        ("--1", Reason.QUANTITY_MALFORMED),
        ("1_000", Reason.QUANTITY_MALFORMED),
        ("0x10", Reason.QUANTITY_MALFORMED),
        ("١٢", Reason.QUANTITY_MALFORMED),
        ("1\n", Reason.QUANTITY_MALFORMED),
        ("0" * 65, Reason.QUANTITY_MALFORMED),
        ("10000000000000", Reason.QUANTITY_TOO_LARGE),
        ("0.0000000001", Reason.QUANTITY_TOO_FINE),
    ],
)
def test_a_quantity_written_otherwise_is_refused_and_never_guessed(text, reason):
    with pytest.raises(WrongCellError) as wrong:
        read_quantity(text)
    assert wrong.value.reason is reason


@settings(max_examples=200)
@given(st.decimals(-9_999_999_999_999, 9_999_999_999_999, places=9))
def test_every_quantity_that_can_be_stored_comes_back_as_it_was_written(number):
    assert read_quantity(f"{number:f}") == number
    assert read_quantity(plain(number)) == number


@pytest.mark.parametrize(
    ("locale", "text", "day"),
    [
        ("en_US", "03/04/2025", "2025-03-04"),
        ("en_US", "3/4/2025", "2025-03-04"),
        ("en_GB", "03/04/2025", "2025-04-03"),
        ("en_AU", "31/12/2025", "2025-12-31"),
        ("de_DE", "03.04.2025", "2025-04-03"),
        ("iso", "2025-03-04", "2025-03-04"),
        ("de_DE", "2025-03-04", "2025-03-04"),
        ("en_US", "02/29/2024", "2024-02-29"),
    ],
)
def test_a_date_is_read_in_the_locale_that_was_declared(locale, text, day):
    assert read_date(text, Locale(locale)) == datetime.fromisoformat(day)


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("en_US", "31/12/2025"), ("en_GB", "12/31/2025"), ("de_DE", "12/31/2025"), ("iso", "03/04/2025"),
        ("en_US", "03.04.2025"), ("en_US", "02/29/2025"), ("en_US", "3/4/25"), ("iso", "2025-3-4"),
        ("iso", "2025-03-04T25:00:00"), ("iso", "2025-03-04T10:00"), ("iso", "1969-12-31"), ("iso", "2100-01-01"),
        ("iso", "0025-03-04"), ("iso", "yesterday"), ("iso", ""), ("iso", "2025-03-04T10:00:00+99:00"),
    ],
)  # fmt: skip
def test_a_date_of_another_locale_or_of_no_calendar_is_refused(locale, text):
    with pytest.raises(ValueError, match=r"no date|within|day is out|month must|hour must|offset"):
        read_date(text, Locale(locale))


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-03-30", "2025-03-29T23:00:00"),  # midnight in Berlin, an hour ahead of UTC
        ("2025-03-30T00:00:00", "2025-03-29T23:00:00"),
        ("2025-03-30T12:00:00", "2025-03-30T10:00:00"),  # two hours ahead since that night
        ("2025-03-30T12:00:00Z", "2025-03-30T12:00:00"),
        ("2025-10-26T02:30:00+02:00", "2025-10-26T00:30:00"),
        ("2025-10-26T02:30:00+0100", "2025-10-26T01:30:00"),
    ],
)
def test_a_date_means_an_instant_on_the_accounts_clock(text, instant):
    found = instant_of(read_date(text, Locale.ISO), "Europe/Berlin")
    assert found == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["2025-10-26T02:30:00", "2025-03-30T02:30:00"])
def test_a_time_that_the_clock_shows_twice_or_never_needs_an_offset(text):
    with pytest.raises(UnclearDateError):
        instant_of(read_date(text, Locale.ISO), "Europe/Berlin")


@settings(max_examples=100)
@given(
    st.datetimes(datetime(1970, 1, 2), datetime(2099, 12, 30)),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_an_instant_with_an_offset_is_read_exactly(local, offset):
    stamp = local.replace(tzinfo=offset)
    assert instant_of(read_date(stamp.isoformat(), Locale.ISO), "Europe/Berlin") == stamp


@pytest.mark.parametrize(
    "text", ["plain", "Zähler 7", "-5", "+4.5", "a=b", "漢字", "نام\u200cه", "25 °C", "100 €", "𠮷"]
)
def test_a_text_that_harms_nobody_is_taken(text):
    assert read_text(text, 200, Reason.DESCRIPTION_TOO_LONG) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("=1+1", Reason.TEXT_FORMULA),
        ("  =1+1", Reason.TEXT_FORMULA),
        ("+cmd", Reason.TEXT_FORMULA),
        ("-1+1", Reason.TEXT_FORMULA),
        ("@sum", Reason.TEXT_FORMULA),
        ("\t1", Reason.TEXT_FORMULA),
        ("\r1", Reason.TEXT_FORMULA),
        ("\uff1d1", Reason.TEXT_FORMULA),
        ("a\nb", Reason.TEXT_ILLEGAL),
        ("a\x00b", Reason.TEXT_ILLEGAL),
        ("a\x7fb", Reason.TEXT_ILLEGAL),
        ("a\u202eb", Reason.TEXT_ILLEGAL),
        ("a\ufeffb", Reason.TEXT_ILLEGAL),
        ("a\ufffdb", Reason.TEXT_ILLEGAL),
        ("a\ue000b", Reason.TEXT_ILLEGAL),
        ("ok \u2705", Reason.TEXT_ILLEGAL),
        ("up \U0001f680", Reason.TEXT_ILLEGAL),
        ("x" * 201, Reason.DESCRIPTION_TOO_LONG),
    ],
)
def test_a_text_that_a_spreadsheet_runs_or_nobody_sees_is_refused(text, reason):
    with pytest.raises(WrongCellError) as wrong:
        read_text(text, 200, Reason.DESCRIPTION_TOO_LONG)
    assert wrong.value.reason is reason


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ({"kind": "integer"}, "9223372036854775807", "9223372036854775807"),
        ({"kind": "integer"}, "9223372036854775808", Reason.CUSTOM_INVALID),
        ({"kind": "integer"}, "1.0", "1"),
        ({"kind": "integer"}, "1.5", Reason.CUSTOM_INVALID),
        ({"kind": "number"}, "-9999999999999.99", "-9999999999999.99"),
        ({"kind": "number"}, "10000000000000", Reason.CUSTOM_INVALID),
        ({"kind": "number"}, "1e3", Reason.CUSTOM_INVALID),
        ({"kind": "date"}, "03/04/2025", "2025-03-04"),
        ({"kind": "date"}, "31/12/2025", Reason.CUSTOM_BAD_DATE),
        ({"kind": "choice", "values": ["S", "L"]}, "L", "L"),
        ({"kind": "choice", "values": ["S", "L"]}, "M", Reason.CUSTOM_INVALID),
        ({"length": 3}, "abc", "abc"),
        ({"length": 3}, "abcd", Reason.CUSTOM_TOO_LONG),
        ({}, "x" * 256, Reason.CUSTOM_TOO_LONG),
    ],
)
def test_a_custom_field_is_held_against_what_the_catalog_declares(field, text, value):
    declared = CustomField.model_validate(field)
    if isinstance(value, Reason):
        with pytest.raises(WrongCellError) as wrong:
            read_custom(text, declared, Locale.US)
        assert wrong.value.reason is value
    else:
        assert read_custom(text, declared, Locale.US) == value


@pytest.mark.parametrize(("kind", "wanted"), [("integer", "a whole number"), ("number", "a number")])
def test_a_custom_field_that_holds_no_number_is_told_which_it_needs(kind, wanted):
    with pytest.raises(WrongCellError) as wrong:
        read_custom("many", CustomField.model_validate({"kind": kind}), Locale.US)
    assert wrong.value.also == wanted
