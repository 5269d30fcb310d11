"""Worked examples of the billing platform's documentation.

`apart` names the file that holds one which is no single charge and period, `absent` says why we have no such rule.
"""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from rating_by_hand import billed_by, used

from transforms.catalog.charge import Charge
from transforms.catalog.units import Units
from transforms.rating import individually
from transforms.rating.rate import rate

EXAMPLES = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
HELD = [example for example in EXAMPLES if not {"absent", "apart"} & example.keys()]
UNITS = Units.model_validate({"units": {"minute": {"decimals": "2"}}, "currencies": {"USD": {}}})
OF_CHARGE = ("pricing", "rating_group", "group_field", "rate_records")


def lines_of(example):
    for number, fields in enumerate(example["usage"], start=1):
        given = dict(fields)
        group = {"Group__c": given.pop("group")} if "group" in given else {}
        custom_fields = {**given.pop("custom_fields", {}), **group}
        yield used(number, given.pop("quantity"), given.pop("day"), custom_fields=custom_fields, **given)


def charge_of(example):
    named = {name: example[name] for name in OF_CHARGE if name in example}
    return Charge.model_validate({"charge": "phone", "uom": "minute", "currency": "USD"} | named)


def items_of(example):
    lines = list(lines_of(example))
    billed = {("C-1", lines[0].period_start, ""): Decimal(example["billed"])} if "billed" in example else {}
    return rate(lines, charges={"phone": charge_of(example)}, units=UNITS, billed=billed)


@pytest.mark.parametrize("example", HELD, ids=lambda example: example["id"])
def test_a_worked_example_comes_out_as_it_is_written(example):
    items = items_of(example)
    assert [item.quantity for item in items] == [Decimal(quantity) for quantity in example["quantities"]]
    assert [item.amount for item in items] == [Decimal(amount) for amount in example["amounts"]]


def test_e20_each_of_two_records_costs_what_the_tier_of_both_says():
    (example,) = [example for example in HELD if "shares" in example]
    (item,) = items_of(example)
    shares = individually.shares(lines_of(example), item.quantity, item.breakdown, UNITS.units["minute"])
    assert list(shares) == [Decimal(share) for share in example["shares"]]


def test_e12_and_e13_are_two_bill_runs_of_which_the_second_bills_the_difference():
    (first,) = [example for example in HELD if example["id"] == "E12"]
    (second,) = [example for example in HELD if example["id"] == "E13"]
    billed = billed_by(items_of(first))
    items = rate(lines_of(second), charges={"phone": charge_of(second)}, units=UNITS, billed=billed)
    assert [(item.amount_total, item.billed_before, item.amount) for item in items] == [(55, 35, 20)]


def test_every_example_is_held_or_says_why_we_have_no_such_rule():
    for example in EXAMPLES:
        assert "apart" in example or example.get("absent") or example["amounts"]
    for example in (example for example in EXAMPLES if "apart" in example):
        assert f"def test_{example['id'].lower()}_" in Path(__file__).with_name(example["apart"]).read_text(
            encoding="utf-8"
        )
    assert len({example["id"] for example in EXAMPLES}) == len(EXAMPLES) == 33
