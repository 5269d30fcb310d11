from decimal import Decimal
from fractions import Fraction

import pytest
from pydantic import ValidationError

from transforms.catalog.units import Currency, Unit, Units


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


@pytest.mark.parametrize(
    ("rounding", "rounded"), [("half_up", "0.15"), ("half_even", "0.10"), ("up", "0.15"), ("down", "0.10")]
)
def test_money_without_small_coins_is_rounded_to_whole_increments_in_every_mode(rounding, rounded):
    francs = Currency.model_validate({"increment": "0.05", "rounding": rounding})
    assert str(francs.round(Decimal("0.125"))) == rounded
    assert str(francs.round(Decimal("-0.125"))) == f"-{rounded}"
    assert str(francs.round(Fraction(1, 20))) == "0.05"


def test_an_increment_above_one_keeps_the_decimals_of_the_currency():
    assert str(Currency.model_validate({"increment": "5"}).round(Decimal("7.49"))) == "5.00"
    assert str(Currency.model_validate({"decimals": "0", "increment": "100"}).round(Decimal(150))) == "200"


def test_without_an_increment_the_last_decimal_is_the_step():
    assert Currency.model_validate({"decimals": "3"}).step == Decimal("0.001")
    assert Currency.model_validate({"increment": "0.05"}).step == Decimal("0.05")


@pytest.mark.parametrize("increment", ["0", "-0.05", "0.005"])
def test_an_increment_that_the_decimals_cannot_show_is_refused(increment):
    with pytest.raises(ValidationError, match="increment"):
        Currency.model_validate({"increment": increment})


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


@pytest.mark.parametrize(
    ("megabyte", "found"),
    [
        ({"byte": "1/1000"}, "1 byte is 1/1000000000 gigabyte, but by way of megabyte it is 1/1000000 gigabyte"),
        ({"gigabyte": "1000"}, None),
        ({"gigabyte": "1024"}, "1 gigabyte is 1 gigabyte, but by way of megabyte it is 128/125 gigabyte"),
    ],
)
def test_units_that_make_one_thing_of_two_worths_are_refused(megabyte, found):
    units = {
        "gigabyte": gigabyte(aliases={"megabyte": "1/1000", "byte": "1/1000000000"}),
        "megabyte": gigabyte(aliases=megabyte),
    }
    if found is None:
        assert Units(units=units, currencies={}).units == units
        return
    with pytest.raises(ValidationError, match=found):
        Units(units=units, currencies={})


def test_a_unit_is_no_alias_of_itself():
    with pytest.raises(ValidationError, match="unit 'gigabyte': it is an alias of itself, worth 2"):
        Units(units={"gigabyte": gigabyte(aliases={"gigabyte": "2"})}, currencies={})
