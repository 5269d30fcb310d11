"""The real files of `samples/` and `tests/data/` against figures that a second, independent program worked out."""

import csv
import gzip
import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import ibis
import pytest
import yaml
from readings_by_hand import Rules, target

from transforms.catalog.meter import Derivation, Function
from transforms.catalog.source import Source
from transforms.exact import Rounding, round_exact
from transforms.period import Period
from transforms.readings.readings import parse

ROOT = Path(__file__).parents[3]
ANSWERS = json.loads(Path(__file__).with_name("answers.json").read_text(encoding="utf-8"))["files"]
FIGURES = {
    "count": Function.COUNT,
    "sum": Function.SUM,
    "min": Function.MINIMUM,
    "max": Function.MAXIMUM,
    "avg": Function.AVERAGE,
}
UK = {"source": "uk", "files": "{account}/*.csv.gz", "columns": {"at": "start", "value": "value"}}


def derived(backend, rows, source, months):
    """Every figure of every month, as exact fractions, and the number of duplicates that were counted once."""
    readings = ibis.memtable(backend.to_pyarrow(parse(rows, source, file_key=1, path={"account": "A-1"})))
    found = {month: _month(backend, readings, source, Period.parse(month)) for month in months}
    return {month: figures for month, (figures, _) in found.items()}, sum(count for _, count in found.values())


def _month(backend, readings, source, month):
    bounds = month.window(source.time.zone)
    scope = {("A-1", ""): target("A-1", "C-1", (bounds.start_us, bounds.end_us))}
    rules = {
        name: Rules(backend, readings, source, scope, bounds, Derivation(function=function))
        for name, function in FIGURES.items()
    }
    figures = {name: _figure(each.records()) for name, each in rules.items()}
    return figures, rules["sum"].ledger().get(("duplicate", "same_content"), 0)


def _figure(rows):
    assert len(rows) == 1
    return (Fraction(rows[0]["numerator"]) + Fraction(rows[0]["remainder"])) / rows[0]["denominator"]


def expected(answer):
    exact = {name: Fraction(answer[name]) for name in ("count", "sum", "min", "max")}
    return exact | {"avg": exact["sum"] / exact["count"]}


def rows_of(raw, path, source):
    names = source.columns.named()
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(encoding="utf-8", newline="") as file:
        return raw([{ours: row[theirs] for ours, theirs in names.items()} for row in csv.DictReader(file)], source)


@pytest.mark.parametrize("path", sorted((ROOT / "samples").glob("*/*/*.csv")), ids=lambda path: path.stem)
def test_the_figures_of_a_real_month_are_right_to_the_last_digit(backend, raw, path):
    text = (ROOT / "catalog" / "sources" / f"{path.parts[-3]}.yaml").read_text(encoding="utf-8")
    source = Source.model_validate(yaml.load(text, Loader=yaml.BaseLoader))  # noqa: S506  all scalars stay text
    answers = ANSWERS[path.name]
    figures, duplicates = derived(backend, rows_of(raw, path, source), source, answers)
    assert figures == {month: expected(answer) for month, answer in answers.items()}
    assert duplicates == 0


def test_every_real_file_has_its_answer():
    assert {path.name for path in (ROOT / "samples").glob("*/*/*.csv")} == {
        name for name in ANSWERS if "ec2" in name
    } | {
        "elb_request_count_8c0756.csv",
        "rds_cpu_utilization_cc0c53.csv",
    }


@pytest.mark.parametrize(("policy", "name", "once"), [("exact", "uk/sample-1", 15), ("keep", "uk/sample-1-raw", 0)])
def test_two_exports_that_overlap_are_counted_as_the_source_declares(backend, raw, policy, name, once):
    source = Source.model_validate(UK | {"duplicates": policy})
    path = ROOT / "tests" / "data" / "uk-electricity-hdd-only-hourly-sample-1.csv.gz"
    figures, duplicates = derived(backend, rows_of(raw, path, source), source, ANSWERS[name])
    assert figures == {month: expected(answer) for month, answer in ANSWERS[name].items()}
    assert duplicates == once


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_average_that_is_rounded_is_the_one_that_was_worked_out_apart(name):
    for answer in ANSWERS[name].values():
        average = Decimal(answer["avg"])
        decimals = -average.as_tuple().exponent
        assert round_exact(expected(answer)["avg"], decimals, Rounding.HALF_EVEN) == average
