"""Usage draws prepaid units before it is priced, period by period, and gives them back when it is rated again."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prepaid_by_hand import FEBRUARY, JANUARY, MARCH, Prepaid, bundle, drawing, subscription
from rating_by_hand import UNITS, amounts, rate_detail, used

from transforms.period import Period
from transforms.rating.prepaid import Recorded
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError

TIERED = {"model": "tiered", "tiers": [{"up_to": "10", "price": "2"}, {"price": "1"}]}


def test_e36_ten_hours_at_two_points_each_leave_eighty_of_a_hundred():
    shop = Prepaid(drawing("2"), (subscription(), bundle("100")))
    shop.use("10")
    assert amounts(shop.bill()) == [0]
    assert shop.told == [("prepayment", 100), ("drawdown", -20)]
    assert shop.balances == {("bought", "01-01"): 80}


def test_e38_the_ledger_of_ten_units_a_month_raised_to_fifteen_of_which_three_then_four_are_used():
    shop = Prepaid()
    shop.bill(JANUARY)
    shop.bill(FEBRUARY)
    shop.bought = [(subscription(), bundle("15"))]
    shop.use("3", FEBRUARY)
    shop.bill(FEBRUARY)
    shop.correct(0, "4")
    shop.bill(FEBRUARY)
    assert shop.told == [
        ("prepayment", 10),
        ("prepayment", 10),
        ("prepayment_adjustment", 5),
        ("drawdown", -3),
        ("drawdown_adjustment", 3),
        ("drawdown", -4),
    ]


def test_e39_what_january_leaves_is_there_in_february():
    shop = Prepaid(None, (subscription(), bundle("1000", rollover={"periods": "2", "apply": "first"})))
    shop.use("800")
    shop.bill(JANUARY)
    assert shop.balances == {("bought", "01-01"): 0, ("rolled", "02-01"): 200}
    shop.bill(FEBRUARY, ended=False)
    assert shop.balances == {("bought", "01-01"): 0, ("rolled", "02-01"): 200, ("bought", "02-01"): 1000}
    [rolled] = [fund for fund in shop.funds.values() if fund.kind == "rolled"]
    assert rolled.end_at == datetime(2018, 4, 1, tzinfo=UTC)


def test_e41_of_charges_of_300_a_credit_of_200_leaves_100_to_be_billed():
    dollars = drawing(pricing={"model": "per_unit", "price": "1"})
    shop = Prepaid(dollars, (subscription(), bundle("200")))
    shop.use("300")
    assert amounts(shop.bill()) == [100]


def test_what_the_fund_cannot_cover_is_priced_from_the_first_tier_on():
    shop = Prepaid(drawing(pricing=TIERED))
    shop.use("25")
    [item] = shop.bill()
    assert (item.quantity, item.amount) == (25, 10 * 2 + 5 * 1)
    assert [(line.format, line.units, line.amount) for line in item.breakdown] == [
        ("prepaid", 10, 0),
        ("per_unit", 10, 20),
        ("per_unit", 5, 5),
    ]
    assert rate_detail(item.breakdown) == "0:0:0:10.0:0;1:1:0:10:2;2:1:10::1;"


def test_only_whole_units_of_usage_are_covered_and_what_is_left_of_a_fund_stays():
    shop = Prepaid(drawing("0.3", rating_group="record"), (subscription(), bundle("1")))
    shop.use("5")
    [item] = shop.bill()
    assert (item.breakdown[0].units, item.amount) == (Decimal("3.3"), Decimal("1.7") * 5)
    assert shop.balances == {("bought", "01-01"): Decimal("0.01")}


def test_usage_that_is_prepaid_as_a_whole_enters_no_tier():
    flat_first = {"model": "volume", "tiers": [{"flat": "7"}], "at_zero": "first_flat"}
    shop = Prepaid(drawing(pricing=flat_first))
    shop.use("10")
    assert amounts(shop.bill()) == [0]
    shop.use("1")
    assert amounts(shop.bill()) == [7]


def test_a_fund_of_another_subscription_serves_only_where_it_is_the_account_s():
    for scope, due in (("subscription", 50), ("account", 0)):
        shop = Prepaid(None, (subscription(subscription_number="S2"), bundle(scope=scope)))
        shop.use("10")
        assert amounts(shop.bill()) == [due]


def test_units_that_are_not_used_are_lost_at_the_end_of_their_period():
    shop = Prepaid()
    shop.bill(JANUARY)
    shop.use("15", FEBRUARY)
    assert amounts(shop.bill(FEBRUARY)) == [5 * 5]
    assert shop.balances == {("bought", "01-01"): 10, ("bought", "02-01"): 0}


def test_the_lower_priority_is_drawn_first_and_then_what_ends_earlier():
    quarter = {"billing_period": "quarter", "priority": "1"}
    shop = Prepaid(
        None,
        (subscription("B-1"), bundle(**quarter)),
        (subscription("B-2"), bundle(priority="1")),
        (subscription("B-3"), bundle(priority="2")),
    )
    shop.use("12")
    shop.bill()
    assert [shop.funds[entry.fund_id].charge_number for entry in shop.ledger if entry.type == "drawdown"] == [
        "B-2",
        "B-1",
    ]


@pytest.mark.parametrize(("apply", "order"), [("first", ["rolled", "bought"]), ("last", ["bought", "rolled"])])
def test_what_was_rolled_over_is_drawn_first_or_last(apply, order):
    shop = Prepaid(None, (subscription(), bundle(rollover={"periods": "1", "apply": apply})))
    shop.bill(JANUARY)
    shop.use("12", FEBRUARY)
    shop.bill(FEBRUARY)
    assert [shop.funds[entry.fund_id].kind for entry in shop.ledger if entry.type == "drawdown"] == order


def test_what_was_rolled_over_is_lost_after_so_many_periods():
    shop = Prepaid(None, (subscription(), bundle(rollover={"periods": "1", "apply": "first"})))
    shop.bill(JANUARY)
    shop.use("20", FEBRUARY)
    shop.bill(FEBRUARY)
    shop.use("11", MARCH)
    assert amounts(shop.bill(MARCH)) == [5]


def test_nothing_is_rolled_over_beyond_the_subscription():
    shop = Prepaid(None, (subscription(end="2018-02-15"), bundle(rollover={"periods": "3", "apply": "first"})))
    shop.bill(JANUARY)
    assert [fund.end_at for fund in shop.funds.values()] == [
        datetime(2018, 2, 1, tzinfo=UTC),
        datetime(2018, 2, 15, tzinfo=UTC),
    ]
    shop.bill(FEBRUARY)
    assert shop.balances == {("bought", "01-01"): 0, ("rolled", "02-01"): 10, ("bought", "02-01"): 10}


def test_late_usage_takes_back_what_was_rolled_over_and_is_left():
    shop = Prepaid(None, (subscription(), bundle(rollover={"periods": "2", "apply": "first"})))
    shop.use("4")
    shop.bill(JANUARY)
    shop.use("1", FEBRUARY)
    shop.bill(FEBRUARY, ended=False)
    shop.use("3")
    before = list(shop.ledger)
    assert amounts(shop.bill(JANUARY)) == [0]
    assert shop.told[len(before) :] == [
        ("rollover_reversal", -5),
        ("rollover_reversal", 5),
        ("drawdown_adjustment", 4),
        ("drawdown", -7),
        ("rollover", -2),
        ("rollover", 2),
    ]


def test_late_usage_does_not_take_back_what_a_later_period_has_used():
    shop = Prepaid(None, (subscription(), bundle(rollover={"periods": "2", "apply": "first"})))
    shop.bill(JANUARY)
    shop.use("8", FEBRUARY)
    shop.bill(FEBRUARY)
    shop.use("5")
    assert amounts(shop.bill(JANUARY)) == [3 * 5]


def test_a_period_that_is_rated_again_without_a_change_leaves_the_ledger_as_it_is():
    shop = Prepaid(None, (subscription(), bundle(rollover={"periods": "2", "apply": "first"})))
    shop.use("4")
    shop.bill()
    before = list(shop.ledger)
    assert shop.bill() == ()
    assert shop.ledger == before


def test_fewer_units_than_are_used_are_refused():
    shop = Prepaid(None, (subscription(), bundle("10")))
    shop.use("7")
    shop.bill()
    shop.bought = [(subscription(), bundle("7"))]
    shop.bill()
    shop.bought = [(subscription(), bundle("6"))]
    with pytest.raises(RatingError, match=r"B-1: 7 credit of 2018-01 are used, but its charge now gives 6"):
        shop.bill()


def test_usage_of_a_quarter_draws_from_the_funds_of_its_months_the_earliest_first():
    shop = Prepaid()
    shop.use("25", Period.parse("2018-Q1"))
    assert amounts(shop.bill(Period.parse("2018-Q1"))) == [0]
    assert shop.balances == {("bought", "01-01"): 0, ("bought", "02-01"): 0, ("bought", "03-01"): 5}


def test_usage_of_months_draws_from_the_fund_of_their_quarter_and_its_rest_is_rolled_over_once():
    quarter = bundle("30", billing_period="quarter", rollover={"periods": "1", "apply": "first"})
    shop = Prepaid(None, (subscription(end="2018-12-01"), quarter))
    for month in (JANUARY, FEBRUARY, MARCH):
        shop.use("8", month)
        assert amounts(shop.bill(month)) == [0]
    assert shop.balances == {("bought", "01-01"): 0, ("rolled", "04-01"): 6}
    shop.use("3", JANUARY)
    assert amounts(shop.bill(JANUARY)) == [0]
    assert shop.balances == {("bought", "01-01"): 0, ("rolled", "04-01"): 3}


def test_groups_draw_one_after_the_other_and_usage_that_comes_later_may_move_what_is_covered():
    shop = Prepaid(drawing(rating_group="group_id", group_field="GROUP__c"))
    shop.use("6", custom_fields={"GROUP__c": "b"})
    shop.bill()
    shop.use("6", custom_fields={"GROUP__c": "a"})
    assert [(item.group_key, item.amount) for item in shop.bill()] == [("a", 0), ("b", 10)]


def test_a_bill_run_that_is_made_again_covers_what_is_recorded():
    shop = Prepaid(drawing("2"))
    shop.use("7")
    [item] = shop.bill()
    recorded = Recorded({("C-1", shop.lines[0].period_start, ""): Decimal(10)}, {})
    lines = [used(1, "7")]
    assert rate(lines, charges={"phone": shop.phone}, units=UNITS, billed={}, funds=recorded) == (item,)


def test_without_funds_all_usage_is_priced():
    assert amounts(rate([used(1, "7")], charges={"phone": drawing()}, units=UNITS, billed={})) == [35]
