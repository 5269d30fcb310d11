"""What each derivation means, in figures that can be checked by hand. The period is second 10 to second 30."""

from decimal import Decimal
from fractions import Fraction

import pytest

FIVE_SECONDS = {"bucket_seconds": 5}


def numbers(*pairs):
    return [(at, Decimal(value)) for at, value in pairs]


def percentile(percent, **buckets):
    return {"function": "percentile", "percentile": percent} | buckets


def test_equal_values_count_once_however_they_are_written(derived):
    readings = numbers((9, "3"), (10, "1"), (11, "1.00"), (12, "2"), (30, "4"))
    assert derived(readings, {"function": "unique_count"}) == 2


def test_the_last_value_counts_and_of_two_with_one_stamp_the_largest(derived):
    readings = numbers((29, "-7"), (28, "9"), (29, "-8"), (30, "1"))
    assert derived(readings, {"function": "latest"}) == -7


def test_forty_gigabytes_for_half_a_period_are_twenty_for_all_of_it(derived):
    # 40 for ten seconds, then 0: 400 gigabyte-seconds.
    readings = numbers((10, "40"), (20, "0"))
    assert derived(readings, {"function": "time_weighted_sum", "per": "second"}) == 400
    assert derived(readings, {"function": "time_weighted_sum"}) == Fraction(400, 3600)
    assert derived(readings, {"function": "time_weighted_sum", "per": "day"}) == Fraction(400, 86400)


def test_what_is_held_from_before_is_owed_without_a_reading_of_the_period(record, derived):
    derivation = {"function": "time_weighted_sum", "per": "second"}
    assert derived(numbers((3, "7")), derivation) == 140
    assert record(numbers((3, "7")), derivation)["readings"] == 0
    assert derived(numbers((3, "7")), derivation | {"gap_seconds_max": 7}) is None
    assert derived(numbers((3, "7")), derivation | {"gap_seconds_max": 9}) == 14


def test_a_counter_that_began_again_goes_on_from_zero(derived):
    # Carried in: 90. Then 100 (+10), a restart (+5), 25 (+20); 40 belongs to the next period.
    readings = numbers((2, "80"), (8, "90"), (12, "100"), (20, "5"), (29, "25"), (30, "40"))
    assert derived(readings, {"function": "increase"}) == 35


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (100, 40 + 5 + 20),  # 90 to 95, to its end at 100 and on to 35: 5 + 40; then 55: 20
        (4_294_967_296, 4_294_967_296 - 95 + 35 + 5 + 20),
        (95, 35 + 5 + 20),  # it stood at its end already
        (60, 35 + 5 + 20),  # it stood above its end: it was set back
        (2**64, 2**64 - 95 + 35 + 5 + 20),
    ],
)
def test_a_counter_of_so_many_digits_counts_on_through_its_end(derived, end, expected):
    readings = numbers((8, "90"), (12, "95"), (20, "35"), (29, "55"), (30, "60"))
    assert derived(readings, {"function": "increase", "wraps_at": end}) == expected


def test_the_first_reading_of_a_counter_says_where_it_stands_and_no_more(record):
    row = record(numbers((12, "100")), {"function": "increase"})
    assert (row["numerator"], row["readings"]) == (0, 1)


def test_a_period_in_which_a_counter_was_not_read_has_no_increase_yet(derived):
    assert derived(numbers((2, "80"), (8, "90")), {"function": "increase"}) is None


def test_the_increases_of_two_halves_are_the_increase_of_the_whole(derived):
    readings = numbers((2, "80"), (12, "100"), (18, "3"), (22, "4"), (28, "1"))
    halves = [derived(readings, {"function": "increase"}, covered=window) for window in ((10, 20), (20, 30))]
    assert (halves, derived(readings, {"function": "increase"})) == ([23, 2], 25)


@pytest.mark.parametrize(("percent", "expected"), [("5", 1), ("50", 10), ("95", 19), ("95.000001", 20), ("100", 20)])
def test_of_twenty_readings_the_rank_is_rounded_up_and_nothing_is_interpolated(derived, percent, expected):
    readings = [(10 + Decimal(number) / 2, Decimal(1 + number * 7 % 20)) for number in range(20)]
    assert derived(readings, percentile(percent)) == expected


def test_of_fewer_than_twenty_samples_the_95th_percentile_is_the_highest(derived):
    readings = [(10 + number, Decimal(number)) for number in range(19)]
    assert derived(readings, percentile("95")) == 18
    assert derived(readings[:1], percentile("95")) == 0


def test_a_bucket_without_a_reading_is_no_sample(derived):
    # Two buckets of four hold anything; were the others zeros, the median would be 0.
    readings = numbers((10, "3"), (14, "4"), (25, "10"))
    assert derived(readings, percentile("50", **FIVE_SECONDS, bucket_function="sum")) == 7
    assert derived(readings, percentile("50", **FIVE_SECONDS, bucket_function="maximum")) == 4
    assert derived(readings, percentile("50", **FIVE_SECONDS, bucket_function="count")) == 1


def test_an_average_of_a_bucket_stays_a_fraction_until_it_is_mapped(record):
    # 2/3 in the first five seconds, 0.6667 in the next: a hair more.
    readings = numbers((10, "0"), (11, "1"), (12, "1"), (15, "0.6667"))
    lower = record(readings, percentile("50", **FIVE_SECONDS, bucket_function="average"))
    higher = record(readings, percentile("100", **FIVE_SECONDS, bucket_function="average"))
    assert [(row["numerator"], row["denominator"]) for row in (lower, higher)] == [(2, 3), (Decimal("0.6667"), 1)]
    assert lower["readings"] == higher["readings"] == 4


def test_averages_that_differ_by_less_than_a_value_can_are_in_their_order(derived):
    # The smallest value there is, shared by two, four and three readings.
    tiny = Fraction(1, 10**18)
    shares = {10: 2, 15: 4, 20: 3}
    readings = [
        (start + place, Decimal("1e-18") if place == 0 else Decimal(0))
        for start, number in shares.items()
        for place in range(number)
    ]
    averages = [
        derived(readings, percentile(percent, **FIVE_SECONDS, bucket_function="average"))
        for percent in ("33", "66", "100")
    ]
    assert averages == [tiny / 4, tiny / 3, tiny / 2]


def test_the_peak_is_the_highest_bucket(record):
    # 10..15: 3 + 4; 15..20: 6; 25..30: 1 + 1 + 1.
    readings = numbers((10, "3"), (14, "4"), (15, "6"), (25, "1"), (26, "1"), (27, "1"))
    peaks = {
        function: record(readings, {"function": "peak", "bucket_function": function} | FIVE_SECONDS)
        for function in ("sum", "count", "maximum")
    }
    assert {function: row["numerator"] for function, row in peaks.items()} == {"sum": 7, "count": 3, "maximum": 6}
    assert {(row["readings"], row["denominator"]) for row in peaks.values()} == {(6, 1)}


def test_buckets_start_with_the_period_also_where_the_charge_starts_later(derived):
    # From second 12 on: 12..15 holds 1, 15..20 holds 2 + 3. Counted from 12, one bucket would hold all three.
    readings = numbers((11, "9"), (14, "1"), (15, "2"), (16, "3"))
    assert derived(readings, {"function": "peak", "bucket_function": "sum"} | FIVE_SECONDS, covered=(12, 30)) == 5


def test_both_bounds_of_a_filter_belong_to_it_and_what_is_outside_is_in_the_ledger(derived, places):
    readings = numbers((9, "50"), (10, "-0.01"), (11, "0"), (12, "100"), (13, "100.000000000000000001"), (14, "7"))
    percent = {"function": "sum", "filter": {"minimum": "0", "maximum": "100"}}
    assert derived(readings, percent) == 107
    assert places(readings, percent) == {("used", ""): 3, ("out_of_scope", "filtered"): 2}
    assert places(readings, {"function": "sum", "filter": {"maximum": "7"}}) == {
        ("used", ""): 3,
        ("out_of_scope", "filtered"): 2,
    }


def test_what_is_filtered_neither_holds_nor_moves_a_counter(derived):
    spike = numbers((5, "1"), (8, "-1"), (15, "3"), (20, "-1"), (25, "4"))
    positive = {"filter": {"minimum": "0"}}
    assert derived(spike, {"function": "increase"} | positive) == 3
    assert derived(spike, {"function": "time_weighted_sum", "per": "second"} | positive) == 1 * 5 + 3 * 10 + 4 * 5


def test_a_copy_of_what_is_filtered_is_a_duplicate_and_not_filtered_twice(places):
    readings = numbers((12, "-1"), (12, "-1"), (13, "1"))
    found = places(readings, {"function": "sum", "filter": {"minimum": "0"}}, duplicates="exact")
    assert found == {("used", ""): 1, ("out_of_scope", "filtered"): 1, ("duplicate", "same_content"): 1}
