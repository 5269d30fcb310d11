from decimal import Decimal

import pyarrow as pa
import pytest

from transforms.catalog.source import Source
from transforms.readings.fingerprint import added_up, of_readings, of_rejected
from transforms.readings.readings import parse

COLUMNS = {"at": "t", "value": "v", "account": "a"}


def source(value=None, **columns):
    rules = {"source": "s", "files": "*.csv", "columns": COLUMNS | columns}
    return Source.model_validate(rules | ({} if value is None else {"value": value}))


WITH_IDS = source(event_id="e")


ROWS = [{"value": "1"}, {"value": "2", "account": "A-2"}, {"value": "NaN"}, {"at": "2014-01-16", "event_id": "e-2"}]


@pytest.fixture
def print_of(backend, raw):
    """The fingerprints of the good rows and of the others, parsed as one file."""

    def taken(rows, file_key=7, source=WITH_IDS):
        readings = parse(raw(rows, source), source, file_key=file_key, path={})
        good, bad = (readings.filter(kept) for kept in (readings.reason.isnull(), readings.reason.notnull()))
        parts = (of_readings(good, source), of_rejected(bad))
        return [added_up(backend.to_pyarrow(part).to_batches()) for part in parts]

    return taken


def test_the_fingerprint_of_a_file_does_not_depend_on_its_name_or_the_order_of_its_rows(print_of):
    assert print_of(ROWS) == print_of(ROWS[::-1], file_key=8) == print_of([*ROWS[2:], *ROWS[:2]])


def test_a_number_that_is_written_otherwise_leaves_the_fingerprint_as_it_is(print_of):
    assert print_of([{"value": "1.50"}]) == print_of([{"value": "+1.5"}]) == print_of([{"value": "15e-1"}])


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        (0, "value", "1.000000000000000001"),
        (0, "account", "A-2"),
        (0, "at", "2014-01-15 00:00:00.000001"),
        (0, "event_id", "e-9"),
        (2, "value", "Infinity"),
    ],
)
def test_any_figure_that_changes_changes_the_fingerprint(print_of, row, field, text):
    changed = [*ROWS[:row], ROWS[row] | {field: text}, *ROWS[row + 1 :]]
    assert print_of(changed) != print_of(ROWS)


def test_a_row_more_or_less_or_twice_changes_the_fingerprint(print_of):
    prints = [print_of(rows) for rows in (ROWS, ROWS[:-1], [*ROWS, ROWS[0]], [*ROWS, ROWS[0], ROWS[0]])]
    assert all(prints.count(each) == 1 for each in prints)


def test_figures_that_change_places_change_the_fingerprint(print_of):
    swapped = [{"account": "A-1", "value": "2"}, {"account": "A-2", "value": "1"}]
    assert print_of(swapped) != print_of([{"account": "A-1", "value": "1"}, {"account": "A-2", "value": "2"}])


def test_texts_that_run_together_alike_have_fingerprints_of_their_own(print_of):
    both = source(subscription="s")
    one, other = {"account": "A", "subscription": "12"}, {"account": "A1", "subscription": "2"}
    assert print_of([one], source=both) != print_of([other], source=both)


@pytest.mark.parametrize(
    ("columns", "one", "other"),
    [
        ({"attributes": {"zone": "z"}}, {"attribute_zone": "eu"}, {"attribute_zone": "us"}),
        ({"revision": "r"}, {"revision": "1"}, {"revision": "2"}),
    ],
)
def test_whatever_else_a_source_reads_is_part_of_the_content(print_of, columns, one, other):
    with_it = source(**columns)
    assert print_of([one], source=with_it) != print_of([other], source=with_it)


def test_two_attributes_that_change_places_change_the_fingerprint(print_of):
    with_both = source(attributes={"zone": "z", "plan": "p"})
    one, other = ({"attribute_zone": zone, "attribute_plan": plan} for zone, plan in (("a", "b"), ("b", "a")))
    assert print_of([one], source=with_both) != print_of([other], source=with_both)


def test_values_of_more_digits_than_one_word_holds_are_told_apart_in_either_word(print_of):
    wide = source({"digits": 38, "decimals": 18})
    numbers = ["-1", "1", "18446744073709551617", "18446744073709551616", "36893488147419103233"]
    prints = [print_of([{"value": number}], source=wide) for number in numbers]
    assert all(prints.count(each) == 1 for each in prints)


def test_ten_thousand_rows_give_the_same_however_they_are_shuffled_and_cut(backend, raw):
    rows = [{"value": str(number), "event_id": str(number % 9000)} for number in range(10_000)]
    readings = parse(raw(rows, WITH_IDS), WITH_IDS, file_key=7, path={})
    table = backend.to_pyarrow(of_readings(readings, WITH_IDS))
    order = [number * 7 % 10_000 for number in range(10_000)]
    whole, shuffled = table.to_batches(), table.take(order).to_batches(max_chunksize=999)
    assert added_up(whole) == added_up(shuffled) != added_up(table.slice(1).to_batches())


def by_hand(rows, factor):
    """The same in whole numbers without an end, cut to 64 bits at each step."""
    total = 0
    for words in rows:
        mixed = 0
        for word in words:
            mixed = ((mixed ^ word % 2**64) * factor) % 2**64
            mixed ^= mixed >> 32
        mixed = mixed * factor % 2**64
        total += mixed ^ mixed >> 32
    return total % 2**64


def test_a_fingerprint_is_that_of_plain_whole_numbers():
    at, value = pa.array([7, -8], pa.int64()), pa.array([Decimal("-1.5"), Decimal(2**70)], pa.decimal128(38, 1))
    found = added_up([pa.record_batch([at, value], ["at_us", "value"])])
    rows = [(7, -15, -1), (-8, 10 * 2**70, 10 * 2**70 >> 64)]
    assert found == (by_hand(rows, 0x9E3779B97F4A7C15), by_hand(rows, 0xC2B2AE3D27D4EB4F))


def test_no_rows_add_up_to_nothing(backend, raw):
    readings = parse(raw([], WITH_IDS), WITH_IDS, file_key=7, path={})
    assert added_up(backend.to_pyarrow(of_readings(readings, WITH_IDS)).to_batches()) == (0, 0)
