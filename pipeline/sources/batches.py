"""What every reader gives: record batches of row, defect and the source's columns as text, under our names."""

from collections.abc import Generator, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.parts import WRONG, part
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.columns import column_and_part
from transforms.catalog.source import Source

ROWS_MAX = 10_000  # of a batch
CELLS_MAX = 1 << 18  # at once, of files of however many columns: days of minutes are fewer than days of hours
TEXT_MAX = 1 << 23  # characters of a batch; reached before by rows of long text


class Opened(NamedTuple):
    """A file that is being read: the columns that it has, under its own names, and its rows."""

    columns: Sequence[str]
    batches: Generator[pa.RecordBatch]


class Row(NamedTuple):
    """One row as text: `texts` in the order of the source's columns, `defect` where it could not be read."""

    row: int
    defect: str | None
    texts: tuple[str, ...]


def schema(source: Source) -> pa.Schema:
    """Give the columns of a source's batches."""
    types: dict[str, pa.DataType] = {"row": pa.int64(), **dict.fromkeys(["defect", *source.texts()], pa.string())}
    return pa.schema(types)


def renamed(read: pa.RecordBatch, rows: npt.NDArray[np.int64], source: Source) -> pa.RecordBatch:
    """Turn a batch under the source's names, whatever its types, into text under ours."""
    present = set(read.schema.names)  # of thousands, in a wide file
    places = (column_and_part(theirs, present) for theirs in source.named().values())
    found = [part(read.column(column), path) for column, path in places]
    defects = pa.nulls(len(rows), pa.string())
    for wrong in (wrong for _, wrong in found if wrong is not None):
        defects = pc.if_else(wrong, pa.scalar(WRONG), defects)
    return pa.record_batch([pa.array(rows), defects, *(_text(held) for held, _ in found)], schema=schema(source))


def _text(column: "pa.Array[Any]") -> "pa.Array[Any]":
    if isinstance(column.type, pa.UuidType):  # a cast would take its 16 bytes for characters
        return pa.array([None if each is None else str(each) for each in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def defective(row: int, defect: str, raw: str, source: Source) -> Row:
    """Give a row that could not be read: its raw text stands in the column of the value, or of the stamp."""
    kept = "value" if source.columns.value is not None else "at"
    return Row(row, defect, tuple(raw if name == kept else "" for name in source.named()))


def batched(rows: Iterable[Row], source: Source) -> Generator[pa.RecordBatch]:
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
        column = found.column(name)
        if not _may_hold_nul(column):
            continue
        if (place := pc.index(pc.match_substring(column, "\0"), value=True).as_py()) >= 0:
            raise UnreadableFileError(f"wrong_encoding: row {found.column('row')[place]} holds the character NUL")


def _may_hold_nul(text: "pa.Array[Any]") -> bool:
    """Look at all bytes at once, many times as fast as row by row; a slice may stand beside a NUL of another."""
    characters = text.buffers()[2]
    return characters is not None and b"\0" in characters.to_pybytes()
