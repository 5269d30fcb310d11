"""The plain totals and the time-weighted average, in figures that can be checked by hand."""

from decimal import Decimal
from fractions import Fraction

import duckdb
import pytest
from readings_by_hand import Rules, landed, quantity, source_of, target, window

from transforms.catalog.meter import Derivation

SECOND = 1_000_000
START, END = 10, 30  # the billing period, in seconds


@pytest.fixture(scope="module")
def derived(backend):
    """Derive the quantity of one charge: the exact value, None where there is none."""

    def run(readings, function, *, covered=(START, END), gap=None):
        rows = [{"account": "A-1", "at_us": int(at * SECOND), "value": value} for at, value in readings]
        bounds = (START * SECOND, END * SECOND)
        scope = {("A-1", ""): target("A-1", "C-1", bounds, [at * SECOND for at in covered])}
        derivation = Derivation(function=function, gap_seconds_max=gap)
        records = Rules(backend, landed(rows), source_of(), scope, window(*bounds), derivation).records()
        assert len(records) <= 1
        return quantity(records[0]) if records else None

    return run


WEIGHTED = "time_weighted_average"
PLAIN = ("sum", "count", "maximum", "minimum", "average")


def numbers(*pairs):
    return [(at, Decimal(value)) for at, value in pairs]


def test_three_readings_have_five_figures(derived):
    readings = numbers((10, "-1"), (12, "7"), (29, "3"))
    figures = [derived(readings, function) for function in PLAIN]
    assert figures == [9, 3, 7, -1, 3]


def test_where_no_reading_counts_there_is_no_quantity_rather_than_a_zero(derived):
    for function in (*PLAIN, WEIGHTED):
        assert derived([], function) is None
        assert derived(numbers((END, "5")), function) is None


def test_a_reading_at_the_first_instant_counts_and_one_at_the_end_belongs_to_the_next_period(derived):
    assert derived(numbers((9.999999, "1"), (START, "2"), (29.999999, "4"), (END, "8")), "sum") == 6


def test_a_reading_weighs_as_long_as_it_holds(derived):
    # 10 until second 15, then 20 until second 30.
    assert derived(numbers((10, "10"), (15, "20")), WEIGHTED) == Fraction(10 * 5 + 20 * 15, 20)


def test_the_reading_from_before_the_period_holds_until_the_first_one_in_it(derived):
    # 7, the later of the two, until second 20, then 1 until second 30.
    assert derived(numbers((2, "100"), (9, "7"), (20, "1")), WEIGHTED) == Fraction(7 * 10 + 1 * 10, 20)


def test_the_reading_from_before_a_charge_starts_holds_until_the_first_one_after_it(derived):
    # The charge starts at second 20; 5, of second 12, holds until second 25, not 1, of second 2.
    readings = numbers((2, "1"), (12, "5"), (25, "9"))
    assert derived(readings, WEIGHTED, covered=(20, 30)) == Fraction(5 * 5 + 9 * 5, 10)


def test_a_period_without_a_reading_of_its_own_has_the_average_that_was_carried_in(derived):
    assert derived(numbers((3, "7")), WEIGHTED) == 7
    assert derived(numbers((3, "7")), WEIGHTED, gap=7) is None


def test_the_time_beyond_the_longest_gap_does_not_count(derived):
    # 10 holds for 4 seconds only, of which it would have held 10; then 40 for 4 seconds.
    assert derived(numbers((10, "10"), (20, "40")), WEIGHTED, gap=4) == 25


def test_of_readings_with_one_stamp_the_largest_holds_on(derived):
    assert derived(numbers((10, "3"), (10, "8"), (10, "-9"), (20, "2")), WEIGHTED) == 5


def test_seventeen_decimals_and_large_magnitudes_are_summed_to_the_last_digit(derived):
    small = ["0.12345678901234567"] * 9
    assert derived(numbers(*((10 + at, value) for at, value in enumerate(small))), "sum") == Fraction(
        "1.11111110111111103"
    )
    assert derived(numbers(*((10 + at, "10000000000000000000") for at in range(9))), "sum") == 9 * 10**19
    mixed = numbers((10, "10000000000000000000"), (11, "0.000000000000000001"))
    assert derived(mixed, "sum") == 10**19 + Fraction(1, 10**18)
    assert derived(mixed, "average") == (10**19 + Fraction(1, 10**18)) / 2
    assert derived(mixed, WEIGHTED) == (10**19 + 19 * Fraction(1, 10**18)) / 20


@pytest.mark.parametrize("function", ["sum", "average"])
def test_a_sum_that_no_decimal_can_hold_stops_the_derivation_and_never_wraps(derived, function):
    with pytest.raises(duckdb.OutOfRangeException, match="Overflow"):
        derived(numbers((10, "90000000000000000000"), (11, "90000000000000000000")), function)
