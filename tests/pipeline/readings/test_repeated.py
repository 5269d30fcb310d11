"""Text that repeats itself is read once for each value, and gives what it gives when it is read row by row."""

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.readings import repeated
from pipeline.readings.repeated import read_once
from pipeline.readings.statements import Rules, read_values
from transforms.catalog.source import Source
from transforms.readings.readings import parse

ROWS = 8
NAMES = ("at", "value", "account")
STAMPS = ["2014-02-01T00:05:00Z", " 2014-02-01", "2014-02-01T00:05:00+02:00", "2014-10-26 02:30:00", "soon", "", None]
NUMBERS = ["1.5", " 2", "1e3", "x", "NULL", "1.0000000001", "", None]
ACCOUNTS = ["A-1", " A-1", "A-2\t", "", " ", None]
TEXTS = st.lists(st.tuples(*map(st.sampled_from, (STAMPS, NUMBERS, ACCOUNTS))), min_size=1, max_size=4 * ROWS)


@pytest.fixture(autouse=True)
def few_are_many(monkeypatch):
    monkeypatch.setattr(repeated, "ROWS", ROWS)


@pytest.fixture
def backend():
    connection = ibis.duckdb.connect()
    yield connection
    connection.disconnect()


def source(**more):
    rules = {"source": "s", "files": "*.csv", "columns": {"at": "t", "value": "v", "account": "a"}}
    return Source.model_validate(rules | {"value": {"digits": 18, "decimals": 6}} | more)


UTC, BERLIN = source(), source(time={"zone": "Europe/Berlin", "fold": "in_order"})


def stream(texts, size=3):
    """Give rows as a reader does, in batches of a few."""
    table = pa.table(
        {"row": pa.array(range(1, len(texts) + 1), pa.int64()), "defect": pa.nulls(len(texts), pa.string())}
        | {name: pa.array(column, pa.string()) for name, column in zip(NAMES, zip(*texts, strict=True), strict=True)}
    )
    return pa.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=size))


def once(backend, texts, rules):
    return read_once(backend, stream(texts), NAMES, lambda name: read_values(Rules.of(rules), name, ()))


def readings(backend, rows, rules):
    backend.con.register("raw_rows", rows)
    parsed = parse(backend.table("raw_rows"), rules, file_key=7, path={})
    return backend.to_pyarrow(parsed.order_by("row")).to_pylist()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, st.sampled_from([UTC, BERLIN]))
def test_reading_each_value_once_gives_the_readings_of_reading_each_row(backend, texts, rules):
    by_row = readings(backend, stream(texts), rules)
    assert readings(backend, once(backend, texts, rules), rules) == by_row


REPEATING = [("2014-02-01", "1", "A-1"), ("2014-02-02", "2", "A-1")] * ROWS


def test_a_column_that_repeats_itself_is_read_before_the_rows_are(backend):
    read = once(backend, REPEATING, UTC).schema.names
    assert {"local_us", "number", "point"} <= set(read)


def test_a_column_that_seldom_repeats_itself_and_a_short_file_stay_as_they_are(backend):
    texts = [(f"2014-02-{day:02}", "1", "A-1") for day in range(1, 2 * ROWS)]
    assert "local_us" not in once(backend, texts, UTC).schema.names
    assert once(backend, REPEATING[: ROWS - 1], UTC).schema == stream(REPEATING).schema


def test_rows_of_long_text_are_not_gathered_until_they_are_many(backend, monkeypatch):
    monkeypatch.setattr(repeated, "BYTES", 1)
    taken = []
    rows = stream(REPEATING)
    told = pa.RecordBatchReader.from_batches(rows.schema, (taken.append(batch) or batch for batch in rows))
    read = read_once(backend, told, NAMES, lambda name: read_values(Rules.of(UTC), name, ()))
    assert (len(taken), read.schema, read.read_all().num_rows) == (1, rows.schema, len(REPEATING))
