"""Periods of the test suites and pages of other systems (`source` says whose), and where our rule is another one."""

import json
from collections import Counter
from datetime import date, datetime
from pathlib import Path

import pytest

from transforms.period import Cycle

FILE = Path(__file__).with_name("vectors_periods.json")
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))}
DIFFERENT = {
    "v281": "an account's bill cycle day stays as it is once there is usage by it: no short period comes between",
}
STARTS = ("v248", "v250", "v252")


def test_every_case_is_held_or_stands_with_the_reason_why_our_rule_is_another():
    assert sorted([*STARTS, "v200", *DIFFERENT]) == sorted(CASES)


@pytest.mark.parametrize("case", STARTS)
def test_months_from_an_anchor_day_begin_where_they_are_said_to(case):
    inputs = CASES[case]["inputs"]
    cycle, end, starts = Cycle(1, inputs["anchor_day"]), date.fromisoformat(inputs["end"]), []
    period = cycle.period_of(date.fromisoformat(inputs["start"]))
    while period.start < end:
        starts.append(period.start.isoformat())
        period = cycle.period_of(period.end)
    assert starts == CASES[case]["expected"]["starts"]


def test_events_around_midnight_and_a_change_of_the_clock_fall_into_the_months_of_their_own_zone():
    inputs = CASES["v200"]["inputs"]
    events = [datetime.fromisoformat(at) for at in inputs["events"]]
    counts = Counter()
    for month in CASES["v200"]["expected"]["counts"]:
        window = Cycle().period_of(date.fromisoformat(f"{month}-01")).window(inputs["timezone"])
        counts[month] = sum(window.start <= at < window.end for at in events)
    assert counts == CASES["v200"]["expected"]["counts"]
