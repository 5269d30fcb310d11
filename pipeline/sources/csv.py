"""CSV: delimited text under a header. Rows of another number of fields than the header are kept apart."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pc

from pipeline.sources.batches import check_columns, defective, gathered, renamed
from transforms.source import Csv, Source


def read(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    """Read a delimited file whose first line, after those to be skipped, names its columns."""
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
    check_columns(reader.schema.names, source)
    done = 0
    for batch in reader:
        rows = ragged.number(batch.num_rows, done)
        done = rows[-1] if rows else done
        yield renamed(batch, rows, source)
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
        """Give the ragged rows as a batch."""
        return gathered([defective(row, "ragged_row", text, source) for row, text in self.rows.items()], source)
