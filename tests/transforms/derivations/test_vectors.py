"""Figures of the test suites of other systems (`source` says whose), and where our rule is another one."""

import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import ibis
import pytest
from pydantic import TypeAdapter
from readings_by_hand import Rules, quantity, target, window

from transforms.catalog.meter import Derivation
from transforms.catalog.models import Pricing
from transforms.catalog.source import Source
from transforms.catalog.units import Units
from transforms.exact import Rounding, round_exact
from transforms.period import micros
from transforms.rating.lines import worth
from transforms.rating.price import price
from transforms.readings.readings import parse

CASES = {case["id"]: case for case in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))}
RECURRING = "a recurring metric goes on counting the events of earlier periods; a reading belongs to one period"
EMPTY = "a period without readings has no record, rather than a record of 0"
DIFFERENT = {
    "v065": RECURRING,
    "v071": "a negative value is what was read; a filter says where one cannot be",
    "v075": EMPTY,
    "v077": "a name that is added and then removed is a level of its own: count it, and derive from the counts",
    "v157": EMPTY,
    "v158": EMPTY,
    "v201": "a unit that nobody knows is refused when the catalog is read, before there is any usage in it",
    "v161": "one row per minute; a record is one quantity of a period (`peak` gives the highest of the minutes)",
}
OF_VALUES = ("v063", "v067", "v069", "v073", "v147", "v148", "v150", "v152", "v155", "v165")
OF_NAMES = ("v068", "v076")
OF_UNITS = ("v140", "v141", "v291")
OF_LEVELS = ("v054", "v056", "v058", "v060", "v062")
OF_WINDOWS = ("v159", "v163")
FUNCTIONS = {"avg": "average", "min": "minimum", "max": "maximum"}
AUGUST = ("2023-08-01T00:00:00Z", "2023-09-01T00:00:00Z")


@pytest.fixture(scope="module")
def told(backend, raw):
    """Bring texts from raw rows to one charge's quantity, with the number of rejected rows."""

    def run(rows, function, span, columns=("at", "value"), **parameters):
        source = source_of_texts(columns)
        texts = [dict(zip(columns, row, strict=True)) for row in rows]
        read = backend.to_pyarrow(parse(raw(texts, source), source, file_key=1, path={"account": "A-1"}))
        readings = ibis.memtable(read)
        good = readings.filter(readings.reason.isnull())
        bounds = [micros(datetime.fromisoformat(at)) for at in span]
        scope = {("A-1", ""): target("A-1", "C-1", bounds)}
        derivation = Derivation(function=function, **parameters)
        (row,) = Rules(backend, good, source, scope, window(*bounds), derivation).records() or [None]
        rejected = sum(reason is not None for reason in read["reason"].to_pylist())
        return row and quantity(row), rejected

    return run


def source_of_texts(columns):
    """A source of these columns of ours; repeats are settled where there is an event id."""
    named = {name: name for name in columns if not name.startswith("attribute_")}
    named["attributes"] = {name.removeprefix("attribute_"): name for name in columns if name not in named}
    policy = "exact" if "event_id" in columns else "keep"
    return Source.model_validate({"source": "told", "files": "{account}/*.csv", "columns": named, "duplicates": policy})


def exact(text):
    return None if text is None else Fraction(text)


def test_every_case_is_held_or_stands_with_the_reason_why_our_rule_is_another():
    assert sorted([*OF_VALUES, *OF_NAMES, *OF_UNITS, *OF_LEVELS, *OF_WINDOWS, "v087", "v164", *DIFFERENT]) == sorted(
        CASES
    )


@pytest.mark.parametrize("case", OF_VALUES)
def test_values_give_the_figure_and_what_is_no_number_is_rejected_in_the_open(told, case):
    inputs, expected = CASES[case]["inputs"], CASES[case]["expected"]
    name = inputs.get("agg", CASES[case]["kind"].removeprefix("agg_"))
    rows = [(f"2023-08-01T00:{minute:02}:00Z", value or "") for minute, value in enumerate(inputs["values"])]
    numbers = [value for value in inputs["values"] if value and value.replace(".", "").isdigit()]
    found, rejected = told(rows, FUNCTIONS.get(name, name), AUGUST)
    assert found == exact(expected["value"])
    assert rejected == len(rows) - len(numbers) == expected.get("rejected_and_visible", rejected)


@pytest.mark.parametrize("case", OF_LEVELS)
def test_changes_of_a_level_are_readings_of_it_and_its_mean_is_weighted_by_time(told, case):
    inputs = CASES[case]["inputs"]
    instants, changes = ["2023-07-31T00:00:00Z"], [Decimal(inputs["initial"])]
    for at, change in inputs["events"]:
        instants.append(at)
        changes.append(Decimal(change))
    rows = [(at, str(level)) for at, level in zip(instants, accumulate(changes), strict=True)]
    found, _ = told(rows, "time_weighted_average", (inputs["from"], inputs["to"]))
    assert round_exact(found, 5, Rounding.HALF_UP) == Decimal(CASES[case]["expected"]["value_rounded_5"])


def test_units_that_were_added_late_count_for_their_days(told):
    inputs = CASES["v087"]["inputs"]
    level = sum(map(Decimal, inputs["persisted"]))
    rows = [("2023-07-31T00:00:00Z", str(level))]
    for added in inputs["added"]:
        level += Decimal(added["units"])
        rows.append((f"2023-08-{inputs['period_days'] - added['days'] + 1:02}T00:00:00Z", str(level)))
    found, _ = told(rows, "time_weighted_average", AUGUST)
    assert round_exact(found, 5, Rounding.UP) == Decimal(CASES["v087"]["expected"]["value"])


@pytest.mark.parametrize("case", OF_WINDOWS)
def test_a_window_holds_its_start_and_not_its_end(told, case):
    inputs = CASES[case]["inputs"]
    found, _ = told(inputs["events"], inputs["agg"], (inputs["from"], inputs["to"]))
    assert [[inputs["from"], inputs["to"], str(found)]] == CASES[case]["expected"]["rows"]


def test_an_event_that_is_sent_a_thousand_times_counts_once(told):
    inputs = CASES["v164"]["inputs"]
    rows = [("2023-08-01T00:00:00Z", "e-1")] * inputs["events"]
    found = told(rows, inputs["agg"], AUGUST, ("at", "event_id"))
    assert found == (exact(CASES["v164"]["expected"]["value"]), 0)


@pytest.mark.parametrize("case", OF_NAMES)
def test_names_are_counted_without_a_value_and_different_ones_as_the_texts_of_an_attribute(told, case):
    inputs, expected = CASES[case]["inputs"], CASES[case]["expected"]
    rows = [(f"2023-08-01T00:{minute:02}:00Z", name) for minute, name in enumerate(inputs["values"])]
    function = CASES[case]["kind"].removeprefix("agg_")
    of = {"of": "name"} if function == "unique_count" else {}
    assert told(rows, function, AUGUST, ("at", "attribute_name"), **of) == (exact(expected["value"]), 0)


@pytest.mark.parametrize("case", OF_UNITS)
def test_a_quantity_is_brought_to_the_unit_that_is_billed_rounded_there_and_then_priced(case):
    inputs, expected = CASES[case]["inputs"], CASES[case]["expected"]
    rounding = inputs.get("round") or inputs["uom_rounding"]
    alias = {"piece": f"1/{inputs.get('divide_by', 1)}"}
    unit = {"decimals": inputs.get("uom_decimals", 0), "rounding": rounding, "aliases": alias}
    units = Units.model_validate({"units": {"billed": unit}, "currencies": {}})
    billed = units.units["billed"].round(Fraction(inputs["quantity"]) * units.factor("piece", "billed"))
    tiers = inputs.get("tiers") or [{"up_to": None, "unit": inputs["unit_price"], "flat": "0"}]
    table = [{"up_to": tier["up_to"], "price": tier["unit"], "flat": tier["flat"]} for tier in tiers]
    tiered = TypeAdapter(Pricing).validate_python({"model": "tiered", "tiers": table})
    assert (billed, worth(price(billed, tiered))) == (Decimal(expected["billed_units"]), Decimal(expected["amount"]))
