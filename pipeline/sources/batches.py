"""What every reader gives: record batches of row, defect and the source's columns as text, under our names."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.unreadable import UnreadableFileError
from transforms.source import Source

ROWS_MAX = 10_000  # of a batch
TEXT_MAX = 1 << 23  # characters of a batch; reached before by rows of long text


class Row(NamedTuple):
    """One row as text: `texts` in the order of the source's columns, `defect` where it could not be read."""

    row: int
    defect: str | None
    texts: tuple[str, ...]


def schema(source: Source) -> pa.Schema:
    """Give the columns of a source's batches."""
    names = ["defect", *source.columns.named()]
    types: dict[str, pa.DataType] = {"row": pa.int64(), **dict.fromkeys(names, pa.string())}
    return pa.schema(types)


def batch(rows: list[int], defects: "pa.Array[Any]", text: "Mapping[str, pa.Array[Any]]") -> pa.RecordBatch:
    """Put a batch together from its columns."""
    columns: dict[str, pa.Array[Any]] = {"row": pa.array(rows, pa.int64()), "defect": defects, **text}
    return pa.record_batch(columns)


def renamed(read: pa.RecordBatch, rows: list[int], source: Source) -> pa.RecordBatch:
    """Turn a batch under the source's names, whatever its types, into text under ours."""
    text = {ours: read.column(theirs).cast(pa.string()) for ours, theirs in source.columns.named().items()}
    return batch(rows, pa.nulls(len(rows), pa.string()), text)


def defective(row: int, defect: str, raw: str, source: Source) -> Row:
    """Give a row that could not be read: its raw text stands in the column of the value."""
    return Row(row, defect, tuple(raw if name == "value" else "" for name in source.columns.named()))


def batched(rows: Iterable[Row], source: Source) -> Iterator[pa.RecordBatch]:
    """Gather rows into batches of bounded size."""
    pending: list[Row] = []
    size = 0
    for row in rows:
        pending.append(row)
        size += sum(map(len, row.texts))
        if len(pending) >= ROWS_MAX or size >= TEXT_MAX:
            yield gathered(pending, source)
            pending, size = [], 0
    if pending:
        yield gathered(pending, source)


def gathered(rows: list[Row], source: Source) -> pa.RecordBatch:
    """Put rows into one batch."""
    columns = zip(*((row.row, row.defect, *row.texts) for row in rows), strict=True)
    return pa.record_batch(
        [pa.array(column, field.type) for column, field in zip(columns, schema(source), strict=True)],
        schema=schema(source),
    )


def check_text(found: pa.RecordBatch) -> None:
    """Refuse what no database keeps as text: the character NUL, which also betrays UTF-16 and binary files."""
    for name in found.schema.names[1:]:
        if (place := pc.index(pc.match_substring(found.column(name), "\0"), value=True).as_py()) >= 0:
            raise UnreadableFileError(f"wrong_encoding: row {found.column('row')[place]} holds the character NUL")


def check_columns(names: Iterable[str], source: Source) -> None:
    """Refuse a file that lacks a column of the source, or has it twice."""
    present, wanted = list(names), list(source.columns.named().values())
    if missing := [name for name in wanted if name not in present]:
        raise UnreadableFileError(
            f"missing_column: no {', '.join(map(repr, missing))}; the file has {', '.join(map(repr, present))}"
        )
    if repeated := [name for name in wanted if present.count(name) > 1]:
        raise UnreadableFileError(f"repeated_column: {repeated[0]!r} stands in the header more than once")
