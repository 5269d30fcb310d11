"""Whatever happens in whatever order, what is billed adds up to the price of the usage that there is in the end."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import chain, product
from typing import get_args

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from rating_by_hand import HOME_PHONE, STEPPED, amounts, bill, charge, used
from shop_by_hand import ACCOUNTS, JANUARY, SUBSCRIBED, Shop

from transforms.catalog.charge import RateRecords, RatingGroup, Timing
from transforms.catalog.decision_table import Base
from transforms.catalog.models import GROUPED, INDIVIDUAL, Pricing
from transforms.rating.asked import Asked

MIXED = ({"up_to": "10", "price": "0.333"}, {"up_to": "20", "flat": "5"}, {"price": "0.125", "flat": "1"})
REGION = {"attributes": {"Region": "REGION__c"}, "fallback": "list_price"}
LIST_PRICE = {"model": "tiered", "tiers": MIXED}


def row(region, day, **fields):
    return {"when": {"Region": region}, "effective": f"2018-01-{day:02}T00:00:00+00:00", **fields}


PRICED = [
    row("north", 1, price="0.5", minimum="0.6"),
    row("north", 15, price="0.333", adjustment="-10%"),
    row("south", 10, price="0.25", adjustment="+150%", maximum="0.3"),
]
IN_TIERS = [
    row("north", 1, tiers=({"up_to": "30", "price": "0.5", "minimum": "4"}, {"price": "0.1", "maximum": "3"})),
    row("south", 10, tiers=MIXED, adjustment="-10%"),
]
PRICINGS = [
    ("flat_fee", (), {"price": "9.99"}),
    ("per_unit", (), {"price": "0.0125"}),
    ("tiered", MIXED, {}),
    ("tiered", STEPPED[:2], {"above_last_tier": "unbilled"}),
    ("volume", HOME_PHONE, {}),
    ("volume", MIXED[:2], {"above_last_tier": "unbilled", "at_zero": "first_flat"}),
    ("volume", MIXED[1:], {"at_zero": "first_flat"}),
    ("overage", (), {"included": "12.5", "price": "0.333"}),
    ("tiered_with_overage", STEPPED[:2], {"overage_price": "0.333"}),
    ("high_water_mark_volume", HOME_PHONE, {}),
    ("high_water_mark_tiered", MIXED, {}),
    ("pre_rated_total", (), {"field": "AMOUNT__c"}),
    ("pre_rated_per_unit", (), {"field": "RATE__c"}),
    *(("dynamic", (), REGION | {"table": PRICED, "base": base, "list_price": LIST_PRICE}) for base in list(Base)[:2]),
    *(("dynamic", (), REGION | {"table": IN_TIERS, "base": base, "list_price": LIST_PRICE}) for base in list(Base)[2:]),
]
OTHERWISE = {"prepaid", "commitment"}  # sell and promise; their own sequences are in test_prepaid_sequences and so on


def possible(model, tiers, fields, records, timing):
    """A charge of every rating group that the model can have with this way to rate records and this timing."""
    for group in RatingGroup:
        own = {"group": group, "rate_records": records, "timing": timing}
        if group is RatingGroup.GROUP_ID:
            own["group_field"] = "GROUP__c"
        try:
            yield charge(model, *tiers, **fields, **own)
        except ValidationError:
            continue


ALL_PHONES = [list(possible(*pricing, *how)) for pricing, *how in product(PRICINGS, RateRecords, Timing)]
PHONES = st.one_of(*map(st.sampled_from, filter(None, ALL_PHONES)))  # each as often, however many groups it can have
QUANTITIES = st.one_of(st.decimals(0, 120, places=3), st.sampled_from(["0", "10", "20", "50", "100"]).map(Decimal))
FIELDS = st.fixed_dictionaries(
    {
        "RATE__c": st.sampled_from(["0.5", "1.25", "0.0333"]),
        "REGION__c": st.sampled_from(["north", "south"]),
        "GROUP__c": st.sampled_from(["", "a", "b"]),
    }
)
RECORDS = st.tuples(QUANTITIES, st.integers(1, 28), FIELDS, st.sampled_from(SUBSCRIBED))
BATCHES = st.sampled_from([None, None, "batch A1", "batch A2"])
TARGETS = st.one_of(st.none(), st.integers(2, 28).map(lambda day: date(2018, 1, day)))
BILLS = st.tuples(st.just("bill"), st.builds(Asked, st.just(JANUARY), BATCHES, TARGETS))
EVENTS = st.one_of(
    BILLS,
    st.tuples(st.just("load"), RECORDS),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 50), QUANTITIES)),
    st.tuples(st.just("cancel"), st.none()),
)


def loaded(records, phone):
    shop = Shop(phone)
    for record in records:
        shop.load(record)
    return shop


@settings(max_examples=400)
@given(st.lists(RECORDS, max_size=6), st.lists(EVENTS, min_size=5, max_size=14), PHONES)
def test_what_is_billed_adds_up_to_the_price_of_the_final_usage(records, events, phone):
    shop = loaded(records, phone)
    for name, value in events:
        getattr(shop, name)(value)
        assert shop.billed() == shop.owed()
    shop.bill()
    assert all(line.status == "Processed" for line in shop.lines)
    assert shop.billed() == shop.owed()
    assert shop.bill() == ()


@given(st.lists(RECORDS, min_size=1, max_size=8), PHONES, st.data())
def test_it_does_not_matter_in_which_order_batches_and_days_are_billed(records, phone, data):
    parts = [Asked(JANUARY, each.batch) for each in ACCOUNTS.values()]
    parts += [Asked(JANUARY, target_date=date(2018, 1, day)) for day in (10, 20)]
    shop = loaded(records, phone)
    for asked in data.draw(st.permutations(parts)):
        shop.bill(asked)
        assert shop.billed() == shop.owed()
    assert shop.bill() == ()


@given(st.lists(RECORDS, min_size=1, max_size=8), PHONES, BATCHES, TARGETS)
def test_a_cancelled_bill_run_leaves_everything_as_it_was(records, phone, batch, target):
    shop = loaded(records, phone)
    before = list(shop.lines)
    first = shop.bill(Asked(JANUARY, batch, target))
    shop.cancel(None)
    assert (shop.lines, shop.items) == (before, [])
    assert shop.bill(Asked(JANUARY, batch, target)) == first


@given(st.lists(RECORDS, min_size=1, max_size=8), PHONES, st.randoms(use_true_random=False))
def test_the_order_in_which_usage_arrives_does_not_show_in_what_it_costs(records, phone, random):
    shop, other = loaded(records, phone), loaded(records, phone)
    numbers = random.sample(range(100, 200), len(records))
    other.lines = [replace(line, record_id=number) for line, number in zip(shop.lines, numbers, strict=True)]
    assert sum(amounts(shop.bill())) == sum(amounts(other.bill()))


@given(st.lists(RECORDS, min_size=1, max_size=8), PHONES, st.randoms(use_true_random=False))
def test_the_order_in_which_usage_is_given_does_not_show_in_the_items(records, phone, random):
    shop = loaded(records, phone)
    assert bill(random.sample(shop.lines, len(records)), phone) == bill(shop.lines, phone)


@given(st.lists(QUANTITIES, min_size=1, max_size=12), st.sampled_from(["tiered", "volume"]))
def test_cutting_usage_into_records_never_changes_what_a_billing_period_costs(pieces, model):
    phone = charge(model, *STEPPED)
    [whole] = bill([used(0, sum(pieces))], phone)
    [cut] = bill([used(number, piece) for number, piece in enumerate(pieces)], phone)
    assert (cut.quantity, cut.breakdown, cut.amount) == (whole.quantity, whole.breakdown, whole.amount)


@given(st.lists(RECORDS, min_size=1, max_size=8), PHONES, PHONES)
def test_a_charge_that_is_priced_in_another_way_bills_the_difference(records, before, after):
    shop = loaded(records, before)
    shop.bill()
    shop.phone, shop.lines = after, [replace(line, uom=after.uom) for line in shop.lines]
    shop.bill()
    with_usage = {line.charge_number for line in shop.lines}  # the others are left alone
    for each, billed, due in zip(SUBSCRIBED, shop.billed(), shop.owed(), strict=True):
        assert billed == due or each.charge_number not in with_usage


def test_every_model_of_the_catalog_and_each_of_its_rating_groups_is_among_these_charges():
    kinds = {kind: get_args(kind.model_fields["model"].annotation)[0] for kind in get_args(get_args(Pricing)[0])}
    phones = list(chain.from_iterable(ALL_PHONES))
    assert {phone.pricing.model for phone in phones} == set(kinds.values()) - OTHERWISE
    assert {phone.pricing.base for phone in phones if phone.pricing.model == "dynamic"} == set(Base)
    found = {(phone.pricing.model, phone.rating_group, phone.rate_records, phone.timing) for phone in phones}
    assert found >= {
        (kinds[kind], group, "together", time) for kind in GROUPED for group in RatingGroup for time in Timing
    }
    assert found >= {(kinds[kind], "billing_period", "individually", "end_of_period") for kind in INDIVIDUAL}
