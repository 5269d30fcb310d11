"""Whatever happens in whatever order, what is billed adds up to the price of the usage that there is in the end."""

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from rating_by_hand import HOME_PHONE, STEPPED, amounts, bill, billed_by, charge, used

from transforms.rating.usage import ChargePeriod

GROUPS = [{"group": group} for group in ("billing_period", "start_date", "record", "upload")]
GROUPS.append({"group": "group_id", "group_field": "GROUP__c"})
MIXED = ({"up_to": "10", "price": "0.333"}, {"up_to": "20", "flat": "5"}, {"price": "0.125", "flat": "1"})
GROUPED = [("per_unit", (), {"price": "0.0125"}), ("tiered", MIXED, {}), ("volume", HOME_PHONE, {})]
OVERAGE = {"included": "12.5", "price": "0.333"}
REGIONS = ("north", "south")
TABLE = [
    {"when": {"Region": region}, "effective": f"2018-01-{day:02}T00:00:00+00:00", "price": price}
    for region, day, price in (("north", 1, "0.5"), ("north", 15, "0.333"), ("south", 10, "0.25"))
]
DYNAMIC = {"attributes": {"Region": "REGION__c"}, "table": TABLE, "fallback": "list_price"}
PHONES = [
    *(charge(model, *tiers, **group, **fields) for group in GROUPS for model, tiers, fields in GROUPED),
    *(
        charge(model, *tiers, **group, **fields, rate_records="individually")
        for group in GROUPS
        for model, tiers, fields in GROUPED
        if group["group"] != "record"
    ),
    charge("volume", *MIXED, at_zero="first_flat", rate_records="individually"),
    charge("overage", **OVERAGE, rate_records="individually"),
    charge("overage", **OVERAGE),
    charge("flat_fee", price="9.99"),
    charge("tiered_with_overage", *STEPPED[:2], overage_price="0.333"),
    charge("high_water_mark_volume", *HOME_PHONE),
    charge("high_water_mark_tiered", *MIXED),
    charge("pre_rated_total", field="AMOUNT__c"),
    charge("pre_rated_per_unit", field="RATE__c"),
    charge("dynamic", **DYNAMIC, list_price={"model": "tiered", "tiers": MIXED}, group="record"),
    charge("dynamic", **DYNAMIC, base="flat_fee", list_price={"model": "per_unit", "price": "1"}, group="record"),
]
SUBSCRIBED = ChargePeriod(
    account_number="A1",
    subscription_number="S1",
    charge_number="C-1",
    charge="phone",
    period_start=datetime(2018, 1, 1, tzinfo=UTC),
    period_end=datetime(2018, 2, 1, tzinfo=UTC),
)
QUANTITIES = st.decimals(min_value=0, max_value=120, places=3)
FIELDS = st.fixed_dictionaries(
    {
        "RATE__c": st.sampled_from(["0.5", "1.25", "0.0333"]),
        "REGION__c": st.sampled_from(REGIONS),
        "GROUP__c": st.sampled_from(["", "a", "b"]),
    }
)
RECORDS = st.tuples(QUANTITIES, st.integers(1, 28), FIELDS)
EVENTS = st.one_of(
    st.tuples(st.just("load"), RECORDS),
    st.tuples(st.just("change"), st.tuples(st.integers(0, 50), QUANTITIES)),
    st.tuples(st.just("bill"), st.none()),
)


class Shop:
    """One charge's usage in a period, as the store would keep it: Pending is replaced, Processed is adjusted."""

    def __init__(self, phone):
        self.phone, self.lines, self.items, self.last_id = phone, [], [], 0

    def load(self, record):
        quantity, day, fields = record
        self.last_id += 1
        fields = fields | {"AMOUNT__c": f"{quantity:f}"}
        import_id, uom = f"I{self.last_id % 3}", self.phone.uom
        self.lines.append(used(self.last_id, quantity, day, custom_fields=fields, import_id=import_id, uom=uom))

    def change(self, index_and_quantity):
        index, quantity = index_and_quantity
        records = [line for line in self.lines if line.corrects is None]
        if not records:
            return
        line = records[index % len(records)]
        self.last_id += 1
        if line.status == "pending":
            self.lines.remove(line)
            self.lines.append(valued(replace(line, record_id=self.last_id), quantity))
        else:
            adjustment = replace(line, record_id=self.last_id, corrects=line.record_id, status="pending", import_id="J")
            self.lines.append(valued(adjustment, quantity - self.quantity(line)))

    def quantity(self, record):
        return sum(line.quantity for line in self.lines if line.first_record_id == record.record_id)

    def bill(self, _=None):
        due = bill(self.lines, self.phone, billed_by(self.items), [SUBSCRIBED])
        self.items += due
        self.lines = [replace(line, status="processed") for line in self.lines]
        return due

    @property
    def final(self):
        """The usage that there is, each record with what it came to."""
        return [valued(line, self.quantity(line)) for line in self.lines if line.corrects is None]


def valued(line, quantity):
    """The record with another quantity, and the amount that goes with it."""
    return replace(line, quantity=quantity, custom_fields={**line.custom_fields, "AMOUNT__c": f"{quantity:f}"})


def owed(lines, phone):
    return sum(amounts(bill(lines, phone, subscribed=[SUBSCRIBED])))


@given(st.lists(EVENTS, max_size=14), st.sampled_from(PHONES))
def test_what_is_billed_adds_up_to_the_price_of_the_final_usage(events, phone):
    shop = Shop(phone)
    for name, value in events:
        getattr(shop, name)(value)
    shop.bill()
    assert sum(amounts(shop.items)) == owed(shop.final, phone)
    assert shop.bill() == ()


@given(st.lists(RECORDS, min_size=1, max_size=8), st.sampled_from(PHONES), st.randoms(use_true_random=False))
def test_the_order_in_which_usage_arrives_does_not_show_in_what_it_costs(records, phone, random):
    shop = Shop(phone)
    for record in records:
        shop.load(record)
    numbers = random.sample(range(100, 200), len(records))
    others = [replace(line, record_id=number) for line, number in zip(shop.lines, numbers, strict=True)]
    assert owed(others, phone) == owed(shop.lines, phone)


@given(st.lists(RECORDS, min_size=1, max_size=8), st.sampled_from(PHONES), st.randoms(use_true_random=False))
def test_the_order_in_which_usage_is_given_does_not_show_in_the_items(records, phone, random):
    shop = Shop(phone)
    for record in records:
        shop.load(record)
    assert bill(random.sample(shop.lines, len(records)), phone) == bill(shop.lines, phone)


@given(st.lists(QUANTITIES, min_size=1, max_size=12), st.sampled_from(["tiered", "volume"]))
def test_cutting_usage_into_records_never_changes_what_a_billing_period_costs(pieces, model):
    phone = charge(model, *STEPPED)
    [whole] = bill([used(0, sum(pieces))], phone)
    [cut] = bill([used(number, piece) for number, piece in enumerate(pieces)], phone)
    assert (cut.quantity, cut.breakdown, cut.amount) == (whole.quantity, whole.breakdown, whole.amount)


@given(st.lists(RECORDS, min_size=1, max_size=8), st.sampled_from(PHONES), st.sampled_from(PHONES))
def test_a_charge_that_is_priced_in_another_way_bills_the_difference(records, before, after):
    shop = Shop(before)
    for record in records:
        shop.load(record)
    shop.bill()
    shop.phone, shop.lines = after, [replace(line, uom=after.uom) for line in shop.lines]
    shop.bill()
    assert sum(amounts(shop.items)) == owed(shop.lines, after)


def test_every_model_and_every_rating_group_is_among_these_charges():
    assert {phone.rating_group.value for phone in PHONES} == {group["group"] for group in GROUPS}
    assert len({phone.pricing.model for phone in PHONES}) == 11
