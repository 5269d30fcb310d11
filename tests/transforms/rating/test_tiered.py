from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_by_hand import rate_detail

from transforms.catalog.pricing import Tiered
from transforms.rating.lines import exact_sum, worth
from transforms.rating.tiered import price


def table(*tiers, **options):
    return Tiered.model_validate({"model": "tiered", "tiers": tiers} | options)


E11 = table({"up_to": "9", "price": "0"}, {"up_to": "20", "price": "1"}, {"up_to": "30", "flat": "2"}, {"price": "3"})
CLOSED = ({"up_to": "10", "price": "2"}, {"up_to": "20", "price": "3"})


def amount(quantity, model):
    return worth(price(Decimal(quantity), model))


def test_e11_forty_five_units_cross_a_free_a_unit_a_flat_and_an_open_tier_and_cost_58():
    lines = price(Decimal(45), E11)
    assert [(line.tier, line.above, line.up_to, line.units, line.amount) for line in lines] == [
        (1, 0, 9, 9, 0),
        (2, 9, 20, 11, 11),
        (3, 20, 30, 10, 2),
        (4, 30, None, 15, 45),
    ]
    assert worth(lines) == 58


def test_a_breakdown_reads_the_way_the_billing_platform_writes_it():
    assert rate_detail(price(Decimal(45), E11)) == "1:1:0:9:0;2:1:9:20:1;3:0:20:30:2;4:1:30::3;"


@pytest.mark.parametrize(("quantity", "owed"), [("20", 11), ("20.000000001", 13), ("30", 13), ("30.5", "14.5")])
def test_a_bound_belongs_to_the_tier_below_it_and_a_flat_tier_is_owed_once_entered(quantity, owed):
    assert amount(quantity, E11) == Decimal(owed)


def test_a_tier_with_a_price_and_a_flat_amount_owes_both():
    model = table({"up_to": "5", "price": "0", "flat": "1"}, {"price": "1", "flat": "2"})
    assert amount("3", model) == 1
    assert amount("7", model) == 1 + 2 * 1 + 2


def test_usage_of_zero_enters_no_tier_and_owes_nothing():
    assert price(Decimal(0), table({"flat": "100"})) == ()


def test_usage_of_zero_owes_the_first_flat_amount_where_the_charge_says_so():
    assert amount("0", table({"up_to": "5", "flat": "100"}, {"flat": "50"}, at_zero="first_flat")) == 100


def test_a_quantity_above_a_closed_last_tier_is_refused_rather_than_left_unbilled():
    with pytest.raises(ValueError, match=r"quantity 20\.5 is above the last tier, which ends at 20"):
        price(Decimal("20.5"), table(*CLOSED))


def test_a_closed_last_tier_holds_its_own_bound():
    assert amount("20", table(*CLOSED)) == 10 * 2 + 10 * 3


def test_what_a_charge_leaves_unbilled_above_its_last_tier_is_still_seen():
    lines = price(Decimal(26), table(*CLOSED, above_last_tier="unbilled"))
    assert (lines[-1].tier, lines[-1].above, lines[-1].units, lines[-1].amount) == (3, 20, 6, 0)
    assert worth(lines) == 50


money = st.decimals(min_value=0, max_value=1000, places=4)
quantities = st.decimals(min_value=0, max_value=10**6, places=9)


@st.composite
def tables(draw, *, flats=True):
    bounds = draw(st.lists(st.integers(1, 10**6), unique=True, max_size=4).map(sorted))
    flat = money if flats else st.none()
    return table(*({"up_to": bound, "price": draw(money), "flat": draw(flat)} for bound in [*bounds, None]))


@given(tables(), quantities, quantities)
def test_more_usage_never_costs_less(model, one, other):
    assert amount(min(one, other), model) <= amount(max(one, other), model)


@given(tables(flats=False), quantities)
def test_every_unit_falls_into_exactly_one_tier(model, quantity):
    assert exact_sum(line.units for line in price(quantity, model)) == quantity
