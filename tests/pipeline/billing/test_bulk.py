"""Much usage is rated at once, to the same items to which the rules rate it group by group."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import partial

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from rating_by_hand import HOME_PHONE, STEPPED, UNITS, charge, used

from pipeline.billing.bulk import rate_usage
from pipeline.proof.close import close
from pipeline.proof.verify import verify
from pipeline.store.billing import columns_of
from transforms.catalog.units import Units
from transforms.period import Period
from transforms.rating.bulk_usual import takes
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError

MIXED = ({"up_to": "10.50", "price": "0.333"}, {"up_to": "20", "flat": "5"}, {"price": "0.125", "flat": "1"})
REGION = {"attributes": {"Region": "REGION__c"}}
GOLD = {"subscription": "S2"}


def row(region, day, price, **more):
    effective = f"2018-01-{day:02}T00:00:00+00:00"
    return {"when": {"Region": region}, "effective": effective, "price": price, **more}


TABLE = [
    row("north", 1, "0.5", minimum="0.4"),
    row("north", 15, "0.333"),
    row("south", 10, "0.25", adjustment="-10%"),
    row("north", 5, "0.1", **GOLD),
    row("north", 20, "9", **GOLD, maximum="7.5"),
    row(" ", 1, "8"),  # no record can have it
]
AT_ONCE = [
    charge("per_unit", price="0.0125"),
    charge("per_unit", price="0.0125", group="record"),
    charge("per_unit", price="0.0125", group="upload"),
    charge("tiered", *MIXED, group="group_id", group_field="GROUP__c"),
    charge("tiered", *MIXED, at_zero="first_flat"),
    charge("tiered", *STEPPED[:2], above_last_tier="unbilled"),
    charge("tiered", HOME_PHONE[0], {"up_to": "2000", "price": "10"}),
    charge("volume", *HOME_PHONE),
    charge("volume", *MIXED, at_zero="first_flat", group="record"),
    charge("volume", *HOME_PHONE[:2], above_last_tier="unbilled", currency="JPY"),
    charge("overage", included="12.5", price="0.333"),
    charge("tiered_with_overage", *STEPPED[:2], overage_price="0.333"),
    charge("dynamic", **REGION, table=TABLE, group="record"),
    charge("dynamic", **REGION, table=[TABLE[0], TABLE[2]], base="flat_fee", group="record"),
]
ONE_BY_ONE = [
    charge("tiered", *MIXED, group="start_date"),
    charge("tiered", *MIXED, rate_records="individually"),
    charge("high_water_mark_volume", *HOME_PHONE),
    charge("pre_rated_per_unit", field="RATE__c"),
]
CHARGES = {
    f"phone_{n}": each.model_copy(update={"charge": f"phone_{n}"}) for n, each in enumerate(AT_ONCE + ONE_BY_ONE)
}
FIELDS = st.fixed_dictionaries(
    {
        "REGION__C": st.sampled_from(["north", " south "]),
        "GROUP__c": st.sampled_from(["", "a", "b"]),
        "RATE__c": st.sampled_from(["0.5", "0.0333"]),
    }
)
NORTH = {"REGION__C": "north", "GROUP__c": "a", "RATE__c": "0.5"}
QUANTITIES = st.sampled_from(["0", "0.05", "10.5", "10.51", "49.96", "50", "120.249"])
RECORDS = st.tuples(
    st.sampled_from(sorted(CHARGES)), st.integers(1, 3), QUANTITIES, st.integers(10, 28), FIELDS, st.booleans()
)
ODD = st.sampled_from(
    [
        {},
        {"custom_fields": {}},
        {"uom": "hour"},
        {"corrects": 1},
        {"corrects": 2, "quantity": Decimal("-0.5")},
        {"account_number": "A2"},
        {"quantity": Decimal(-300)},
        {"quantity": Decimal("2000.05")},
        {"import_id": ""},
    ]
)


def records(told, odd):
    """Records as drawn; the last one is odd."""
    lines = [
        used(
            number, quantity, day, charge=name, charge_number=f"C-{name}-{which}", subscription_number=f"S{which}",
            custom_fields=fields, import_id=f"I{day % 2}", status="Processed" if done else "Pending",
        )
        for number, (name, which, quantity, day, fields, done) in enumerate(told, start=1)
    ]  # fmt: skip
    lines[-1] = used(**{name: getattr(lines[-1], name) for name in lines[-1].__dataclass_fields__} | odd)
    return lines


def outcome(way, lines, billed, **more):
    """What the store would keep of the items with the records of each, or why there are none."""
    try:
        items = way(lines, charges=CHARGES, units=UNITS, billed=billed, **more)
    except RatingError as error:
        return str(error)
    return [(columns_of(item), item.record_ids) for item in items]


@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.lists(RECORDS, min_size=1, max_size=60), ODD, st.sampled_from(["", "a", "2018-01-11", "3", "I1"]))
def test_usage_rated_at_once_yields_the_items_that_it_yields_group_by_group(told, odd, group):
    lines = records(told, odd)
    billed = {(lines[0].charge_number, lines[0].period_start, group): Decimal("1.25")}
    assert outcome(rate_usage, lines, billed, many=1) == outcome(rate, lines, billed)


def test_every_charge_is_rated_at_once_as_one_by_one_below_at_and_above_every_bound():
    quantities = [
        "0",
        "0.05",
        "10.4",
        "10.5",
        "10.6",
        "12",
        "19.96",
        "20",
        "20.1",
        "50",
        "50.04",
        "100",
        "100.1",
        "1999.9",
    ]
    told = [(name, which, each, 20, NORTH, False) for name in CHARGES for which, each in enumerate(quantities)]
    lines = records(told, {})
    found = outcome(rate_usage, lines, {}, many=1)
    assert found == outcome(rate, lines, {})
    assert len(found) == len(told)


@pytest.mark.parametrize("name", ["phone_1", "phone_2", "phone_3", "phone_12"])
def test_an_adjustment_is_rated_with_what_it_corrects(name):
    told = [(name, 1, "20", 20, NORTH, False), (name, 1, "30", 21, NORTH | {"GROUP__c": "b"}, False)]
    lines = [*records(told, {}), *records([(name, 1, "1", 20, NORTH, False)], {"record_id": 3, "corrects": 2})]
    found = outcome(rate_usage, lines, {}, many=1)
    assert found == outcome(rate, lines, {})
    assert [ids for _, ids in found] == [(1,), (2, 3)]


def test_a_charge_number_that_stands_for_two_accounts_is_refused_at_once_too():
    told = [("phone_0", 1, "20", 20, NORTH, False)] * 2
    message = "records 1 and 2 both name charge number"
    assert message in outcome(rate_usage, records(told, {"account_number": "A2"}), {}, many=1)


def test_the_charges_of_these_tests_are_rated_as_they_say():
    assert [takes(each, UNITS) for each in CHARGES.values()] == [True] * len(AT_ONCE) + [False] * len(ONE_BY_ONE)


@pytest.mark.parametrize("rounding", ["up", "down", "half_up", "half_even"])
def test_quantity_and_money_are_rounded_at_once_as_they_are_one_by_one(rounding):
    rounded = {"decimals": "1", "rounding": rounding}
    units = Units.model_validate({"units": {"minute": rounded}, "currencies": {"USD": rounded}})
    phone = charge("per_unit", price="0.5", group="record")
    lines = [used(number, f"{number}".zfill(4)[:-2] + "." + f"{number}".zfill(4)[-2:]) for number in range(200)]
    found = {"charges": {"phone": phone}, "units": units, "billed": {}}
    assert rate_usage(lines, **found, many=1) == rate(lines, **found)


@pytest.mark.parametrize("price", ["0.25", "0.123456789", "999999999"])
def test_an_amount_is_the_same_at_once_however_many_digits_it_has(price):
    phone = charge("per_unit", price=price, group="record")
    lines = [used(1, "0.1"), used(2, "1.5"), used(3, "999999999.9"), used(4, "999999999.99")]
    found = {"charges": {"phone": phone}, "units": UNITS, "billed": {}}
    items = rate_usage(lines, **found, many=1)
    assert items == rate(lines, **found)
    assert items[2].amount == (Decimal("999999999.9") * Decimal(price)).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_a_negotiated_price_holds_at_once_from_its_date_for_its_subscription_alone():
    phone = charge("dynamic", **REGION, table=TABLE, group="record")
    fields = {"custom_fields": {"REGION__c": "north"}}
    lines = [
        used(1, "10", 4, subscription_number="S2", charge_number="C-2", **fields),  # standard 0.5
        used(2, "10", 6, subscription_number="S2", charge_number="C-2", **fields),  # its own 0.1, at least 0.4
        used(3, "10", 20, subscription_number="S2", charge_number="C-2", **fields),  # its own 9, at most 7.5
        used(4, "10", 20, subscription_number="S1", **fields),  # standard 0.333
    ]
    items = rate_usage(lines, charges={"phone": phone}, units=UNITS, billed={}, many=1)
    assert {item.group_key: item.amount for item in items} == {
        "1": Decimal(5), "2": Decimal(4), "3": Decimal(75), "4": Decimal("3.33"),
    }  # fmt: skip


def test_instants_are_those_of_the_account_s_period():
    start = datetime(2018, 1, 1, tzinfo=UTC)
    [item] = rate_usage(
        [used(1, "2")], charges={"phone": charge("volume", *HOME_PHONE)}, units=UNITS, billed={}, many=1
    )
    assert (item.period_start, item.period_end) == (start, datetime(2018, 2, 1, tzinfo=UTC))


def test_a_bill_run_at_once_bills_what_one_group_by_group_does_and_is_verified_by_the_rules(
    business, march, monkeypatch
):
    monkeypatch.setattr("pipeline.billing.due.rate_usage", partial(rate_usage, many=1))
    tiers = "{model: tiered, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}"
    price = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", price.replace("{model: per_unit, price: 0.25}", tiers))
    for account in ("A-2", "A-3"):
        business.customer(account)
        business.deliver(f"power/{account}/march.csv", march + f"2025-03-20T00:00:00Z,{account[-1]}\n")
    business.bill(march)
    business.rate()
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/late.csv")
    business.rate()
    business.post()
    assert business.rows("rated_items", "charge_number", "amount") == [
        ("C-1", Decimal("1.80")), ("C-1", Decimal("2.00")), ("C-2", Decimal("2.20")), ("C-3", Decimal("2.40")),
    ]  # fmt: skip
    march_2025 = Period.parse("2025-03")
    close(business.store, business.catalog, march_2025, business.home, by="ann")
    assert verify(business.store, march_2025, business.home).differences == []
