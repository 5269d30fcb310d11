"""Apache Parquet: columns of any type, read as text."""

from collections.abc import Collection, Generator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.batches import CELLS_MAX, Opened, renamed
from pipeline.sources.drift import check_columns, columns_of
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.columns import column_and_part
from transforms.catalog.source import Source


def read(path: Path, source: Source) -> Opened:
    """Read the source's columns of a Parquet file, and no other."""
    file = pq.ParquetFile(path)
    names = file.schema_arrow.names
    check_columns(names, source)
    _check_plain(file.schema_arrow, source)
    return Opened(names, _batches(file, source))


def _check_plain(types: pa.Schema, source: Source) -> None:
    """Refuse a column that has parts, such as a map of tags: it is no text, and the file is not damaged."""
    present = set(types.names)  # of thousands, in a wide file
    for name in source.named().values():
        if pa.types.is_nested(kind := _kind(types, present, name)):
            raise UnreadableFileError(
                f"nested_column: {name!r} holds {kind}, and a column must be a text, a number or an instant; "
                f"name a part of it, such as {name + '.team'!r}, or leave it out"
            )


def _kind(types: pa.Schema, present: Collection[str], name: str) -> pa.DataType:
    """Tell the type of a column, or of a part of it: a key of a map, or a field."""
    column, part = column_and_part(name, present)
    kind: pa.DataType = types.field(column).type
    if part and isinstance(kind, pa.MapType):
        kind = kind.item_type
    elif part and isinstance(kind, pa.StructType):
        if kind.get_field_index(part) < 0:
            raise UnreadableFileError(f"missing_column: no {name!r}; {column!r} holds {kind}")
        kind = kind.field(part).type
    return kind


def _batches(file: pq.ParquetFile, source: Source) -> Generator[pa.RecordBatch]:
    done, names = 0, columns_of(file.schema_arrow.names, source)
    for batch in file.iter_batches(max(1, CELLS_MAX // len(names)), columns=names):
        batch.validate(full=True)  # a flipped bit may leave texts that begin before they end; an engine dies of them
        yield renamed(batch, np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64), source)
        done += batch.num_rows
