"""Raw files in a folder: found by the source's pattern, read as text, row by row, in bounded memory."""

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from transforms.errors import MeterbridgeError
from transforms.source import Csv, Source

GZIP_MAGIC = b"\x1f\x8b"


class UnreadableFileError(MeterbridgeError):
    """A file that is quarantined whole; the message is the reason, a code first."""


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
    with _plain(raw.path) as file:
        reader = _csv_rows if isinstance(source.format, Csv) else _parquet_rows
        try:
            yield RowReader(source, reader(file, source))
        except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
            raise _unreadable(error) from error


class RowReader:
    """A stream of record batches: row int64, defect text, and the source's columns as text.

    An engine that reads from it hides what went wrong behind an error of its own: `failure` keeps the cause.
    """

    def __init__(self, source: Source, batches: Iterator[pa.RecordBatch]) -> None:
        """Wrap the batches of one file of a source."""
        names = list(source.columns.named())
        types: dict[str, pa.DataType] = {"row": pa.int64(), **dict.fromkeys(["defect", *names], pa.string())}
        self._schema = pa.schema(types)
        self._batches = batches
        self.failure: UnreadableFileError | None = None

    def arrow(self) -> pa.RecordBatchReader:
        """Give the stream; it can be read once."""
        return pa.RecordBatchReader.from_batches(self._schema, self._watched())

    def _watched(self) -> Iterator[pa.RecordBatch]:
        try:
            for batch in self._batches:
                yield batch.select(self._schema.names)
        except UnreadableFileError as error:
            self.failure = error
            raise
        except (pa.ArrowException, OSError, EOFError, UnicodeError) as error:
            self.failure = _unreadable(error)
            raise


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """Give the file, or an unpacked copy of it when it is gzip, by its content and not by its name."""
    with path.open("rb") as file:
        start = file.read(2)
    if not start:
        raise UnreadableFileError("empty_file: it holds no byte")
    if start != GZIP_MAGIC:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="meterbridge-") as folder:
        unpacked = Path(folder) / "unpacked"
        _unpack(path, unpacked)
        yield unpacked


def _unpack(path: Path, unpacked: Path) -> None:
    try:
        with pa.input_stream(str(path), compression="gzip") as packed, unpacked.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)
    except OSError as error:
        raise UnreadableFileError(f"damaged_gzip: {error}; ask the sender for the file again") from error
    if not unpacked.stat().st_size:
        raise UnreadableFileError("empty_file: nothing is left when it is unpacked")


def _csv_rows(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    assert isinstance(source.format, Csv)  # noqa: S101 narrows the type; the caller chose by it
    ragged = _Ragged(source.format.skip_lines + 1)
    reader = pc.open_csv(
        path,
        read_options=pc.ReadOptions(
            encoding=source.format.encoding, skip_rows=source.format.skip_lines, use_threads=False
        ),
        parse_options=pc.ParseOptions(
            delimiter=source.format.delimiter,
            quote_char=source.format.quote,
            newlines_in_values=True,
            invalid_row_handler=ragged.skip,
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(source.columns.named().values(), pa.string()), strings_can_be_null=False
        ),
    )
    _check_columns(reader.schema.names, source)
    done = 0
    for batch in reader:
        rows = ragged.number(batch.num_rows, done)
        done = rows[-1] if rows else done
        yield _renamed(batch, rows, source)
    if ragged.rows:
        yield ragged.batch(source)


class _Ragged:
    """Rows with another number of fields than the header: left out by the CSV reader, kept here with their numbers."""

    def __init__(self, header: int) -> None:
        """Start with the number that the reader gives the header: it counts the skipped lines too."""
        self._header = header
        self.rows: dict[int, str] = {}

    def skip(self, row: pc.InvalidRow) -> Literal["skip"]:
        """Keep a row that the reader cannot split."""
        self.rows[(row.number or 0) - self._header] = row.text  # always numbered: the file is read by one thread
        return "skip"

    def number(self, count: int, done: int) -> list[int]:
        """Give the numbers of the next `count` good rows after row `done`, counting past the ragged ones."""
        if not self.rows:
            return list(range(done + 1, done + count + 1))
        numbers: list[int] = []
        while len(numbers) < count:
            done += 1
            if done not in self.rows:
                numbers.append(done)
        return numbers

    def batch(self, source: Source) -> pa.RecordBatch:
        """Give the ragged rows as a batch: their text stands in the column of the value."""
        size = len(self.rows)
        texts = {name: [""] * size for name in source.columns.named()} | {"value": list(self.rows.values())}
        columns = {name: pa.array(column, pa.string()) for name, column in texts.items()}
        return _batch(list(self.rows), pa.array(["ragged_row"] * size, pa.string()), columns)


def _parquet_rows(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    file = pq.ParquetFile(path)
    _check_columns(file.schema_arrow.names, source)
    done = 0
    for batch in file.iter_batches(columns=list(dict.fromkeys(source.columns.named().values()))):
        yield _renamed(batch, list(range(done + 1, done + batch.num_rows + 1)), source)
        done += batch.num_rows


def _renamed(batch: pa.RecordBatch, rows: list[int], source: Source) -> pa.RecordBatch:
    text = {ours: batch.column(theirs).cast(pa.string()) for ours, theirs in source.columns.named().items()}
    return _batch(rows, pa.nulls(len(rows), pa.string()), text)


def _batch(rows: list[int], defects: "pa.Array[Any]", text: "Mapping[str, pa.Array[Any]]") -> pa.RecordBatch:
    columns: dict[str, pa.Array[Any]] = {"row": pa.array(rows, pa.int64()), "defect": defects, **text}
    return pa.record_batch(columns)


def _check_columns(names: list[str], source: Source) -> None:
    wanted = list(source.columns.named().values())
    if missing := [name for name in wanted if name not in names]:
        raise UnreadableFileError(
            f"missing_column: no {', '.join(map(repr, missing))}; the file has {', '.join(map(repr, names))}"
        )
    if repeated := [name for name in wanted if names.count(name) > 1]:
        raise UnreadableFileError(f"repeated_column: {repeated[0]!r} stands in the header more than once")


def _unreadable(error: Exception) -> UnreadableFileError:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    if isinstance(error, UnicodeError) or "UTF8" in text:
        return UnreadableFileError(f"wrong_encoding: {text}; declare the source's format.encoding")
    if "Empty CSV" in text:
        return UnreadableFileError("empty_file: it holds no header")
    return UnreadableFileError(f"damaged_file: {text}")
