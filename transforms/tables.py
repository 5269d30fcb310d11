"""Small tables made of rows that Python knows, typed column by column, for an engine to join with large ones."""

from collections.abc import Iterable, Mapping

import ibis
import ibis.expr.types as ir
import pyarrow as pa

TYPES: dict[str, pa.DataType] = {"int64": pa.int64(), "string": pa.string()}


def small_table(rows: Iterable[object], columns: Mapping[str, str]) -> ir.Table:
    """Make a table of objects' attributes; `columns` maps names to `int64` or `string`. No inference, no pandas."""
    found = list(rows)
    arrays = {name: pa.array([getattr(row, name) for row in found], TYPES[kind]) for name, kind in columns.items()}
    return ibis.memtable(pa.table(arrays))
