"""Apache Parquet: columns of any type, read as text."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.batches import CELLS_MAX, Opened, renamed
from pipeline.sources.drift import check_columns
from pipeline.sources.unreadable import UnreadableFileError
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
    for name in source.named().values():
        if pa.types.is_nested(kind := types.field(name).type):
            raise UnreadableFileError(
                f"nested_column: {name!r} holds {kind}, and a column must be a text, a number or an instant; "
                "leave it out, or have its parts written as columns of their own"
            )


def _batches(file: pq.ParquetFile, source: Source) -> Generator[pa.RecordBatch]:
    done, names = 0, list(dict.fromkeys(source.named().values()))
    for batch in file.iter_batches(max(1, CELLS_MAX // len(names)), columns=names):
        batch.validate(full=True)  # a flipped bit may leave texts that begin before they end; an engine dies of them
        yield renamed(batch, np.arange(done + 1, done + 1 + batch.num_rows, dtype=np.int64), source)
        done += batch.num_rows
