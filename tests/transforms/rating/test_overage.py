from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_by_hand import rate_detail

from transforms.catalog.pricing import Overage, PerUnit, TieredWithOverage
from transforms.rating import overage, per_unit, tiered_with_overage
from transforms.rating.lines import worth

FIVE_HUNDRED = Overage(model="overage", included="500", price="0.50")
CLOSED = [{"up_to": "10", "price": "2"}, {"up_to": "20", "price": "3", "flat": "1"}]
WITH_OVERAGE = TieredWithOverage.model_validate({"model": "tiered_with_overage", "tiers": CLOSED, "overage_price": "5"})


@pytest.mark.parametrize(("quantity", "owed"), [("0", 0), ("500", 0), ("500.1", "0.05"), ("520", 10)])
def test_what_is_above_the_included_units_is_billed(quantity, owed):
    assert worth(overage.price(Decimal(quantity), FIVE_HUNDRED)) == Decimal(owed)


def test_the_included_units_are_shown_as_a_free_tier():
    assert rate_detail(overage.price(Decimal(520), FIVE_HUNDRED)) == "1:1:0:500:0;2:1:500::0.50;"


@pytest.mark.parametrize(("quantity", "owed"), [("0", 0), ("20", 51), ("20.5", "53.5"), ("30", 101)])
def test_what_is_above_the_last_tier_costs_the_overage_price(quantity, owed):
    assert worth(tiered_with_overage.price(Decimal(quantity), WITH_OVERAGE)) == Decimal(owed)


@given(st.decimals(0, 10_000, places=3), st.decimals(0, 10_000, places=3))
def test_more_usage_never_costs_less_and_never_more_than_the_units_between(one, other):
    low, high = sorted((one, other))
    more = worth(overage.price(high, FIVE_HUNDRED)) - worth(overage.price(low, FIVE_HUNDRED))
    assert 0 <= more <= worth(per_unit.price(high - low, PerUnit(model="per_unit", price="0.50")))
