"""Raw files in a folder: found by the source's pattern, read as text, row by row, in bounded memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from pipeline.sources import csv, json_lines, nem12, parquet
from pipeline.sources.batches import check_text, schema
from pipeline.sources.unpack import unpacked
from pipeline.sources.unreadable import UnreadableFileError, unreadable
from transforms.source import Source

__all__ = ["RawFile", "RowReader", "UnreadableFileError", "arrivals", "open_rows"]

READERS: dict[str, Callable[[Path, Source], Iterator[pa.RecordBatch]]] = {
    "csv": csv.read,
    "json_lines": json_lines.read,
    "nem12": nem12.read,
    "parquet": parquet.read,
}
TROUBLE = (pa.ArrowException, OSError, EOFError, UnicodeError)  # what libraries raise on a file that they cannot read


@dataclass(frozen=True)
class RawFile:
    """One file as it arrived: `uri` is its path below the inbox, `named` what that path says of its account."""

    path: Path
    uri: str
    named: dict[str, str] = field(default_factory=dict)


def arrivals(source: Source, inbox: Path) -> list[RawFile]:
    """Find the source's files below the inbox, in the order of their paths; what links out of it is left alone."""
    pattern, expression = source.pattern()
    found = []
    for path in sorted(inbox.glob(pattern)):
        uri = path.relative_to(inbox).as_posix()
        match = expression.fullmatch(uri)
        if match and path.is_file() and path.resolve().is_relative_to(inbox.resolve()):
            found.append(RawFile(path, uri, match.groupdict()))
    return found


@contextmanager
def open_rows(raw: RawFile, source: Source) -> Iterator["RowReader"]:
    """Open a file as a stream of text columns under our names; UnreadableFileError when it cannot be read."""
    with unpacked(raw.path) as path:
        try:
            yield RowReader(source, READERS[source.format.kind](path, source))
        except TROUBLE as error:
            raise unreadable(error) from error


class RowReader:
    """A stream of record batches: row int64, defect text, and the source's columns as text.

    An engine that reads from it hides what went wrong behind an error of its own: `failure` keeps the cause.
    """

    def __init__(self, source: Source, batches: Iterator[pa.RecordBatch]) -> None:
        """Wrap the batches of one file of a source."""
        self._schema = schema(source)
        self._batches = batches
        self.failure: UnreadableFileError | None = None

    def arrow(self) -> pa.RecordBatchReader:
        """Give the stream; it can be read once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._watched())

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                check_text(batch)
                yield batch.select(self._schema.names)
        except UnreadableFileError as error:
            self.failure = error
            raise
        except TROUBLE as error:
            self.failure = unreadable(error)
            raise
