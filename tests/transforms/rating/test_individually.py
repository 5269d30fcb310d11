from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rating_by_hand import UNITS, bill, charge, used

from transforms.rating.individually import shares
from transforms.rating.lines import worth

MIXED = ({"up_to": "10", "price": "1"}, {"up_to": "20", "flat": "5"}, {"price": "0.5", "flat": "1"})
MODELS = {
    "per_unit": charge("per_unit", price="0.333", rate_records="individually"),
    "tiered": charge("tiered", *MIXED, rate_records="individually"),
    "volume": charge("volume", *MIXED, rate_records="individually"),
    "overage": charge("overage", included="10", price="0.333", rate_records="individually"),
}


def owed(lines, phone):
    [item] = bill(lines, phone)
    return [str(share) for share in shares(lines, item.quantity, item.breakdown, UNITS.units["minute"])]


def test_each_record_takes_its_units_from_where_the_records_before_it_ended():
    lines = [used(1, "8", day=1), used(2, "5", day=2), used(3, "2", day=3), used(4, "10", day=4)]
    # 8 at 1; then 2 at 1 and the flat 5; then nothing more of that tier; then the last tier's 5 at 0.5 and its 1
    assert [Decimal(share) for share in owed(lines, MODELS["tiered"])] == [8, 7, 0, Decimal("3.5")]


def test_the_tier_that_all_of_a_volume_reaches_prices_each_record_and_its_flat_amount_stands_with_the_first():
    lines = [used(1, "8", day=1), used(2, "14", day=2)]
    assert [Decimal(share) for share in owed(lines, MODELS["volume"])] == [5, 7]


def test_the_included_units_are_used_up_by_the_records_that_start_first():
    lines = [used(1, "7", day=9), used(2, "6", day=3)]
    assert [Decimal(share) for share in owed(lines, MODELS["overage"])] == [0, Decimal("0.999")]


def test_each_amount_is_rounded_so_that_the_sum_may_be_another_than_together():
    lines = [used(1, "4", day=1), used(2, "3", day=2), used(3, "6", day=3)]
    together = charge("per_unit", price="0.1107")
    [whole], [cut] = bill(lines, together), bill(lines, charge("per_unit", price="0.1107", rate_records="individually"))
    assert (whole.amount, cut.amount) == (Decimal("1.44"), Decimal("1.43"))  # 0.4428, 0.3321 and 0.6642
    assert whole.breakdown == cut.breakdown


def test_an_adjustment_is_part_of_the_record_that_it_corrects():
    lines = [used(1, "8", day=1), used(2, "5", day=2), used(3, "-3", day=1, corrects=1)]
    assert [Decimal(share) for share in owed(lines, MODELS["tiered"])] == [5, 5]


def test_usage_below_zero_takes_from_the_end_and_owes_nothing():
    lines = [used(1, "8", day=2), used(2, "-3", day=1)]
    assert [Decimal(share) for share in owed(lines, MODELS["tiered"])] == [5, 0]


def test_usage_of_zero_owes_the_first_flat_amount_where_the_charge_says_so():
    flat = charge("tiered", {"flat": "100"}, at_zero="first_flat", rate_records="individually")
    [item] = bill([used(1, "0"), used(2, "0")], flat)
    assert item.amount == 100


RECORDS = st.lists(st.tuples(st.decimals(-5, 60, places=3), st.integers(1, 28)), min_size=1, max_size=8).filter(
    lambda records: sum(quantity for quantity, _ in records) >= 0
)


@pytest.mark.parametrize("model", MODELS)
@given(records=RECORDS)
def test_what_the_records_owe_adds_up_to_the_price_and_none_owes_less_than_nothing(model, records):
    at = [datetime(2018, 1, day, tzinfo=UTC) for _, day in records]
    lines = [used(number, quantity, start_at=at[number]) for number, (quantity, _) in enumerate(records)]
    [item] = bill(lines, MODELS[model])
    found = list(shares(lines, item.quantity, item.breakdown, UNITS.units["minute"]))
    assert sum(found) == worth(item.breakdown)
    assert min(found) >= 0
