"""Every derivation against a second computation, in plain Python, that shares no idea with the first."""

from decimal import Decimal
from fractions import Fraction

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms import derive
from transforms.meter import Derivation
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates

SECOND = 1_000_000
START, END = 10, 30  # the billing period, in seconds
SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("account", pa.string()),
        ("subscription", pa.string()),
        ("at_us", pa.int64()),
        ("value", pa.decimal128(38, 18)),
        ("id_high", pa.int64()),
        ("id_low", pa.int64()),
    ]
)


def table(readings, files=None):
    """A table of (seconds, value), each with the file that it came in; by default all in one."""
    rows = [
        {"row": row, "account": "A-1", "subscription": "", "at_us": int(at * SECOND), "value": value, "id_high": file}
        for row, ((at, value), file) in enumerate(zip(readings, files or [1] * len(readings), strict=True), start=1)
    ]
    return ibis.memtable(pa.Table.from_pylist([{**row, "id_low": row["row"]} for row in rows], schema=SCHEMA))


@pytest.fixture(scope="module")
def derived(backend):
    """Derive the quantity of one charge: the exact value, None where there is none."""

    def run(readings, function, *, window=(START, END), gap=None, files=None):
        bounds = (START * SECOND, END * SECOND)
        dated = derive.inside(table(readings, files), [CalendarRow("A-1", *bounds)], CalendarRow("", *bounds))
        scope = [ScopeRow("A-1", "", "C-1", window[0] * SECOND, window[1] * SECOND, None)]
        classified = derive.classify(dated, scope, Duplicates.KEEP, by_event_id=False)
        derivation = Derivation(function=function, gap_seconds_max=gap)
        rows = backend.to_pyarrow(derive.quantities(classified, derivation)).to_pylist()
        assert len(rows) <= 1
        return _exact(rows[0]) if rows else None

    return run


def _exact(row):
    return (Fraction(row["numerator"]) + Fraction(row["remainder"])) / row["denominator"]


def by_hand(readings, window, function):
    values = [Fraction(value) for at, value in readings if window[0] <= at < window[1]]
    ways = {
        "sum": sum,
        "count": len,
        "maximum": max,
        "minimum": min,
        "average": lambda found: sum(found) / len(found),
    }
    return ways[function](values) if values else None


def second_by_second(readings, window, gap):
    """Look at every second of the window which reading holds then: the last one, unless it is too old."""
    held = []
    for second in range(*window):
        known = [(at, value) for at, value in readings if at <= second]
        if known and (gap is None or second < max(known)[0] + gap):
            held.append(Fraction(max(known)[1]))
    return sum(held) / len(held) if held else None


WEIGHTED = "time_weighted_average"
PLAIN = ("sum", "count", "maximum", "minimum", "average")
VALUES = st.one_of(st.integers(-3, 3).map(Decimal), st.decimals(-(10**6), 10**6, places=17))
SECONDS = st.one_of(st.integers(0, 40), st.sampled_from([START - 1, START, 15, 20, 25, END - 1, END]))
READINGS = st.lists(st.tuples(SECONDS, VALUES), max_size=30)
WINDOWS = st.sampled_from([(START, END), (15, END), (START, 25), (15, 25), (20, 20)])
SHAPES = st.tuples(WINDOWS, st.sampled_from([None, 1, 3, 10]))
queries = settings(max_examples=25, deadline=None)  # each example is a query or more


@pytest.mark.parametrize("function", PLAIN)
@queries
@given(readings=READINGS, window=WINDOWS)
def test_a_quantity_is_what_a_second_computation_finds(derived, readings, window, function):
    assert derived(readings, function, window=window) == by_hand(readings, window, function)


@queries
@given(readings=READINGS, shape=SHAPES)
def test_a_time_weighted_average_is_what_a_look_at_every_second_finds(derived, readings, shape):
    window, gap = shape
    assert derived(readings, WEIGHTED, window=window, gap=gap) == second_by_second(readings, window, gap)


@queries
@given(data=st.data(), readings=READINGS, function=st.sampled_from([*PLAIN, WEIGHTED]))
def test_no_quantity_depends_on_the_order_of_rows_or_on_the_files_they_came_in(derived, data, readings, function):
    shuffled = data.draw(st.permutations(readings))
    files = data.draw(st.lists(st.integers(-9, 9), min_size=len(readings), max_size=len(readings)))
    assert derived(shuffled, function, files=files) == derived(readings, function)


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
    assert derived(readings, WEIGHTED, window=(20, 30)) == Fraction(5 * 5 + 9 * 5, 10)


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
