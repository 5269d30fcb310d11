from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from expectations.measures import decimal_places, is_finite, measured, microseconds, sign, whole_digits

NOT_FINITE = [None, Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), 1.5, 1, "1", pd.NA]


@pytest.mark.parametrize("value", NOT_FINITE)
def test_only_a_decimal_with_a_value_is_finite_and_measured(value):
    assert not is_finite(value)
    assert (sign(value), whole_digits(value), decimal_places(value)) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", (0, 0, 0)),
        ("-0", (0, 0, 0)),
        ("0E+20", (0, 0, 0)),
        ("0.000", (0, 0, 0)),
        ("7", (1, 1, 0)),
        ("-12.5", (-1, 2, 1)),
        ("0.50", (1, 0, 1)),
        ("0.05", (1, 0, 2)),
        ("1.0000000000", (1, 1, 0)),
        ("1200", (1, 4, 0)),
        ("1E+3", (1, 4, 0)),
        ("1E-10", (1, 0, 10)),
        ("9999999999999.999999999", (1, 13, 9)),
        ("1E+400", (1, 401, 0)),
        ("0.1234567890123456789012345678901234567891", (1, 0, 40)),
    ],
)
def test_sign_and_digits_are_counted_exactly(text, expected):
    value = Decimal(text)
    assert is_finite(value)
    assert (sign(value), whole_digits(value), decimal_places(value)) == expected


def test_an_instant_is_counted_in_microseconds_whatever_its_zone_and_type():
    berlin = datetime(1970, 1, 1, 1, 0, 0, 7, tzinfo=ZoneInfo("Europe/Berlin"))
    assert microseconds(berlin) == 7
    assert microseconds(pd.Timestamp(berlin)) == 7
    assert microseconds(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == 253_402_300_799_999_999


@pytest.mark.parametrize("value", [None, pd.NaT, datetime(2025, 1, 1), "2025-01-01T00:00Z", 0])
def test_what_is_no_instant_with_a_zone_has_no_microseconds(value):
    assert microseconds(value) is None


def test_measured_integers_stay_integers_beside_a_missing_one():
    column = pd.Series([Decimal("1.25"), None], index=[8, 3], dtype=object)
    result = measured(column, decimal_places)
    assert list(result) == [2, None]
    assert list(result.index) == [8, 3]
