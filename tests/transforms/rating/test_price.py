"""What holds for the price of any quantity, model by model."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from transforms.catalog.models import Pricing
from transforms.rating.lines import worth
from transforms.rating.price import price

IN_TIERS = ("tiered", "tiered_with_overage", "high_water_mark_tiered", "overage")
TIERED = (*IN_TIERS, "per_unit")
QUANTITIES = st.decimals(0, 500, places=3)
PRICES = st.decimals(0, 9, places=4)
NO_FLAT = st.none()
STEP = Decimal("0.001")


@st.composite
def pricings(draw, model, flat=NO_FLAT):
    """A charge's pricing by one of the models that take nothing but a quantity."""
    bounds = sorted(draw(st.sets(st.integers(1, 400), min_size=1, max_size=4)))
    tiers = [{"up_to": str(bound), "price": draw(PRICES), "flat": draw(flat)} for bound in bounds]
    last = draw(PRICES)
    fields = {
        "per_unit": {"price": last},
        "flat_fee": {"price": last},
        "overage": {"included": str(bounds[0]), "price": last},
        "tiered_with_overage": {"tiers": tiers, "overage_price": last},
    }
    return TypeAdapter(Pricing).validate_python(
        {"model": model} | fields.get(model, {"tiers": [*tiers, {"price": last, "flat": draw(flat)}]})
    )


def owed(quantity, pricing):
    return worth(price(quantity, pricing))


@pytest.mark.parametrize("model", TIERED)
@given(data=st.data(), quantities=st.lists(QUANTITIES, min_size=2, max_size=6))
def test_more_usage_never_costs_less_where_each_tier_prices_its_own_units(model, data, quantities):
    pricing = data.draw(pricings(model, flat=NO_FLAT if model != "tiered" else st.sampled_from([None, "5"])))
    found = [owed(quantity, pricing) for quantity in sorted(quantities)]
    assert all(less <= more for less, more in pairwise(found))


@pytest.mark.parametrize("model", TIERED)
@given(data=st.data(), quantity=QUANTITIES)
def test_a_little_more_usage_costs_a_little_more_where_there_are_no_flat_amounts(model, data, quantity):
    pricing = data.draw(pricings(model))
    dearest = 9
    assert 0 <= owed(quantity + STEP, pricing) - owed(quantity, pricing) <= STEP * dearest


@pytest.mark.parametrize("model", IN_TIERS)
@given(data=st.data(), little=st.decimals("0.001", "0.5", places=3))
def test_at_every_bound_the_price_from_below_and_from_above_is_one_where_there_are_no_flat_amounts(model, data, little):
    pricing = data.draw(pricings(model))
    for bound in bounds(pricing):
        # Within a tier the price is a straight line: two points of it tell where it meets the bound.
        below = 2 * owed(bound - little, pricing) - owed(bound - 2 * little, pricing)
        above = 2 * owed(bound + little, pricing) - owed(bound + 2 * little, pricing)
        assert below == owed(bound, pricing) == above


@given(st.data(), st.decimals("0.001", "0.5", places=3))
def test_at_a_bound_a_tiered_price_jumps_by_the_flat_amount_of_the_tier_above(data, little):
    pricing = data.draw(pricings("tiered", flat=st.sampled_from([None, "5"])))
    for bound, entered in zip(bounds(pricing), pricing.tiers[1:], strict=True):
        above = 2 * owed(bound + little, pricing) - owed(bound + 2 * little, pricing)
        assert above - owed(bound, pricing) == (entered.flat or 0)


def bounds(pricing):
    """Where one tier ends and another begins."""
    table = getattr(pricing, "table", pricing)
    return [tier.up_to for tier in table.tiers if tier.up_to is not None]


def test_more_usage_may_cost_less_by_volume_which_is_neither_rising_nor_without_jumps():
    """50 units cost 50 x 11 = 550, and one more makes all of them cheaper: 51 x 10 = 510."""
    tiers = [{"up_to": "50", "price": "11"}, {"price": "10"}]
    pricing = TypeAdapter(Pricing).validate_python({"model": "volume", "tiers": tiers})
    assert [owed(Decimal(quantity), pricing) for quantity in ("50", "50.001", "51")] == [550, Decimal("500.010"), 510]


@pytest.mark.parametrize("model", ["volume", "high_water_mark_volume"])
@given(data=st.data(), quantity=QUANTITIES)
def test_all_of_a_volume_costs_one_price_and_one_flat_amount(model, data, quantity):
    pricing = data.draw(pricings(model, flat=st.sampled_from([None, "5"])))
    reached = next(tier for tier in pricing.tiers if tier.up_to is None or quantity <= tier.up_to)
    assert owed(quantity, pricing) == (quantity * reached.price + (reached.flat or 0) if quantity else 0)


@given(st.data(), QUANTITIES, QUANTITIES)
def test_a_flat_fee_is_the_same_for_any_two_quantities(data, one, other):
    pricing = data.draw(pricings("flat_fee"))
    assert owed(one, pricing) == owed(other, pricing)


@given(st.data(), QUANTITIES)
def test_overage_costs_what_per_unit_costs_less_what_is_included(data, quantity):
    pricing = data.draw(pricings("overage"))
    assert owed(quantity, pricing) == max(quantity - pricing.included, 0) * pricing.price
