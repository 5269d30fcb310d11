"""Figures of other billing systems (`source` says whose) whose models are ours in other words."""

import json
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import pytest
from rating_by_hand import amounts, billed_by, charge, used

from transforms.catalog.units import Units
from transforms.exact import Rounding, round_exact
from transforms.limits import DECIMALS_MAX
from transforms.rating.lines import worth
from transforms.rating.price import price
from transforms.rating.rate import rate

FILE = Path(__file__).with_name("vectors_reworded.json")
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))}
PACKAGES = (
    "v012",
    "v014",
    "v105",
    "v107",
    "v109",
    "v111",
    "v113",
    "v115",
    "v209",
    "v211",
    "v213",
    "v215",
    "v217",
    "v219",
)
BLOCKS = ("v180", "v190")
PERCENTAGES = ("v027", "v031")
BUCKETS = ("v220", "v222", "v224", "v226", "v228")
GRADUATED_PERCENTAGES = ("v040", "v042", "v044")
OF_EACH = ("v034",)
MODELS = {"per_unit": "per_unit", "package": "per_unit", "graduated": "tiered", "volume": "volume"}


def of(case):
    return CASES[case]["inputs"]


def expected(case):
    (figure,) = CASES[case]["expected"].values()
    return Decimal(figure)


def share(percent):
    """A percentage of money is the price of each unit of it."""
    return str(Decimal(percent).scaleb(-2))


def tiers_of(tiers):
    return [{"up_to": tier["up_to"], "price": tier["unit"], "flat": tier["flat"]} for tier in tiers]


def units(size="1", rounding="up"):
    """Packages of so many pieces, counted as `rounding` says."""
    package = {"rounding": rounding, "aliases": {"piece": f"1/{size}"}}
    return Units.model_validate({"units": {"package": package}, "currencies": {"USD": {"decimals": "3"}}})


def record(number, pieces, known, **fields):
    """A record of pieces, in packages with the decimals that the store keeps."""
    packages = round_exact(Fraction(pieces) * known.factor("piece", "package"), DECIMALS_MAX, Rounding.HALF_UP)
    return used(number, packages, uom="package", **fields)


def bill(lines, phone, known, billed=None):
    return rate(lines, charges={"phone": phone}, units=known, billed=billed or {})


def test_every_case_is_held():
    assert sorted([*PACKAGES, *BLOCKS, *PERCENTAGES, *BUCKETS, *GRADUATED_PERCENTAGES, *OF_EACH]) == sorted(CASES)


@pytest.mark.parametrize("case", PACKAGES)
def test_packages_are_a_unit_that_is_rounded_to_whole_ones(case):
    inputs = {"free_units": "0", "pre_quantity": "0", "round": "up", "package_price": "1"} | of(case)
    known = units(inputs["package_size"], inputs["round"])
    free = Fraction(inputs["free_units"]) / int(inputs["package_size"])
    included = {"included": str(free)} if free else {}
    phone = charge("overage" if free else "per_unit", uom="package", price=inputs["package_price"], **included)
    first = [record(1, inputs["pre_quantity"], known)]
    before = bill(first, phone, known)
    [item] = bill([*first, record(2, inputs["quantity"], known)], phone, known, billed_by(before))
    assert item.amount == expected(case)


def test_blocks_of_one_size_are_packages_in_tiers():
    inputs = of("v180")
    bounds = accumulate(int(tier["width_blocks"]) for tier in inputs["tiers"][:-1])
    tiers = [
        {"up_to": bound, "price": tier["block_price"]}
        for bound, tier in zip([*map(str, bounds), None], inputs["tiers"], strict=True)
    ]
    known = units(inputs["tiers"][0]["block_size"])
    items = bill([record(1, inputs["quantity"], known)], charge("volume", *tiers, uom="package"), known)
    assert amounts(items) == [expected("v180")]


def test_blocks_that_were_billed_come_off_those_that_all_records_come_to():
    inputs = of("v190")
    known = units(inputs["block_size"])
    lines = [record(number, pieces, known) for number, pieces in enumerate(inputs["quantity"], start=1)]
    billed = {("C-1", lines[0].period_start, ""): Decimal(inputs["already_billed"])}
    items = bill(lines, charge("per_unit", uom="package", price=inputs["block_price"]), known, billed)
    assert amounts(items) == [expected("v190")]


@pytest.mark.parametrize("case", PERCENTAGES)
def test_a_percentage_of_money_and_an_amount_for_each_payment_are_two_charges(case):
    inputs = of(case)
    of_money = charge("per_unit", price=share(inputs["rate_percent"])).pricing
    of_payments = charge("per_unit", price=inputs["fixed_per_event"] or "0").pricing
    owed = worth(price(Decimal(inputs["quantity"]), of_money)) + worth(price(Decimal(inputs["events"]), of_payments))
    assert owed == expected(case)


@pytest.mark.parametrize("case", GRADUATED_PERCENTAGES)
def test_percentages_in_steps_are_tiers_of_money(case):
    steps = of(case)["tiers"]
    tiers = [{"up_to": step["up_to"], "price": share(step["rate_percent"]), "flat": step["flat"]} for step in steps]
    model = charge("tiered", *tiers, at_zero="first_flat").pricing
    assert worth(price(Decimal(of(case)["quantity"]), model)) == expected(case)


@pytest.mark.parametrize("case", OF_EACH)
def test_a_percentage_of_each_payment_within_bounds_is_a_decision_row_with_one_tier(case):
    inputs = of(case)
    tier = {
        "price": share(inputs["rate_percent"]),
        "flat": inputs["fixed_per_event"],
        "minimum": inputs["min_per_event"],
        "maximum": inputs["max_per_event"],
    }
    row = {"when": {"Plan": "pro"}, "effective": "2018-01-01T00:00:00+00:00", "tiers": [tier]}
    by_plan = {"base": "tiered", "attributes": {"Plan": "PLAN__c"}, "table": [row]}
    phone, known = charge("dynamic", uom="package", group="record", **by_plan), units()
    lines = [
        record(number, payment, known, custom_fields={"PLAN__c": "pro"})
        for number, payment in enumerate(inputs["events"], start=1)
    ]
    assert sum(amounts(bill(lines, phone, known))) == expected(case)


@pytest.mark.parametrize("case", BUCKETS)
def test_buckets_that_are_priced_for_themselves_are_records_that_are(case):
    inputs = of(case)
    known = units(inputs.get("package_size", "1"))
    cost = inputs.get("unit_price") or inputs.get("package_price")
    pricing = {"price": cost} if cost else {}
    phone = charge(
        MODELS[inputs["model"]], *tiers_of(inputs.get("tiers", [])), uom="package", group="record", **pricing
    )
    lines = [record(number, bucket, known) for number, bucket in enumerate(inputs["buckets"], start=1)]
    assert sum(amounts(bill(lines, phone, known))) == expected(case)
