"""A charge's price changes on a day: the billing periods from then on have the new one, those before keep theirs."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from transforms.catalog.charge import Charge

PER_UNIT = {"model": "per_unit", "price": "0.25"}
PREPAID = {"model": "prepaid", "price": "100", "units": "1000", "rollover": {"periods": "1", "apply": "first"}}
COMMITMENT = {"model": "commitment", "amount": "10", "charges": ["phone"]}
FIRST = date(2025, 1, 1)


def charge(pricing, *changes, **fields):
    """A charge, and (day, pricing) of each change."""
    uom = "each" if pricing["model"] in {"flat_fee", "commitment"} else "kwh"
    listed = [{"effective": day, "pricing": later} for day, later in changes]
    named = {"charge": "energy", "uom": uom, "currency": "EUR", "pricing": pricing, "price_changes": listed}
    return Charge.model_validate(named | fields)


def per_unit(price):
    return PER_UNIT | {"price": str(price)}


def test_a_period_has_the_price_of_the_last_change_on_or_before_its_first_day():
    energy = charge(PER_UNIT, ("2025-04-01", per_unit("0.30")), ("2025-06-01", per_unit("0.35")))
    days = ["2024-12-31", "2025-03-31", "2025-04-01", "2025-05-31", "2025-06-01", "2030-01-01"]
    found = [str(energy.of(date.fromisoformat(day)).pricing.price) for day in days]
    assert found == ["0.25", "0.25", "0.30", "0.30", "0.35", "0.35"]


def test_the_charge_of_a_period_has_one_price_and_all_else_of_the_charge():
    energy = charge(PER_UNIT, ("2025-04-01", per_unit("0.30")), timing="on_demand")
    april = energy.of(date(2025, 4, 1))
    assert april == charge(per_unit("0.30"), timing="on_demand")
    assert april.of(date(2025, 1, 1)) == april


@given(st.lists(st.integers(1, 400), unique=True, max_size=6), st.integers(0, 500))
def test_a_day_has_the_price_that_was_set_last(offsets, asked):
    changes = [(str(FIRST + timedelta(days=each)), per_unit(each)) for each in sorted(offsets)]
    found = charge(per_unit(0), *changes).of(FIRST + timedelta(days=asked)).pricing.price
    assert found == Decimal(max([each for each in offsets if each <= asked], default=0))


@pytest.mark.parametrize(
    ("first", "later"),
    [
        (PER_UNIT, {"model": "tiered", "tiers": [{"up_to": "5", "price": "1"}, {"price": "2"}]}),
        (PER_UNIT, {"model": "overage", "included": "5", "price": "1"}),
        ({"model": "flat_fee", "price": "5"}, {"model": "flat_fee", "price": "6"}),
        (PREPAID, PREPAID | {"price": "90", "units": "2000"}),
        (COMMITMENT, COMMITMENT | {"amount": "20"}),
    ],
)
def test_prices_and_models_of_quantities_can_change(first, later):
    assert charge(first, ("2025-04-01", later)).of(date(2025, 4, 1)) == charge(later)


@pytest.mark.parametrize(
    ("first", "later", "message"),
    [
        (PER_UNIT, {"model": "flat_fee", "price": "5"}, "turns model per_unit into flat_fee; declare another charge"),
        (PREPAID, PREPAID | {"priority": "1"}, "alters more of model prepaid than its price, units or amount"),
        (PREPAID, PREPAID | {"rollover": None}, "alters more of model prepaid"),
        (COMMITMENT, COMMITMENT | {"charges": ["phone", "data"]}, "alters more of model commitment"),
        ({"model": "pre_rated_total", "field": "A__c"}, PER_UNIT, "model pre_rated_total has no price_changes"),
    ],
)
def test_what_a_charge_is_cannot_change(first, later, message):
    with pytest.raises(ValidationError, match=message):
        charge(first, ("2025-04-01", later))


@pytest.mark.parametrize("days", [("2025-04-01", "2025-04-01"), ("2025-05-01", "2025-04-01")])
def test_changes_stand_in_the_order_of_their_days_and_once_a_day(days):
    with pytest.raises(ValidationError, match="the price change of 2025-04-01 stands after that of"):
        charge(PER_UNIT, *((day, PER_UNIT) for day in days))


@pytest.mark.parametrize("day", ["2025-04", "2025-04-31", "20250401", "2025-04-01T00:00:00Z", "1743465600", ""])
def test_a_change_names_a_whole_day(day):
    with pytest.raises(ValidationError, match="write a day such as 2025-04-01"):
        charge(PER_UNIT, (day, PER_UNIT))


def test_a_later_price_is_held_against_the_charge_as_the_first_is():
    tiered = {"model": "tiered", "tiers": [{"price": "1"}]}
    overage = {"model": "overage", "included": "5", "price": "1"}
    with pytest.raises(ValidationError, match="model overage prices a whole billing period; rating_group: record"):
        charge(tiered, ("2025-04-01", overage), rating_group="record")
