"""Coverage: what part of the samples is there, and what becomes of a record that has too few."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from readings_by_hand import Rules, landed, source_of, target, window

from transforms.catalog.meter import Derivation
from transforms.catalog.policy import Coverage
from transforms.usage.coverage import judge, shown
from transforms.usage.usage import Quantity, UsageRecord, expected_samples

DAY = Quantity("C-1", 0, 24 * 3_600_000_000, Decimal(1), Decimal(0), 1, 1, 0, 0)

START, END = datetime(2025, 3, 1, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)
RECORD = UsageRecord(
    "key", "2025-03", "A-1", "S-1", "C-1", "energy", "kwh", Decimal(1), START, END, "", {}, 8035,
    samples_expected=8928, samples_seen=8035,
)  # fmt: skip


def judged(below, *records, silent=(), minimum="0.9"):
    return judge(records, silent, Coverage.model_validate({"minimum": minimum, "below": below}))


def test_coverage_is_the_part_of_the_expected_samples_that_was_seen_and_never_more_than_all():
    assert RECORD.coverage == Fraction(8035, 8928)
    assert replace(RECORD, samples_seen=9000).coverage == 1
    assert replace(RECORD, samples_seen=0).coverage == 0


@pytest.mark.parametrize("field", ["samples_expected", "samples_seen"])
def test_where_nobody_knows_what_to_expect_there_is_no_coverage_and_nothing_to_judge(field):
    record = replace(RECORD, **{field: None})
    assert (record.coverage, shown(record)) == (None, None)
    assert judged("hold", record).held == {}


def test_it_is_shown_rounded_down_so_that_1_means_all_of_it():
    assert shown(RECORD) == Decimal("0.8999")
    assert shown(replace(RECORD, samples_expected=10**6, samples_seen=10**6 - 1)) == Decimal("0.9999")
    assert shown(replace(RECORD, samples_seen=8928)) == 1


def test_a_span_expects_one_sample_for_each_whole_interval_and_one_at_least():
    hour = 3_600_000_000
    spans = [replace(DAY, end_us=length) for length in (24 * hour, 23 * hour + 1, hour, 1)]
    assert [expected_samples(each, 3600) for each in spans] == [24, 23, 1, 1]
    assert expected_samples(spans[0], None) is None


def test_every_point_that_was_heard_of_should_give_all_its_samples():
    assert expected_samples(replace(DAY, points=3), 3600) == 72
    assert expected_samples(replace(DAY, points=0), 3600) == 24  # nothing but a value that was carried in


def test_below_the_minimum_a_record_is_reported_held_back_or_stops_the_meter():
    found = "8035 of 8928 samples, 0.9 of them needed"
    warned, held, failed = (judged(below, RECORD) for below in ("warn", "hold", "fail"))
    assert (warned.warnings, warned.held, warned.failures) == ([f"charge C-1: {found}"], {}, [])
    assert (held.warnings, held.held, held.failures) == ([], {"key": f"coverage: {found}"}, [])
    assert (failed.warnings, failed.held, failed.failures) == ([], {}, [f"charge C-1: {found}"])


@pytest.mark.parametrize("below", ["warn", "hold", "fail"])
def test_exactly_the_minimum_is_enough(below):
    enough = replace(RECORD, samples_expected=10, samples_seen=9)
    judgement = judged(below, enough)
    assert (judgement.warnings, judgement.held, judgement.failures) == ([], {}, [])


@pytest.mark.parametrize(("below", "place"), [("warn", "warnings"), ("hold", "warnings"), ("fail", "failures")])
def test_a_charge_without_any_sample_has_no_record_to_hold_and_is_told_all_the_same(below, place):
    assert getattr(judged(below, silent=["C-2"]), place) == ["charge C-2: no sample at all"]


def test_a_meter_that_asks_for_no_coverage_judges_nothing():
    judgement = judge([RECORD], ["C-2"], None)
    assert (judgement.warnings, judgement.held, judgement.failures) == ([], {}, [])


def test_only_intervals_with_a_reading_that_counts_are_seen_each_once(backend):
    # Intervals of 10 seconds: two readings in one, one filtered out, one of another period, one alone.
    rows = [
        {"account": "A-1", "at_us": at * 1_000_000, "value": value}
        for at, value in ((11, "1"), (19, "2"), (25, "-1"), (35, "3"), (95, "9"))
    ]
    scope = {("A-1", ""): target("A-1", "C-1", (0, 90_000_000))}
    derivation = Derivation.model_validate({"function": "sum", "filter": {"minimum": "0"}})
    rules = Rules(backend, landed(rows), source_of(interval_seconds=10), scope, window(0, 90_000_000), derivation)
    tally = {row["fate"]: row["seen"] for row in backend.to_pyarrow(rules.tally).to_pylist()}
    assert tally[0] == 2
