"""CSV: delimited text under a header, or names in its place. Rows of another number of fields are kept apart."""

import codecs
import io
from collections.abc import Generator
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc

from pipeline.sources.batches import Opened, Row, defective, gathered, renamed
from pipeline.sources.closed import MARK, Closed
from pipeline.sources.drift import check_columns, columns_of
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.formats import Csv
from transforms.catalog.source import Source

BLOCK = 1 << 20  # bytes that are parsed at once; a longer row is refused
OPEN_QUOTE = "open_quote: a quote is opened and never closed, and takes all that follows for one field"


def read(path: Path, source: Source) -> Opened:
    """Read a delimited file whose first line, after those to be skipped, names its columns; or its source does."""
    assert isinstance(source.format, Csv)  # noqa: S101 narrows the type; the caller chose by it
    header = _header(path, source.format)
    check_columns(header, source)
    ragged = _Ragged(source.format, len(header) + 1, header[0])
    reader = _open(path, source.format, ragged, columns_of(header, source))
    return Opened(header, _batches(reader, ragged, source))


def _header(path: Path, form: Csv) -> list[str]:
    """Give the names of all columns."""
    if form.names is not None:
        return list(form.names)
    names = _open(path, form, _Ragged(form, 1, ""), []).schema.names
    if names == [MARK]:
        raise UnreadableFileError("empty_file: it holds no header")
    return names


def _open(path: Path, form: Csv, ragged: "_Ragged", columns: list[str]) -> pc.CSVStreamingReader:
    """Open a file for the columns of these names, or for all; a column that is not asked for may hold anything."""
    return pc.open_csv(
        io.BufferedReader(Closed(_plain(path, form.encoding), ragged.last_line), BLOCK),
        read_options=pc.ReadOptions(
            block_size=BLOCK, skip_rows=form.skip_lines, column_names=list(form.names or ()), use_threads=False
        ),
        parse_options=pc.ParseOptions(
            delimiter=form.delimiter,
            quote_char=form.quote or False,
            escape_char=form.escape or False,
            newlines_in_values=True,
            invalid_row_handler=ragged.skip,
        ),
        convert_options=pc.ConvertOptions(
            column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=False
        ),
    )


def _plain(path: Path, encoding: str) -> pa.NativeFile:
    """Open a file as UTF-8, behind the byte order mark that it may begin with."""
    file = pa.OSFile(str(path), mode="r")
    if codecs.lookup(encoding).name != "utf-8":
        return pa.transcoding_input_stream(file, encoding, "utf-8")
    file.seek(len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0)
    return file


def _batches(reader: pc.CSVStreamingReader, ragged: "_Ragged", source: Source) -> Generator[pa.RecordBatch]:
    done = 0
    for batch in reader:
        rows = ragged.number(batch.num_rows, done)
        done = int(rows[-1]) if len(rows) else done
        yield renamed(batch, rows, source)
        yield from ragged.batches(source)
    yield from ragged.batches(source)
    if not ragged.at_end:
        raise UnreadableFileError(OPEN_QUOTE)


class _Ragged:
    """Rows with another number of fields than the header: left out by the CSV reader, kept here with their numbers."""

    def __init__(self, form: Csv, fields: int, first: str) -> None:
        """Start for a file that is closed by a line of so many fields, another number than its header has.

        `first` is the first column: of a row with another number of fields it alone is known.
        """
        self._form, self._first = form, first
        self.last_line = form.delimiter.join([MARK] * fields)
        self.at_end = False
        self._header = form.skip_lines + (form.names is None)  # the reader counts skipped lines and the header too
        self._ahead: list[int] = []
        self._texts: dict[int, str] = {}

    def skip(self, row: pc.InvalidRow) -> Literal["skip"]:
        """Keep a row that the reader cannot split."""
        number = (row.number or 0) - self._header  # always numbered: the file is read by one thread
        if row.text == self.last_line:
            self.at_end = True
        else:
            self._texts[number] = row.text
        self._ahead.append(number)
        return "skip"

    def number(self, count: int, done: int) -> npt.NDArray[np.int64]:
        """Give the numbers of the next `count` good rows after row `done`, counting past the ragged ones."""
        numbers = np.arange(done + 1, done + 1 + count + len(self._ahead), dtype=np.int64)
        if self._ahead and count:
            numbers = np.setdiff1d(numbers, np.array(self._ahead, np.int64))
            self._ahead = [row for row in self._ahead if row > numbers[count - 1]]
        return numbers[:count]

    def batches(self, source: Source) -> Generator[pa.RecordBatch]:
        """Give the ragged rows that have come so far, if any."""
        if self._texts:
            kept, self._texts = self._texts, {}
            yield gathered([self._row(row, text, source) for row, text in kept.items()], source)

    def _row(self, number: int, text: str, source: Source) -> Row:
        """Give a ragged row, with its first field where that may tell that it is no reading."""
        row = defective(number, "ragged_row", text, source)
        told = [name for name in source.tells_left_out() if source.named()[name] == self._first]
        texts = dict(zip(source.named(), row.texts, strict=True)) | dict.fromkeys(told, _first_field(text, self._form))
        return row._replace(texts=tuple(texts.values()))


def _first_field(text: str, form: Csv) -> str:
    """Give what stands before the first delimiter, without the quotes that enclose all of it."""
    field = text.partition(form.delimiter)[0]
    quoted = len(field) > 1 and field[0] == field[-1] == form.quote
    return field[1:-1] if quoted else field
