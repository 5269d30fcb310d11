from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from transforms.units import Currency, Unit, Units


def gigabyte(**fields):
    return Unit.model_validate({"decimals": "3", "aliases": {"byte": "1/1000000000", "megabyte": "0.001"}} | fields)


def test_a_quantity_is_rounded_up_unless_the_unit_says_otherwise():
    assert gigabyte().round(Decimal("2.0001")) == Decimal("2.001")
    assert gigabyte(rounding="down").round(Decimal("2.0009")) == 2
    assert gigabyte(rounding="half_up").round(Decimal("2.0005")) == Decimal("2.001")


def test_money_is_rounded_half_up_to_the_currency_unless_finance_says_otherwise():
    assert Currency().round(Decimal("0.125")) == Decimal("0.13")
    assert Currency.model_validate({"rounding": "half_even"}).round(Decimal("0.125")) == Decimal("0.12")
    assert str(Currency.model_validate({"decimals": "0"}).round(Fraction(2001, 2))) == "1001"


def test_an_alias_is_worth_an_exact_fraction_of_the_unit():
    units = Units(units={"gigabyte": gigabyte()}, currencies={})
    assert units.factor("byte", "gigabyte") == Fraction(1, 10**9)
    assert units.factor("megabyte", "gigabyte") == Fraction(1, 1000)
    assert units.factor("gigabyte", "gigabyte") == 1


def test_a_unit_that_no_alias_names_has_no_factor():
    units = Units(units={"gigabyte": gigabyte()}, currencies={})
    with pytest.raises(KeyError, match="furlong"):
        units.factor("furlong", "gigabyte")


@pytest.mark.parametrize("factor", ["0", "-1/1000", "0/5"])
def test_a_factor_that_would_lose_the_usage_is_refused(factor):
    with pytest.raises(ValidationError, match="above 0"):
        gigabyte(aliases={"byte": factor})


@pytest.mark.parametrize("decimals", ["-1", "10"])
def test_a_unit_has_at_most_the_nine_decimals_that_the_billing_platform_keeps(decimals):
    with pytest.raises(ValidationError, match="decimals"):
        gigabyte(decimals=decimals)
