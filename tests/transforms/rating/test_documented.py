"""`docs/charges.md` names every key, model and rating group, and its worked examples come out as it says."""

import re
from datetime import datetime
from decimal import Decimal
from typing import get_args

import pytest
from keys_of_models import fields, words
from pages_of_docs import blocks, declared, page

from pipeline.catalog.decision_tables import with_table
from pipeline.catalog.documents import Document
from transforms.catalog.charge import Charge, RatingGroup
from transforms.catalog.models import Pricing
from transforms.catalog.units import Units
from transforms.period import Period
from transforms.rating.lines import worth
from transforms.rating.price import price
from transforms.rating.rate import rate
from transforms.rating.usage import ChargePeriod, UsageLine

DOCUMENT = page("charges")
EXAMPLES = re.findall(r"^\| `({model: .*})` \| ([0-9.]+) \|", DOCUMENT, flags=re.MULTILINE)
ROWS = re.findall(r"^\| (\d) \| (\d{4}-.*) \|$", DOCUMENT, flags=re.MULTILINE)
GROUPS = re.findall(r"^\| `([a-z_]+)` \| .* \| ([0-9.]+) \|$", DOCUMENT, flags=re.MULTILINE)
FIELDS = ("GROUP__c", "AMOUNT__c", "PRICE__c", "REGION__c")
REPEATED = ("pricing.list_price.", "price_changes.pricing.")  # the keys of models, which are explained once
KEYS = sorted({key for key, _ in fields(Charge) if not key.startswith(REPEATED)})
CHANGES = re.findall(r"^\| (\d{4}-[0-9-]+) \| ([0-9.]+) \|", DOCUMENT, flags=re.MULTILINE)
UNITS = Units.model_validate({"units": {"mbit": {}, "each": {}}, "currencies": {"EUR": {}}})
MARCH = Period.parse("2025-03").window("UTC")


def models():
    return {word for kind in get_args(get_args(Pricing)[0]) for word in get_args(kind.model_fields["model"].annotation)}


def lines(**changes):
    """The usage of the page."""
    for number, text in ROWS:
        start, quantity, upload, *custom_fields = text.split(" | ")
        fields = {
            "record_id": int(number),
            "account_number": "A-1",
            "subscription_number": "S-1",
            "charge_number": "C-1",
            "charge": "backbone",
            "uom": "mbit",
            "quantity": Decimal(quantity),
            "start_at": datetime.fromisoformat(start),
            "period_start": MARCH.start,
            "period_end": MARCH.end,
            "time_zone": "UTC",
            "status": "Pending",
            "import_id": upload,
            "custom_fields": dict(zip(FIELDS, custom_fields, strict=True)),
        }
        yield UsageLine(**fields | changes)


def charge(pricing, **changes):
    uom = "each" if pricing["model"] == "flat_fee" else "mbit"
    named = {"charge": "backbone", "uom": uom, "currency": "EUR", "pricing": pricing}
    return Charge.model_validate(named | changes)


def owed(backbone, **changes):
    items = rate(lines(uom=backbone.uom, **changes), charges={"backbone": backbone}, units=UNITS, billed={})
    return sum(item.amount for item in items)


def test_every_key_is_explained_and_none_that_is_not_there():
    named = re.findall(r"^\| `([a-z][a-z_.]*)` \|", DOCUMENT, flags=re.MULTILINE)
    assert sorted(named) == sorted([*KEYS, *models(), *RatingGroup])


@pytest.mark.parametrize("key", KEYS)
def test_every_word_that_a_key_can_be_set_to_is_named(key):
    for annotation in [found for name, found in fields(Charge) if name == key]:
        assert [word for word in words(annotation) if f"`{word}`" not in DOCUMENT] == []


def test_the_charge_at_the_top_is_one():
    assert Charge.model_validate(declared(blocks(DOCUMENT, "yaml")[0])).pricing.model == "tiered"


def test_every_model_has_a_worked_example():
    shown = {charge(declared(text)).pricing.model for text, _ in EXAMPLES}
    assert shown == models() - {"dynamic", "prepaid", "commitment"}


@pytest.mark.parametrize(("text", "written"), EXAMPLES)
def test_a_worked_example_comes_out_as_it_is_written(text, written):
    assert owed(charge(declared(text))) == Decimal(written)


def test_the_prices_of_changing_periods_come_to_what_is_written():
    calls = Charge.model_validate(declared(blocks(DOCUMENT, "yaml")[-1]))
    (quantity,) = re.findall(r"\| (\d+) calls cost \|", DOCUMENT)
    found = [worth(price(Decimal(quantity), calls.of(Period.parse(text).start).pricing)) for text, _ in CHANGES]
    assert found == [Decimal(written) for _, written in CHANGES]
    assert len(found) == 4


def test_every_rating_group_has_a_worked_example():
    assert [group for group, _ in GROUPS] == list(RatingGroup)


@pytest.mark.parametrize(("group", "written"), GROUPS)
def test_each_rating_group_comes_to_what_is_written(group, written):
    (shown,) = re.findall(r"those of the usage below, by `({.*})`", DOCUMENT)
    named = {"group_field": "GROUP__c"} if group == "group_id" else {}
    assert owed(charge(declared(shown), rating_group=group, **named)) == Decimal(written)


def test_records_rated_individually_come_to_what_is_written():
    price, together, parts, individually = re.search(
        r"price of ([0-9.]+) the usage below\s+owes ([0-9.]+) together, and ([0-9. +]+) = ([0-9.]+) individually",
        DOCUMENT,
    ).groups()
    pricing = {"model": "per_unit", "price": price}
    assert owed(charge(pricing)) == Decimal(together)
    found = owed(charge(pricing, rate_records="individually"))
    assert found == Decimal(individually) == sum(map(Decimal, parts.split("+")))


@pytest.mark.parametrize("subscription", ["S-1", "S-2"])
def test_the_decision_table_comes_to_what_is_written(tmp_path, subscription):
    (tmp_path / "backbone.yaml").write_text(blocks(DOCUMENT, "yaml")[1], encoding="utf-8")
    (tmp_path / "backbone_prices.csv").write_text(blocks(DOCUMENT, "csv")[0], encoding="utf-8")
    backbone = with_table(Document.read(tmp_path / "backbone.yaml")).as_model(Charge)
    ordinary, negotiated = re.findall(r"\* 0.60: ([0-9.]+)\.|\* 0.30 = ([0-9.]+)\.", DOCUMENT.replace("×", "*"))
    written = {"S-1": ordinary[0], "S-2": negotiated[1]}[subscription]
    assert owed(backbone, subscription_number=subscription) == Decimal(written)


def test_each_record_meets_the_tiers_of_its_row_and_comes_to_what_is_written(tmp_path):
    (tmp_path / "backbone.yaml").write_text(blocks(DOCUMENT, "yaml")[2], encoding="utf-8")
    (tmp_path / "backbone_tiers.csv").write_text(blocks(DOCUMENT, "csv")[1], encoding="utf-8")
    backbone = with_table(Document.read(tmp_path / "backbone.yaml")).as_model(Charge)
    items = rate(lines(), charges={"backbone": backbone}, units=UNITS, billed={})
    written = re.findall(r"^\| (\d) \| \d+ \| ([0-9.]+) \| .* \|$", DOCUMENT, flags=re.MULTILINE)
    assert [(item.group_key, item.amount) for item in items] == [(key, Decimal(amount)) for key, amount in written]
    assert len(written) == len(ROWS)


def test_commitments_come_to_what_is_written():
    (text,) = [block for block in blocks(DOCUMENT, "yaml") if "model: commitment" in block]
    promise, year = Charge.model_validate(declared(text)), Period.parse("2025").window("UTC")
    named = {"account_number": "A-1", "subscription_number": "S-1", "charge_number": "C-9", "charge": "promise"}
    owner = ChargePeriod(**named, period_start=year.start, period_end=year.end)
    examples = re.findall(r"^\| (\d+\.\d\d) \| (\d+\.\d\d) \| (\d+\.\d\d) \| ", DOCUMENT, flags=re.MULTILINE)
    for *spent, written in examples:
        contributed = {("C-9", year.start): sum(map(Decimal, spent))}
        rules = {"charges": {"promise": promise}, "units": UNITS, "billed": {}}
        (item,) = rate((), **rules, subscribed=[owner], contributed=contributed)
        assert item.amount == Decimal(written)
    assert len(examples) == 3
