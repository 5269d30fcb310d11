"""Groups and attributes: a record for each of their values, a filter by them, a count of them; and no value at all."""

from fractions import Fraction

import pytest
from readings_by_hand import Rules, landed, source_of, target, window
from second_computation import PERIOD

from transforms.catalog.meter import Derivation

SECOND = 1_000_000
BOUNDS = tuple(at * SECOND for at in PERIOD)
# (second, value, region, tier); the period is from second 10 until second 30.
READINGS = [(5, "1", "eu", "a"), (12, "4", "eu", "a"), (15, "6", "us", "a"), (20, "8", "eu", "b"), (22, "2", "", "a")]


@pytest.fixture(scope="module")
def grouped(backend):
    def run(derivation, readings=READINGS, **source):
        rows = [
            {"account": "A-1", "at_us": at * SECOND, "value": value, "attribute_region": region, "attribute_tier": tier}
            for at, value, region, tier in readings
        ]
        names = ["region", "tier"]
        scope = {("A-1", ""): target("A-1", "C-1", BOUNDS)}
        declared = source_of(attributes=names, **source)
        rules = Rules(
            backend, landed(rows, names), declared, scope, window(*BOUNDS), Derivation.model_validate(derivation)
        )
        return {key[1:]: figure for key, figure in rules.exact().items()}, rules.ledger()

    return run


def test_every_value_of_an_attribute_has_a_record_of_its_own_and_an_empty_one_too(grouped):
    found, ledger = grouped({"function": "sum", "group_by": ["region"]})
    assert found == {("eu",): 12, ("us",): 6, ("",): 2}
    assert ledger == {("used", ""): 4}


def test_two_attributes_make_a_record_for_each_pair_that_there_is(grouped):
    found, _ = grouped({"function": "count", "group_by": ["tier", "region"]})
    assert found == {("a", "eu"): 1, ("a", "us"): 1, ("b", "eu"): 1, ("a", ""): 1}


def test_in_each_group_a_reading_holds_until_the_next_of_its_own_group(grouped):
    # eu: 1 for 2 seconds (carried in), 4 for 8, 8 for 10; us: 6 for 15; the rest: 2 for 8.
    found, _ = grouped({"function": "time_weighted_sum", "per": "second", "group_by": ["region"]})
    assert found == {("eu",): 2 + 32 + 80, ("us",): 90, ("",): 16}


def test_each_group_has_a_percentile_and_a_peak_of_its_own(grouped):
    found, _ = grouped({"function": "percentile", "percentile": "50", "group_by": ["region"]})
    assert found == {("eu",): 4, ("us",): 6, ("",): 2}
    peak = {"function": "peak", "bucket_seconds": 10, "bucket_function": "average", "group_by": ["tier"]}
    assert grouped(peak)[0] == {("a",): 5, ("b",): 8}


def test_a_counter_rises_within_its_group(grouped):
    found, _ = grouped({"function": "increase", "group_by": ["region"]})
    assert found == {("eu",): 7, ("us",): 0, ("",): 0}


def test_custom_rules_of_both_kinds_work_group_by_group(grouped):
    spread = {"function": "custom", "rule": "spread", "group_by": ["region"]}
    peaks = {"function": "custom", "rule": "mean_of_daily_peaks", "group_by": ["region"]}
    assert grouped(spread)[0] == {("eu",): 4, ("us",): 0, ("",): 0}
    assert grouped(peaks)[0] == {("eu",): 8, ("us",): 6, ("",): 2}


def test_a_filter_takes_the_texts_that_are_listed_of_every_attribute(grouped):
    wanted = {"attributes": {"region": ["eu", ""], "tier": ["a"]}}
    found, ledger = grouped({"function": "sum", "filter": wanted})
    assert (found, ledger) == ({(): 6}, {("used", ""): 2, ("out_of_scope", "filtered"): 2})


def test_what_a_filter_by_an_attribute_leaves_out_does_not_hold_either(grouped):
    found, _ = grouped({"function": "time_weighted_average", "filter": {"attributes": {"tier": ["a"]}}})
    assert found == {(): Fraction(1 * 2 + 4 * 3 + 6 * 7 + 2 * 8, 20)}


def test_texts_are_compared_as_they_are(grouped):
    readings = [(12, "1", "EU", "a"), (13, "1", "eu", "a"), (14, "1", "eu ", "a"), (15, "1", "eü", "a")]
    assert len(grouped({"function": "count", "group_by": ["region"]}, readings)[0]) == 4
    assert grouped({"function": "unique_count", "of": "region"}, readings)[0] == {(): 4}


def test_different_texts_of_an_attribute_are_counted_and_an_empty_one_is_one(grouped):
    assert grouped({"function": "unique_count", "of": "region"})[0] == {(): 3}
    assert grouped({"function": "unique_count", "of": "region", "group_by": ["tier"]})[0] == {("a",): 3, ("b",): 1}


def test_attributes_that_differ_make_readings_of_one_instant_different(grouped):
    readings = [(12, "1", "eu", "a"), (12, "1", "us", "a"), (12, "1", "us", "a")]
    found, ledger = grouped({"function": "sum"}, readings, duplicates="exact")
    assert (found, ledger) == ({(): 2}, {("used", ""): 2, ("duplicate", "same_content"): 1})
