from datetime import UTC, datetime
from decimal import Decimal

from rating_by_hand import amounts, bill, billed_by, charge, used

from transforms.rating.usage import ChargePeriod

FEE = charge("flat_fee", price="20")
JANUARY = ChargePeriod(
    account_number="A1",
    subscription_number="S1",
    charge_number="C-1",
    charge="phone",
    period_start=datetime(2018, 1, 1, tzinfo=UTC),
    period_end=datetime(2018, 2, 1, tzinfo=UTC),
)


def test_a_flat_fee_costs_the_same_whatever_is_used():
    for quantity in ("0", "1", "700"):
        assert amounts(bill([used(1, quantity, uom="each")], FEE)) == [20]


def test_a_flat_fee_is_owed_without_usage_once():
    [item] = bill([], FEE, subscribed=[JANUARY])
    assert (item.charge_number, item.quantity, item.amount, item.record_ids) == ("C-1", 0, 20, ())
    assert bill([], FEE, billed_by([item]), [JANUARY]) == ()


def test_usage_that_comes_after_a_flat_fee_was_billed_owes_nothing_more():
    before = billed_by(bill([], FEE, subscribed=[JANUARY]))
    [item] = bill([used(1, "3", uom="each")], FEE, before, [JANUARY])
    assert (item.quantity, item.amount_total, item.amount, item.record_ids) == (3, 20, 0, (1,))


def test_what_was_billed_by_another_rating_group_is_given_back():
    other = {("C-1", JANUARY.period_start, "2018-01-05"): Decimal(7)}
    assert [(item.group_key, item.amount) for item in bill([], FEE, other, [JANUARY])] == [("", 20), ("2018-01-05", -7)]


def test_no_other_model_owes_without_usage():
    tiered = charge("tiered", {"flat": "100"}, at_zero="first_flat")
    assert bill([], tiered, subscribed=[JANUARY]) == ()
