"""Raw files, in a folder or at a URL: found by the source's pattern, read as text, row by row, in bounded memory."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from pipeline.sources import csv, excel, json_document, json_lines, nem12, parquet, remote
from pipeline.sources.batches import Opened, check_text, schema
from pipeline.sources.unavailable import SourceUnavailableError
from pipeline.sources.unpack import unpacked
from pipeline.sources.unreadable import UnreadableFileError, unreadable
from pipeline.sources.wide import as_it_stands, spread
from transforms.catalog.source import Source

__all__ = ["RawFile", "RowReader", "UnreadableFileError", "arrivals", "open_rows"]

READERS: dict[str, Callable[[Path, Source], Opened]] = {
    "csv": csv.read,
    "excel": excel.read,
    "json": json_document.read,
    "json_lines": json_lines.read,
    "nem12": nem12.read,
    "parquet": parquet.read,
}
TROUBLE = (pa.ArrowException, OSError, EOFError, UnicodeError)  # what libraries raise on a file that they cannot read


@dataclass(frozen=True)
class RawFile:
    """One file as it arrived; `named` is what its place says of its account.

    `uri` is its path below the inbox, or its URL; at a URL it has no `path`, and may have a `version`: text that stays
    the same for as long as the file does, and is known without reading it.
    """

    path: Path | None
    uri: str
    named: dict[str, str] = field(default_factory=dict)
    version: str | None = None

    @contextmanager
    def local(self) -> Iterator[Path]:
        """Give the file on this machine; one at a URL is fetched, and let go in the end.

        RemoteFileError when it cannot be fetched.
        """
        if self.path is not None:
            yield self.path
            return
        with remote.fetched(self.uri) as path:
            yield path


def arrivals(source: Source, inbox: Path) -> list[RawFile]:
    """Find the source's files, in the order of their paths: at a URL, or below the inbox.

    What links out of the inbox is left alone. RemoteFileError when the place of the URL cannot be listed,
    SourceUnavailableError when a folder cannot.
    """
    files = source.files or ""
    _, expression = source.pattern()
    if remote.is_url(files):
        found = remote.listed(files)
        matches = ((uri, expression.fullmatch(uri), version) for uri, version in found)
        return [RawFile(None, uri, match.groupdict(), version) for uri, match, version in matches if match]
    return list(_below(source, inbox))


def _below(source: Source, inbox: Path) -> Iterator[RawFile]:
    pattern, expression = source.pattern()
    _require_readable(inbox, pattern)
    for path in sorted(inbox.glob(pattern)):
        # What is no UTF-8 in a name is written as \xe4: the store keeps text alone.
        uri = os.fsencode(path.relative_to(inbox)).decode(errors="backslashreplace")
        match = expression.fullmatch(uri)
        if match and path.is_file() and path.resolve().is_relative_to(inbox.resolve()):
            yield RawFile(path, uri, match.groupdict())


def _require_readable(inbox: Path, pattern: str) -> None:
    """Refuse a folder that the pattern leads into and that cannot be read: a glob passes over it without a word."""
    parts = pattern.split("/")
    for depth, part in enumerate(parts):
        needed = os.X_OK | os.R_OK if "*" in part else os.X_OK
        for folder in sorted(inbox.glob("/".join(parts[:depth]))) if depth else [inbox]:
            if not os.access(folder, needed, effective_ids=True) and _is_inside(folder, inbox):
                raise SourceUnavailableError(
                    f"{folder}: files of the source may lie in this folder, and it cannot be read: let the user that "
                    "the extract runs as list and enter it, or take the folder out of the inbox"
                )


def _is_inside(folder: Path, inbox: Path) -> bool:
    """Tell whether a folder lies in the inbox, and is not one that each file system makes for itself."""
    return folder.is_dir() and folder.name != "lost+found" and folder.resolve().is_relative_to(inbox.resolve())


@contextmanager
def open_rows(raw: RawFile, source: Source) -> Iterator["RowReader"]:
    """Open a file as a stream of text columns under our names; UnreadableFileError when it cannot be read."""
    with raw.local() as arrived, unpacked(arrived, keep_workbook=source.kind == "excel") as path:
        try:
            opened = READERS[source.kind](path, as_it_stands(source))
            with closing(opened.batches):  # a library that reads ahead stops with it
                yield RowReader(source, opened)
        except TROUBLE as error:
            raise unreadable(error) from error


class RowReader:
    """A stream of record batches: row int64, defect text, and the source's columns as text.

    `columns` are the names of all columns of the file, `count` is the number of rows read so far. An engine that reads
    from it hides what went wrong behind an error of its own: `failure` keeps the cause.
    """

    def __init__(self, source: Source, opened: Opened) -> None:
        """Wrap the rows of one file of a source."""
        self.columns = _storable(opened.columns)
        self.failure: UnreadableFileError | None = None
        self.count = 0
        self._schema = schema(source)
        self._batches = spread(opened.batches, source)

    def arrow(self) -> pa.RecordBatchReader:
        """Give the stream; it can be read once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._watched())

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                check_text(batch)
                self.count += batch.num_rows
                yield batch.select(self._schema.names)
        except UnreadableFileError as error:
            self.failure = error
            raise
        except TROUBLE as error:
            self.failure = unreadable(error)
            raise


def _storable(names: Sequence[str]) -> list[str]:
    """Refuse a column whose name no database keeps, such as one with half of a character."""
    for name in names:
        if "\0" in name or name.encode(errors="ignore").decode() != name:
            raise UnreadableFileError(f"wrong_encoding: the name of the column {name!r} cannot be kept as text")
    return list(names)
