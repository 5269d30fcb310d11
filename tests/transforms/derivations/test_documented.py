"""`docs/meters.md` names every key and function, and its worked examples come out as it says."""

import inspect
import re
from fractions import Fraction

import ibis
import pytest
from keys_of_models import fields, words
from pages_of_docs import blocks, declared, page
from readings_by_hand import Rules, target

from pipeline.catalog.lookups import COLUMNS
from transforms import custom
from transforms.catalog.charge import Alignment, BillingPeriod
from transforms.catalog.meter import Derivation, Function, Meter
from transforms.catalog.source import Source
from transforms.period import Period
from transforms.readings.readings import parse

DOCUMENT = page("meters")
EXAMPLES = re.findall(r"^\| `({function: .*?})` \| ([^|]+) \|", DOCUMENT, flags=re.MULTILINE)
READINGS = re.findall(r"^\| (\d{4}-\S+) \| (\S+) \| (\S+) \|$", DOCUMENT, flags=re.MULTILINE)


def test_every_key_is_explained_and_none_that_is_not_there():
    named = re.findall(r"^\| `([a-z][a-z_.]*)` \|", DOCUMENT, flags=re.MULTILINE)
    functions = [each.value for each in Function]
    assert sorted(named) == sorted([*{key for key, _ in fields(Meter)}, *functions])


@pytest.mark.parametrize("key", sorted({key for key, _ in fields(Meter)}))
def test_every_word_that_a_key_can_be_set_to_is_named(key):
    for annotation in [found for name, found in fields(Meter) if name == key]:
        assert [word for word in words(annotation) if f"`{word}`" not in DOCUMENT] == []


def test_the_meter_at_the_top_is_one():
    (example,) = blocks(DOCUMENT, "yaml")
    assert Meter.model_validate(declared(example)).meter == "backbone_p95"


def test_every_function_has_a_worked_example():
    assert {_derivation(text).function for text, _ in EXAMPLES} == set(Function)


@pytest.mark.parametrize(("text", "written"), EXAMPLES)
def test_a_worked_example_comes_out_as_it_is_written(backend, raw, text, written):
    columns = {"at": "at", "value": "value", "attributes": {"site": "site"}}
    source = Source(source="book", files="{account}.csv", columns=columns)
    rows = raw([{"at": at, "value": value, "attribute_site": site} for at, value, site in READINGS], source)
    readings = backend.to_pyarrow(parse(rows, source, file_key=1, path={"account": "A-1"}))
    month = Period.parse("2025-03").window("UTC")
    scope = {("A-1", ""): target("A-1", "C-1", (month.start_us, month.end_us))}
    found = Rules(backend, ibis.memtable(readings), source, scope, month, _derivation(text)).exact()
    by_site = [part.split(": ") for part in written.split(", ")] if ":" in written else [[written]]
    assert found == {("C-1", *site): Fraction(figure) for *site, figure in by_site}


def test_the_rule_that_is_shown_stands_there():
    (shown,) = blocks(DOCUMENT, "python")
    assert inspect.getsource(custom.EXPRESSIONS["spread"]) in shown


def test_every_word_of_billing_periods_is_named():
    charge = [f"`{word}`" for kind in (BillingPeriod, Alignment) for word in kind]
    assert [word for word in charge if word not in DOCUMENT.replace(": ", "` `")] == []
    assert "`bill_cycle_day`" in DOCUMENT


def test_the_columns_of_a_lookup_are_named():
    assert f"`{','.join(COLUMNS[:2])}`" in DOCUMENT
    assert [name for name in COLUMNS[2:] if f"`{name}`" not in DOCUMENT] == []


def _derivation(text):
    return Derivation.model_validate(declared(text))
