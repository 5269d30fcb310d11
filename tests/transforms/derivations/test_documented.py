"""`docs/meters.md` names every key and function, and its worked examples come out as it says."""

import re
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args, get_origin

import ibis
import pytest
import yaml
from pydantic import BaseModel

from transforms import derive
from transforms.meter import Derivation, Function, Meter
from transforms.period import Month
from transforms.readings import parse
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates, Source

DOCUMENT = (Path(__file__).parents[3] / "docs" / "meters.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^\| `({function: .*?})` \| (\S+) \|", DOCUMENT, flags=re.MULTILINE)
READINGS = re.findall(r"^\| (\d{4}-\S+) \| (\S+) \|$", DOCUMENT, flags=re.MULTILINE)


def parts(annotation):
    """The annotation and all that it is made of."""
    yield annotation
    for part in get_args(annotation) if get_origin(annotation) is not Literal else ():
        yield from parts(part)


def fields(model, prefix=""):
    """Every key below a model, written like `derive.filter.minimum`, with its annotation."""
    for name, field in model.model_fields.items():
        yield prefix + name, field.annotation
        for part in parts(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from fields(part, f"{prefix}{name}.")


def words(annotation):
    """The words that a key can be set to, where they are a closed list."""
    for part in parts(annotation):
        if get_origin(part) is Literal:
            yield from filter(None, get_args(part))
        elif isinstance(part, type) and issubclass(part, StrEnum):
            yield from (each.value for each in part)


def test_every_key_is_explained_and_none_that_is_not_there():
    named = re.findall(r"^\| `([a-z][a-z_.]*)` \|", DOCUMENT, flags=re.MULTILINE)
    functions = [each.value for each in Function]
    assert sorted(named) == sorted([*{key for key, _ in fields(Meter)}, *functions])


@pytest.mark.parametrize("key", sorted({key for key, _ in fields(Meter)}))
def test_every_word_that_a_key_can_be_set_to_is_named(key):
    for annotation in [found for name, found in fields(Meter) if name == key]:
        assert [word for word in words(annotation) if f"`{word}`" not in DOCUMENT] == []


def test_the_meter_at_the_top_is_one():
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, flags=re.DOTALL)
    assert Meter.model_validate(yaml.load(example, Loader=yaml.BaseLoader)).meter == "backbone_p95"  # noqa: S506  text


def test_every_function_has_a_worked_example():
    assert {_derivation(text).function for text, _ in EXAMPLES} == set(Function)


@pytest.mark.parametrize(("text", "quantity"), EXAMPLES)
def test_a_worked_example_comes_out_as_it_is_written(backend, raw, text, quantity):
    source = Source(source="book", files="{account}.csv", columns={"at": "at", "value": "value"})
    rows = raw([{"at": at, "value": value} for at, value in READINGS], source)
    readings = backend.to_pyarrow(parse(rows, source, file_key=1, path={"account": "A-1"}))
    window = Month.parse("2025-03").window("UTC")
    bounds = (window.start_us, window.end_us)
    dated = derive.inside(ibis.memtable(readings), [CalendarRow("A-1", *bounds)], CalendarRow("", *bounds))
    scope = [ScopeRow("A-1", "", "C-1", *bounds, None)]
    placed = derive.classify(dated, scope, Duplicates.REJECT, by_event_id=False)
    derivation = _derivation(text)
    narrowed = derive.narrow(placed, derivation.filter)
    (row,) = backend.to_pyarrow(derive.quantities(narrowed, derivation)).to_pylist()
    assert (Fraction(row["numerator"]) + Fraction(row["remainder"])) / row["denominator"] == Fraction(quantity)


def _derivation(text):
    return Derivation.model_validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506  all scalars stay text
