"""Apache Parquet: columns of any type, read as text."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.sources.batches import check_columns, renamed
from transforms.source import Source


def read(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    """Read the source's columns of a Parquet file, and no other."""
    file = pq.ParquetFile(path)
    check_columns(file.schema_arrow.names, source)
    done = 0
    for batch in file.iter_batches(columns=list(dict.fromkeys(source.columns.named().values()))):
        yield renamed(batch, list(range(done + 1, done + batch.num_rows + 1)), source)
        done += batch.num_rows
