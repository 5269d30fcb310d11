"""Text that repeats itself, such as accounts and the stamps of samples, is read once for each of its values.

A column is dealt with so where it repeats itself in a file's first rows. The choice says how long a landing takes, and
never what lands: the engine reads one value by the same expressions as it reads a row.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from ibis.backends.duckdb import Backend

from pipeline.readings.statements import VALUES

ROWS = 1 << 18  # gathered, so that thousands of values are few; a file with fewer rows is read row by row
BYTES = 1 << 26  # gathered at most, of rows of long text
SAMPLE = 1 << 16  # rows that are asked whether they repeat themselves
REPEATS_MIN = 4  # rows for each value; with fewer, to look for equal text takes as long as to read it
Read = Callable[[str], str]  # the statement that reads the values of a text column


def read_once(backend: Backend, rows: pa.RecordBatchReader, names: Iterable[str], read: Read) -> pa.RecordBatchReader:
    """Replace those of some text columns that repeat themselves by what `read` gives of the table of their VALUES."""
    batches = iter(rows)
    first = _gathered(batches)
    sample = pa.Table.from_batches(first, rows.schema).slice(0, SAMPLE)
    repeated = [name for name in names if len(sample) >= REPEATS_MIN * pc.count_distinct(sample[name]).as_py()]
    if sum(map(len, first)) < ROWS or not repeated:
        return pa.RecordBatchReader.from_batches(rows.schema, chain(first, batches))
    statements = {name: read(name) for name in repeated}
    changed = _changed(backend, first, batches, statements)
    start = next(changed)
    return pa.RecordBatchReader.from_batches(start.schema, chain([start], changed))


def _gathered(batches: Iterator[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Take as many batches as hold ROWS rows, or BYTES of text; fewer at the end, and then none."""
    found: list[pa.RecordBatch] = []
    rows = size = 0
    while rows < ROWS and size < BYTES and (batch := next(batches, None)) is not None:
        found.append(batch)
        rows, size = rows + batch.num_rows, size + batch.nbytes
    return found


def _changed(
    backend: Backend, first: list[pa.RecordBatch], rest: Iterator[pa.RecordBatch], statements: dict[str, str]
) -> Iterator[pa.RecordBatch]:
    """Give the rows in batches of ROWS."""
    with backend.con.cursor() as engine:
        while first:
            rows = pa.Table.from_batches(first)
            columns = {name: rows[name].combine_chunks() for name in rows.column_names if name not in statements}
            for name, statement in statements.items():
                columns |= _read(engine, name, statement, rows[name])
            yield pa.record_batch(columns)
            first = _gathered(rest)


def _read(
    engine: duckdb.DuckDBPyConnection, name: str, statement: str, texts: "pa.ChunkedArray[Any]"
) -> dict[str, "pa.DictionaryArray[Any, Any]"]:
    """Read each value once, nulls too; what the rows get is which of them is theirs."""
    found = texts.combine_chunks().dictionary_encode(null_encoding="encode")
    places = pa.array(range(len(found.dictionary)), pa.int64())
    engine.register(VALUES, pa.table({"place": places, name: found.dictionary}))
    read = engine.execute(statement).to_arrow_table()
    return {
        column: pa.DictionaryArray.from_arrays(found.indices, read[column].combine_chunks())
        for column in read.column_names
    }
