"""Figures of other billing systems and their documentation (`source` says whose), and where we have no such rule."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from prepaid_by_hand import FEBRUARY, JANUARY, Prepaid, bundle, drawing, subscription
from pydantic import TypeAdapter
from rating_by_hand import amounts, bill, charge, used

from transforms.catalog.commitment import Commitment
from transforms.catalog.models import Pricing
from transforms.catalog.units import Currency
from transforms.exact import Rounding
from transforms.rating.commitment import take_off
from transforms.rating.lines import worth
from transforms.rating.price import price

CASES = {
    case["id"]: case
    for case in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["cases"]
}
MODELS = {
    "per_unit": "per_unit",
    "per_unit_commit": "per_unit",
    "graduated": "tiered",
    "volume": "volume",
    "volume_commit": "volume",
    "overage": "overage",
    "graduated_overage": "tiered_with_overage",
    "blocks_all_tiers": "tiered",
    "blocks_all_tiers_multi": "tiered",
    "blocks_all_tiers_delta": "tiered",
    "blocks_top_tier_multi": "volume",
}
MINIMUM = "a least amount of each hour; a commitment is for a whole billing period"
BLOCKS = "blocks of another size in each tier are no charge model here; a unit that counts blocks has one size"
PERCENTAGE = "payments that are free, until so many came or came to so much, are no charge model here"
PRORATED = "tiers are never prorated by days: a quantity is derived for the part of the period that was subscribed"
DIFFERENT = {
    **dict.fromkeys(("v175", "v176", "v178"), BLOCKS),
    **dict.fromkeys(("v025", "v029", "v033", "v036", "v038"), PERCENTAGE),
    **dict.fromkeys(("v024", "v047", "v049", "v051", "v053"), PRORATED),
    **dict.fromkeys(("v243", "v245", "v247"), MINIMUM),
    **dict.fromkeys(("v089", "v091", "v094"), "a commitment is never prorated"),
    **dict.fromkeys(("v192", "v194", "v196", "v198"), "a tier of several units at once; a charge counts one unit"),
}
ROUNDED = {
    "v078": Rounding.HALF_UP,
    "v080": Rounding.HALF_UP,
    "v082": Rounding.UP,
    "v084": Rounding.DOWN,
    "v086": Rounding.DOWN,
}
OF_SEVERAL_UNITS = ("v182", "v184", "v185", "v187")
GRANTS = ("v167", "v169", "v171")
COMMITTED = {
    "v093": ("commitment_cents", "billed_cents", "true_up_cents"),
    "v096": ("minimum", "billed", "true_up"),
    "v132": ("min_amount", "previously_billed", "amount"),
}
BOUNDED = ("v100", "v102", "v104", "v124", "v126", "v128")
APART = (*ROUNDED, *BOUNDED, *OF_SEVERAL_UNITS, *GRANTS, *COMMITTED, "v097", "v289", "v046", "v130", "v143", "v188")
PRICED = [case for case in CASES if case not in DIFFERENT and case not in APART]


def tiers_of(inputs):
    """Tiers as a charge declares them; blocks of one unit are tiers, each as wide as it says."""
    if "width_blocks" not in inputs["tiers"][0]:
        return [{"up_to": tier["up_to"], "price": tier["unit"], "flat": tier["flat"]} for tier in inputs["tiers"]]
    assert {tier["block_size"] for tier in inputs["tiers"]} == {"1"}
    bounds = [
        sum(int(tier["width_blocks"]) for tier in inputs["tiers"][: end + 1]) for end in range(len(inputs["tiers"]))
    ]
    return [
        {"up_to": str(bound), "price": tier["block_price"]} for bound, tier in zip(bounds, inputs["tiers"], strict=True)
    ]


def pricing(kind, inputs):
    if MODELS[kind] == "per_unit":
        fields = {"price": inputs["unit_price"]}
    elif MODELS[kind] == "overage":
        fields = {"included": inputs["included"], "price": inputs["unit_price"]}
    else:
        at_zero = "first_flat" if inputs.get("zero_usage_bills_first_flat") else "nothing"
        fields = {"tiers": tiers_of(inputs), "at_zero": at_zero}
    if MODELS[kind] == "tiered_with_overage":
        fields["overage_price"] = inputs["overage_price"]
    return TypeAdapter(Pricing).validate_python({"model": MODELS[kind]} | fields)


def owed(kind, inputs, quantity):
    return worth(price(Decimal(quantity), pricing(kind, inputs)))


def expected(case, name="amount"):
    return Decimal(CASES[case]["expected"][name])


@pytest.mark.parametrize("case", PRICED)
def test_we_charge_what_the_others_charge(case):
    inputs = CASES[case]["inputs"]
    assert owed(CASES[case]["kind"], inputs, inputs["quantity"]) == expected(case)


def test_every_case_is_held_or_stands_with_the_reason_why_we_have_no_such_rule():
    assert {CASES[case]["kind"] for case in PRICED} <= MODELS.keys()
    assert not DIFFERENT.keys() & set(APART)
    assert sorted([*PRICED, *APART, *DIFFERENT]) == sorted(CASES)


@pytest.mark.parametrize("case", OF_SEVERAL_UNITS)
def test_charges_of_several_units_are_priced_apart_and_add_up(case):
    kind, units = CASES[case]["kind"], CASES[case]["inputs"]["units"]
    assert sum(owed(kind, each, each["quantity"]) for each in units.values()) == expected(case)


def test_usage_that_comes_after_a_first_invoice_bills_only_the_difference():
    kind, units = CASES["v188"]["kind"], CASES["v188"]["inputs"]
    due = [owed(kind, each, each["quantity"]) - owed(kind, each, each["billed"]) for each in units.values()]
    assert sum(due) == expected("v188")
    inputs = CASES["v130"]["inputs"]
    phone = charge("tiered", *tiers_of(inputs))
    before = {("C-1", used(1, "1").period_start, ""): owed("graduated", inputs, inputs["pre_quantity"])}
    lines = [used(1, inputs["pre_quantity"], status="Processed"), used(2, inputs["quantity"])]
    assert [item.amount for item in bill(lines, phone, before)] == [expected("v130")]


@pytest.mark.parametrize("case", BOUNDED)
def test_a_least_or_highest_amount_is_that_of_the_tiers_of_a_decision_row(case):
    inputs = {"pre_quantity": "0", "previously_billed": "0", "percent_discount": "0"} | CASES[case]["inputs"]
    bounds = {"minimum": inputs["min_amount"], "maximum": inputs["max_amount"]}
    tiers = tiers_of(inputs) if "tiers" in inputs else [{"price": inputs["unit_price"]}]
    row = {
        "when": {"Plan": "pro"},
        "effective": "2018-01-01T00:00:00+00:00",
        "tiers": [tier | bounds for tier in tiers],
        "adjustment": f"-{inputs['percent_discount']}%",
    }
    phone = charge("dynamic", base="volume", attributes={"Plan": "PLAN__c"}, table=[row], group="record")
    fields = {"custom_fields": {"PLAN__c": "pro"}}
    first = used(1, inputs["pre_quantity"], status="Processed", **fields)
    billed = {("C-1", first.period_start, "1"): Decimal(inputs["previously_billed"])}
    (item,) = bill([first, used(2, inputs["quantity"], corrects=1, **fields)], phone, billed)
    assert item.amount == expected(case)


def test_usage_that_bears_its_own_amount_owes_that():
    cents = Decimal(CASES["v046"]["inputs"]["total_amount_cents"])
    model = TypeAdapter(Pricing).validate_python({"model": "pre_rated_total", "field": "TotalAmount__c"})
    line = used(1, CASES["v046"]["inputs"]["quantity"], custom_fields={"TotalAmount__c": str(cents / 100)})
    assert worth(price(line.quantity, model, [line])) == expected("v046")


def test_a_multiplier_is_a_price_per_unit_and_money_is_rounded_at_the_end():
    inputs = CASES["v143"]["inputs"]
    money = Currency(decimals=inputs["currency_digits"])
    assert money.round(owed("per_unit", {"unit_price": inputs["multiplier"]}, inputs["quantity"])) == expected("v143")


@pytest.mark.parametrize("case", ROUNDED)
def test_amounts_are_rounded_as_elsewhere(case):
    inputs = CASES[case]["inputs"]
    digits = inputs["precision"] or 0
    currency = Currency(decimals=max(digits, 0), increment=Decimal(1).scaleb(-digits), rounding=ROUNDED[case])
    assert currency.round(Decimal(inputs["value"])) == expected(case, "value")


@pytest.mark.parametrize("case", GRANTS)
def test_grants_are_drawn_by_priority_and_then_by_the_end_of_their_validity(case):
    inputs = CASES[case]["inputs"]
    bought = [
        (
            subscription(grant["id"], end=grant["expires"]),
            bundle(grant["amount"], priority=str(grant["priority"]), billing_period="year"),
        )
        for grant in inputs["grants"]
    ]
    shop = Prepaid(drawing(), *(bought or [(subscription(status="Cancelled"), bundle())]))
    shop.use(inputs["usage"])
    [item] = shop.bill()
    assert item.amount == Decimal(CASES[case]["expected"]["overage"]) * 5
    found = {fund.charge_number: fund.balance for fund in shop.funds.values()}
    assert found == {name: Decimal(left) for name, left in CASES[case]["expected"]["balances"].items()}


def test_usage_draws_so_many_prepaid_units_each():
    inputs, wanted = CASES["v289"]["inputs"], CASES["v289"]["expected"]
    pricing = {"model": "per_unit", "price": inputs["overage_price"]}
    shop = Prepaid(drawing(inputs["drawdown_rate"], pricing), (subscription(), bundle(inputs["prepaid"])))
    shop.use(inputs["usage"])
    [item] = shop.bill()
    [(_, paid), (_, drawn)] = shop.told
    assert (paid, -drawn, paid + drawn) == (100, Decimal(wanted["drawn"]), Decimal(wanted["balance"]))
    assert item.quantity - item.breakdown[0].units == Decimal(wanted["overage_units"])
    assert item.amount == Decimal(wanted["amount"])


def test_a_wallet_is_a_fund_that_a_year_s_bill_runs_draw_from():
    inputs, wanted = CASES["v097"]["inputs"], CASES["v097"]["expected"]
    cents = drawing("0.01", pricing={"model": "per_unit", "price": "0.01"})
    shop = Prepaid(cents, (subscription(), bundle(inputs["opening"], billing_period="year")))
    for period, draw, left, billed in zip(
        (JANUARY, FEBRUARY), inputs["draws"], wanted["balances"], wanted["billed"], strict=True
    ):
        shop.use(Decimal(draw) * 100, period)
        assert amounts(shop.bill(period)) == [Decimal(billed)]
        assert list(shop.balances.values()) == [Decimal(left)]


@pytest.mark.parametrize("case", COMMITTED)
def test_what_is_billed_less_than_what_is_committed_is_owed(case):
    committed, billed, owed = COMMITTED[case]
    inputs = CASES[case]["inputs"]
    model = Commitment(model="commitment", amount=inputs[committed], charges=("phone",))
    lines = take_off(price(Decimal(0), model), Decimal(inputs[billed]))
    assert worth(lines) == expected(case, owed)
