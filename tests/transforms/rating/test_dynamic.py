from datetime import UTC, datetime
from decimal import Decimal

import pytest
from rating_by_hand import amounts, bill, charge, used

from transforms.catalog.decision_table import Bounded
from transforms.rating.bounds import clamp
from transforms.rating.unpriced import at_list_price, unpriced
from transforms.rating.usage import RatingError

ATTRIBUTES = {"UsageState": "state__c", "Plan": "PLAN__c"}


def row(state, effective, price, plan="basic", **fields):
    return {
        "when": {"UsageState": state, "Plan": plan},
        "effective": f"2018-01-{effective:02}T00:00:00+00:00",
        "price": price,
        **fields,
    }


CALIFORNIA = row("CA", 5, "2"), row("CA", 20, "3"), row("NY", 5, "4", minimum="3", maximum="6")


def phone(*rows, **fields):
    return charge("dynamic", attributes=ATTRIBUTES, table=rows, group="record", **fields)


def call(record_id, quantity, day, state, plan="basic", **fields):
    return used(record_id, quantity, day, custom_fields={"state__c": state, "PLAN__c": plan}, **fields)


def test_each_record_costs_what_the_table_has_for_it_when_it_starts():
    calls = [call(1, "10", 5, "CA"), call(2, "10", 19, "CA"), call(3, "10", 20, "CA"), call(4, "10", 30, "NY")]
    items = bill(calls, phone(*CALIFORNIA))
    assert [(item.group_key, item.amount) for item in items] == [("1", 20), ("2", 20), ("3", 30), ("4", 40)]


def test_a_price_holds_from_the_very_instant_of_its_effective_date():
    instant = datetime(2018, 1, 20, tzinfo=UTC)
    at = [call(1, "1", 1, "CA", start_at=instant), call(2, "1", 1, "CA", start_at=instant.replace(day=19, hour=23))]
    assert amounts(bill(at, phone(*CALIFORNIA))) == [3, 2]


def test_an_effective_date_is_an_instant_and_not_a_day_of_the_account():
    rows = row("CA", 5, "2"), row("CA", 20, "3") | {"effective": "2018-01-20T00:00:00+09:00"}
    at = call(1, "1", 1, "CA", start_at=datetime(2018, 1, 19, 15, tzinfo=UTC))
    assert amounts(bill([at], phone(*rows))) == [3]


def test_a_price_that_was_negotiated_for_a_subscription_comes_first_and_for_it_alone():
    rows = *CALIFORNIA, row("CA", 10, "1.5", subscription="S1")
    calls = [call(1, "10", 9, "CA"), call(2, "10", 10, "CA"), call(3, "10", 25, "CA")]
    assert amounts(bill(calls, phone(*rows))) == [20, 15, 15]
    other = [call(2, "10", 10, "CA", subscription_number="S2")]
    assert amounts(bill(other, phone(*rows))) == [20]


@pytest.mark.parametrize(("negotiated", "owed"), [("1", 3), ("4.5", "4.5"), ("9", 6)])
def test_a_negotiated_price_stays_within_the_bounds_of_the_standard_one(negotiated, owed):
    rows = *CALIFORNIA, row("NY", 5, negotiated, subscription="S1")
    assert amounts(bill([call(1, "1", 9, "NY")], phone(*rows))) == [Decimal(owed)]


def test_a_negotiated_price_with_bounds_of_its_own_has_these():
    rows = *CALIFORNIA, row("NY", 5, "1", subscription="S1", minimum="2")
    assert amounts(bill([call(1, "1", 9, "NY")], phone(*rows))) == [2]


@pytest.mark.parametrize(("price", "within"), [("2", 3), ("3", 3), ("4", 4), ("6", 6), ("7", 6)])
def test_bounds_hold_what_is_outside_and_leave_what_is_inside(price, within):
    assert clamp(Decimal(price), Bounded(minimum="3", maximum="6")) == within
    assert clamp(Decimal(price), Bounded()) == Decimal(price)


def test_a_price_that_nothing_changes_keeps_its_digits_as_they_are_written():
    (item,) = bill([call(1, "1", 9, "CA")], phone(row("CA", 5, "2.50")))
    assert [str(line.price) for line in item.breakdown] == ["2.50"]


@pytest.mark.parametrize(("adjustment", "owed"), [("-10%", "3.6"), ("+2.5%", "4.1"), ("-100%", 3), ("+200%", 6)])
def test_a_price_is_adjusted_before_it_is_bounded(adjustment, owed):
    adjusted = row("NY", 5, "4", minimum="3", maximum="6", adjustment=adjustment)
    assert amounts(bill([call(1, "1", 9, "NY")], phone(adjusted))) == [Decimal(owed)]


def test_a_flat_price_is_the_price_of_a_record_whatever_its_quantity():
    calls = [call(1, "10", 9, "CA"), call(2, "700", 9, "CA")]
    assert amounts(bill(calls, phone(*CALIFORNIA, base="flat_fee"))) == [2, 2]


def test_an_adjustment_costs_what_the_record_costs_that_it_corrects():
    done, less = call(1, "10", 9, "CA", status="Processed"), call(2, "-4", 25, "CA", corrects=1)
    [item] = bill([done, less], phone(*CALIFORNIA), {("C-1", done.period_start, "1"): Decimal(20)})
    assert (item.quantity, item.amount) == (6, -8)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (call(7, "1", 9, "TX"), "record 7: the decision table has no row for Plan 'basic', UsageState 'TX'"),
        (
            call(7, "1", 4, "CA"),
            "record 7: it starts at 2018-01-04T12.*, before the first price for .*, of 2018-01-05T00",
        ),
        (call(7, "1", 9, "CA", plan="CA"), "record 7: the decision table has no row for Plan 'CA'"),
        (used(7, "1", custom_fields={"state__c": "CA"}), "record 7: custom field PLAN__c is missing or blank"),
        (used(7, "1"), "record 7: custom field PLAN__c is missing or blank; custom field state__c is missing or blank"),
    ],
)
def test_a_record_for_which_no_row_holds_stops_the_bill_run_and_is_named(record, message):
    with pytest.raises(RatingError, match=message):
        bill([record], phone(*CALIFORNIA))


def test_a_charge_may_fall_back_to_its_list_price():
    tiers = [{"up_to": "5", "price": "1"}, {"price": "2"}]
    listed = phone(*CALIFORNIA, fallback="list_price", list_price={"model": "tiered", "tiers": tiers})
    calls = [call(1, "7", 9, "TX"), call(2, "7", 4, "CA"), call(3, "7", 9, "CA")]
    assert amounts(bill(calls, listed)) == [9, 9, 14]
    with pytest.raises(RatingError, match="record 4: custom field PLAN__c is missing or blank"):
        bill([used(4, "1", custom_fields={"state__c": "CA"})], listed)


def test_what_cannot_be_priced_is_known_before_it_is_loaded():
    strict = phone(*CALIFORNIA).pricing
    known = {"state__c": "CA", "PLAN__c": "basic"}
    early, late = datetime(2018, 1, 4, tzinfo=UTC), datetime(2018, 1, 9, tzinfo=UTC)
    assert unpriced(strict, known, late, "S1") is None
    assert "before the first price" in unpriced(strict, known, early, "S1")
    assert unpriced(strict, known | {"PLAN__c": " "}, late, "S1") == "custom field PLAN__c is missing or blank"
    listed = phone(*CALIFORNIA, fallback="list_price", list_price={"model": "per_unit", "price": "9"}).pricing
    assert unpriced(listed, known, early, "S1") is None
    assert "before the first price" in at_list_price(listed, known, early, "S1")
    assert at_list_price(listed, known, late, "S1") is None
    assert at_list_price(strict, known, early, "S1") is None


def test_amounts_that_usage_must_bear_are_looked_for_before_it_is_loaded():
    at = datetime(2018, 1, 4, tzinfo=UTC)
    for model in ("pre_rated_total", "pre_rated_per_unit"):
        pricing = charge(model, field="PRICE__c").pricing
        assert unpriced(pricing, {"PRICE__c": "1.5"}, at, "S1") is None
        assert unpriced(pricing, {"PRICE__c": "x"}, at, "S1") == (
            "custom field PRICE__c holds 'x', which is not a number such as 12.50"
        )
    assert unpriced(charge("per_unit", price="1").pricing, {}, at, "S1") is None
