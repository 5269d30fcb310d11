"""Whatever happens in whatever order, funds never go below zero and every unit of usage is drawn or priced, once."""

from decimal import Decimal
from fractions import Fraction
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st
from prepaid_by_hand import FEBRUARY, JANUARY, MARCH, Prepaid, bundle, drawing, subscription
from rating_by_hand import HOME_PHONE
from second_price import MODELS, money

from transforms.catalog.models import DRAWN

TIERED = {"model": "tiered", "tiers": [{"up_to": "10", "price": "0.333"}, {"price": "0.125", "flat": "1"}]}
PRICINGS = [
    {"model": "per_unit", "price": "0.0125"},
    TIERED,
    {"model": "volume", "tiers": HOME_PHONE},
    {"model": "overage", "included": "12.5", "price": "0.333"},
    {"model": "tiered_with_overage", "tiers": [{"up_to": "10", "price": "2"}], "overage_price": "0.333"},
    {"model": "high_water_mark_volume", "tiers": HOME_PHONE},
    {**TIERED, "model": "high_water_mark_tiered"},
]
BY_RECORD = {"rating_group": st.just("record")}
BY_GROUP_ID = {"rating_group": st.just("group_id"), "group_field": st.just("GROUP__c")}
RATES = st.sampled_from(["1", "2", "0.3", "1.75"])
PHONES = st.one_of(
    st.builds(drawing, RATES, st.just(pricing), **group)
    for pricing in PRICINGS
    for group in ({}, BY_RECORD, BY_GROUP_ID)
    if not group or pricing["model"] in {"per_unit", "tiered", "volume"}
)
BUNDLES = st.lists(
    st.builds(
        lambda units, priority, scope, number: (
            subscription(f"B-{number}", subscription_number=f"S{number % 2}"),
            bundle(units, priority=str(priority), scope=scope),
        ),
        st.sampled_from(["1", "10", "33.3", "250"]),
        st.integers(0, 2),
        st.sampled_from(["subscription", "account"]),
        st.integers(1, 9),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda bought: bought[0].charge_number,
)
QUANTITIES = st.decimals(min_value=0, max_value=120, places=3).map(str)
USES = st.tuples(st.just("use"), QUANTITIES, st.sampled_from(["a", "b"]))
CORRECTIONS = st.tuples(st.just("correct"), st.integers(0, 50), QUANTITIES)
BILLS = st.tuples(st.just("bill"))
MONTHS = st.sampled_from([JANUARY, FEBRUARY, MARCH])
ROLLOVERS = st.fixed_dictionaries({"periods": st.sampled_from(["1", "2"]), "apply": st.sampled_from(["first", "last"])})


def happens(shop, event):
    name, *values = event
    if name == "use":
        shop.use(values[0], custom_fields={"GROUP__c": values[1]})
    elif name == "bill":
        shop.bill()
    elif count := sum(line.corrects is None for line in shop.lines):
        shop.correct(values[0] % count, values[1])


def drawn(shop):
    return -sum((entry.units for entry in shop.ledger if entry.group), Decimal(0))


def covered(items):
    return sum((line.units for item in items for line in item.breakdown if line.format == "prepaid"), Decimal(0))


def final(shop):
    """The last item of each group."""
    return list({(item.charge_number, item.period_start, item.group_key): item for item in shop.items}.values())


def anew(shop, bought):
    """Another shop with the same usage in the end, billed once."""
    other = Prepaid(shop.phone, *bought)
    for line in (line for line in shop.lines if line.corrects is None):
        same = sum(each.quantity for each in shop.lines if each.first_record_id == line.record_id)
        other.lines.append(replaced(line, same))
    other.bill()
    return other


def replaced(line, quantity):
    return type(line)(**{**line.__dict__, "quantity": quantity, "status": "Pending"})


@given(st.lists(st.one_of(USES, CORRECTIONS, BILLS), max_size=12), PHONES, BUNDLES)
def test_one_period_comes_to_the_same_whatever_the_order_of_usage_corrections_and_bill_runs(events, phone, bought):
    shop = Prepaid(phone, *bought)
    for event in events:
        happens(shop, event)
    shop.bill()
    other = anew(shop, bought)
    assert sum(item.amount for item in shop.items) == sum(item.amount for item in other.items)
    assert (drawn(shop), shop.balances) == (drawn(other), other.balances)
    assert shop.bill() == ()


@given(st.lists(st.one_of(USES, CORRECTIONS, BILLS), max_size=12), PHONES, BUNDLES)
def test_every_unit_is_drawn_or_priced(events, phone, bought):
    shop = Prepaid(phone, *bought)
    for event in events:
        happens(shop, event)
    shop.bill()
    assert drawn(shop) == covered(final(shop)) * phone.drawdown.rate
    for item in final(shop):
        priced = [line for line in item.breakdown if line.format == "per_unit"]
        assert covered([item]) + sum(line.units for line in priced) == item.quantity


@given(st.lists(st.one_of(USES, CORRECTIONS, BILLS), max_size=12), PHONES, BUNDLES)
def test_what_is_billed_adds_up_to_the_price_of_what_was_not_drawn(events, phone, bought):
    shop = Prepaid(phone, *bought)
    for event in events:
        happens(shop, event)
    shop.bill()
    expected = [priced(item.quantity - covered([item]), phone.pricing) for item in final(shop)]
    assert sum(item.amount for item in shop.items) == sum(expected)


def priced(quantity, pricing):
    """The price of a group by the second computation."""
    return money(MODELS[pricing.model](Fraction(quantity), pricing, []), 2)


def test_every_model_that_can_draw_is_among_these_charges():
    assert {each["model"] for each in PRICINGS} == {
        get_args(kind.model_fields["model"].annotation)[0] for kind in DRAWN
    }


@given(st.lists(st.tuples(MONTHS, QUANTITIES, st.booleans()), max_size=12), PHONES, ROLLOVERS)
def test_over_three_months_no_fund_is_overdrawn_and_none_of_what_was_paid_for_is_lost_from_the_ledger(
    events, phone, rollover
):
    shop = Prepaid(phone, (subscription(), bundle("33.3", rollover=rollover)))
    for period, quantity, billed in events:
        shop.use(quantity, period)
        if billed:
            shop.bill(period)
    for period in (JANUARY, FEBRUARY, MARCH):
        shop.bill(period)
    paid = sum(entry.units for entry in shop.ledger if entry.type == "prepayment")
    assert sum(fund.balance for fund in shop.funds.values()) == paid - drawn(shop) == 3 * Decimal("33.3") - drawn(shop)
    assert drawn(shop) == covered(final(shop)) * phone.drawdown.rate


@given(st.lists(st.tuples(MONTHS, QUANTITIES), max_size=10), ROLLOVERS)
def test_a_quarter_s_fund_pays_for_as_much_as_there_is_whichever_month_is_billed_first(events, rollover):
    quarter = bundle("100", billing_period="quarter", rollover=rollover)
    shop = Prepaid(drawing(), (subscription(end="2018-09-01"), quarter))
    for period, quantity in events:
        shop.use(quantity, period)
        shop.bill(period)
    used = sum(item.quantity for item in final(shop))
    assert drawn(shop) == min(used, 100)
