"""Figures of the test suites of other systems (`source` says whose), and where our rule is another one."""

import json
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

import ibis
import pytest

from transforms import derive
from transforms.exact import Rounding, round_exact
from transforms.meter import Derivation
from transforms.period import micros
from transforms.readings import parse
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates, Source

CASES = {case["id"]: case for case in json.loads(Path(__file__).with_name("vectors.json").read_text(encoding="utf-8"))}
RECURRING = "a recurring metric goes on counting the events of earlier periods; a reading belongs to one period"
EMPTY = "a period without readings has no record, rather than a record of 0"
TEXT = "a reading's value is a number, not a name"
PRICED_APART = "every bucket is priced for itself; a record is one quantity of a period"
DIFFERENT = {
    "v065": RECURRING,
    "v068": TEXT,
    "v071": "a negative value is what was read; a filter says where one cannot be",
    "v075": EMPTY,
    "v076": TEXT,
    "v077": TEXT,
    "v157": EMPTY,
    "v158": EMPTY,
    "v161": "one row per minute; a record is one quantity of a period (`peak` gives the highest of the minutes)",
    **dict.fromkeys(("v220", "v222", "v224", "v226", "v228"), PRICED_APART),
}
OF_VALUES = ("v063", "v067", "v069", "v073", "v147", "v148", "v150", "v152", "v155", "v165")
OF_LEVELS = ("v054", "v056", "v058", "v060", "v062")
OF_WINDOWS = ("v159", "v163")
FUNCTIONS = {"avg": "average", "min": "minimum", "max": "maximum"}
AUGUST = ("2023-08-01T00:00:00Z", "2023-09-01T00:00:00Z")
COLUMNS = {"at": "at", "value": "value"}


@pytest.fixture(scope="module")
def told(backend, raw):
    """Bring (at, value, event id) texts from raw rows to one charge's quantity, with the number of rejected rows."""

    def run(rows, function, span, *, by_event_id=False):
        columns = COLUMNS | ({"event_id": "id"} if by_event_id else {})
        source = Source.model_validate({"source": "told", "files": "{account}/*.csv", "columns": columns})
        texts = [dict(zip(("at", "value", "event_id"), row, strict=False)) for row in rows]
        read = backend.to_pyarrow(parse(raw(texts, source), source, file_key=1, path={"account": "A-1"}))
        readings = ibis.memtable(read)
        good = readings.filter(readings.reason.isnull())
        quantities = _quantities(good, function, [micros(datetime.fromisoformat(at)) for at in span], by_event_id)
        (row,) = backend.to_pyarrow(quantities).to_pylist() or [None]
        rejected = sum(reason is not None for reason in read["reason"].to_pylist())
        return row and (Fraction(row["numerator"]) + Fraction(row["remainder"])) / row["denominator"], rejected

    return run


def _quantities(readings, function, bounds, by_event_id):
    dated = derive.inside(readings, [CalendarRow("A-1", *bounds)], CalendarRow("", *bounds))
    scope = [ScopeRow("A-1", "", "C-1", *bounds, None)]
    policy = Duplicates.EXACT if by_event_id else Duplicates.KEEP
    placed = derive.classify(dated, scope, policy, by_event_id=by_event_id)
    return derive.quantities(placed, Derivation(function=function))


def exact(text):
    return None if text is None else Fraction(text)


def test_every_case_is_held_or_stands_with_the_reason_why_our_rule_is_another():
    assert sorted([*OF_VALUES, *OF_LEVELS, *OF_WINDOWS, "v087", "v164", *DIFFERENT]) == sorted(CASES)


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
    rows = [("2023-08-01T00:00:00Z", "1", "e-1")] * inputs["events"]
    assert told(rows, inputs["agg"], AUGUST, by_event_id=True) == (exact(CASES["v164"]["expected"]["value"]), 0)
