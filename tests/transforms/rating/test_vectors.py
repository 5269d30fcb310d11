"""Figures of other billing systems and their documentation; `source` in the file says where each comes from."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from transforms.charge import Pricing
from transforms.rating.lines import worth
from transforms.rating.price import price

CASES = json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))["cases"]
MODELS = {"per_unit": "per_unit", "graduated": "tiered", "volume": "volume"}


def pricing(kind, inputs):
    if kind == "per_unit":
        fields = {"price": inputs["unit_price"]}
    else:
        tiers = [{"up_to": tier["up_to"], "price": tier["unit"], "flat": tier["flat"]} for tier in inputs["tiers"]]
        at_zero = "first_flat" if inputs.get("zero_usage_bills_first_flat") else "nothing"
        fields = {"tiers": tiers, "at_zero": at_zero}
    return TypeAdapter(Pricing).validate_python({"model": MODELS[kind]} | fields)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['id']}-{case['kind']}")
def test_we_charge_what_the_others_charge(case):
    quantity = Decimal(case["inputs"]["quantity"])
    assert worth(price(quantity, pricing(case["kind"], case["inputs"]))) == Decimal(case["expected"]["amount"])


def test_the_cases_cover_every_charge_model():
    assert {MODELS[case["kind"]] for case in CASES} == {"per_unit", "tiered", "volume"}
