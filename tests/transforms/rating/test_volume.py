from decimal import Decimal

import pytest

from transforms.catalog.pricing import Volume
from transforms.rating.lines import worth
from transforms.rating.volume import price


def table(*tiers, **options):
    return Volume.model_validate({"model": "volume", "tiers": tiers} | options)


E24 = ({"up_to": "50", "price": "120"}, {"up_to": "100", "price": "100"})


def amount(quantity, model):
    return worth(price(Decimal(quantity), model))


def test_e24_five_units_in_the_first_tier_cost_600():
    assert amount("5", table(*E24)) == 600


@pytest.mark.parametrize(("quantity", "owed"), [("50", 6000), ("50.01", 5001), ("100", 10000)])
def test_the_tier_that_holds_the_quantity_prices_all_of_it(quantity, owed):
    assert amount(quantity, table(*E24)) == owed


def test_a_flat_tier_costs_the_same_for_any_quantity_in_it():
    model = table({"up_to": "50", "flat": "30"}, {"price": "1", "flat": "5"})
    assert amount("1", model) == amount("50", model) == 30
    assert amount("60", model) == 60 * 1 + 5


def test_usage_of_zero_reaches_no_tier_unless_the_charge_bills_its_first_flat_amount():
    assert amount("0", table({"price": "2", "flat": "10"})) == 0
    assert amount("0", table({"price": "2", "flat": "10"}, at_zero="first_flat")) == 10


def test_a_quantity_above_a_closed_last_tier_is_refused_rather_than_left_unbilled():
    with pytest.raises(ValueError, match="quantity 101 is above the last tier, which ends at 100"):
        price(Decimal(101), table(*E24))


def test_a_charge_may_leave_all_of_a_quantity_that_no_tier_holds_unbilled_and_shows_it():
    [line] = price(Decimal(101), table(*E24, above_last_tier="unbilled"))
    assert (line.tier, line.above, line.units, line.amount) == (3, 100, 101, 0)
