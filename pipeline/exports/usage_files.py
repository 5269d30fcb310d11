"""Files of exported usage: CSV, XLSX, Parquet, the billing platform's own; written row by row, read back to check."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from python_calamine import CalamineWorkbook

from pipeline.exports.sheets import SHEET_ROWS_MAX, UnfitExportError, as_text, new_book, put
from transforms.upload.columns import Column
from transforms.upload.usage_file import file_row, header

COLUMNS: dict[str, pa.DataType] = {
    "record_id": pa.int64(), "status": pa.string(),
    "account_number": pa.string(), "account_name": pa.string(), "subscription_number": pa.string(),
    "charge_number": pa.string(), "charge": pa.string(), "period": pa.string(),
    "start_at": pa.timestamp("us", "UTC"), "end_at": pa.timestamp("us", "UTC"),
    "uom": pa.string(), "quantity": pa.decimal128(22, 9),
    "description": pa.string(), "custom_fields": pa.string(), "unique_key": pa.string(), "corrects": pa.int64(),
    "readings": pa.int64(), "import_id": pa.string(), "source_type": pa.string(), "file_name": pa.string(),
    "bill_run_id": pa.string(), "updated_at": pa.timestamp("us", "UTC"),
}  # fmt: skip
SUMMED = list(COLUMNS).index("quantity")
BATCH_ROWS = 10_000
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Form:
    """One form of file: how it is written (rows, names of custom fields, path), and its quantities read back."""

    ending: str
    write: Callable[[Iterable[Row], Sequence[str], Path], None]
    quantities: Callable[[Path], Iterator[Decimal]]


def _write_csv(rows: Iterable[Row], _custom: Sequence[str], path: Path) -> None:
    _write_lines(path, list(COLUMNS), ([as_text(cell) for cell in _cells(row)] for row in rows))


def _write_platform(rows: Iterable[Row], custom: Sequence[str], path: Path) -> None:
    columns = header(custom)
    _write_lines(path, columns, (file_row(row, columns) for row in rows))


def _write_lines(path: Path, columns: Sequence[str], lines: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)


def _write_parquet(rows: Iterable[Row], _custom: Sequence[str], path: Path) -> None:
    schema, found = pa.schema(COLUMNS), iter(rows)
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(found, BATCH_ROWS)):
            columns = zip(*map(_cells, batch), strict=True)
            arrays = [pa.array(column, kind) for column, kind in zip(columns, COLUMNS.values(), strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def _write_xlsx(rows: Iterable[Row], _custom: Sequence[str], path: Path) -> None:
    with new_book(path) as book:
        sheet = book.add_worksheet("usage")
        sheet.write_row(0, 0, list(COLUMNS))
        for number, row in enumerate(rows, start=1):
            if number > SHEET_ROWS_MAX:
                raise UnfitExportError(f"a sheet holds {SHEET_ROWS_MAX} rows: write CSV or Parquet, or filter more")
            for column, cell in enumerate(_cells(row)):
                put(sheet, number, column, cell)


def _cells(row: Row) -> list[Any]:
    """Give a record in the order of the columns; its custom fields are JSON."""
    custom = json.dumps(row["custom_fields"], ensure_ascii=False, sort_keys=True)
    return [custom if name == "custom_fields" else row[name] for name in COLUMNS]


def _of_csv(path: Path, *, column: str) -> Iterator[Decimal]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from (Decimal(row[column]) for row in csv.DictReader(file))


def _of_parquet(path: Path) -> Iterator[Decimal]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH_ROWS, columns=["quantity"]):
            yield from (Decimal(value or 0) for value in batch["quantity"].to_pylist())


def _of_xlsx(path: Path) -> Iterator[Decimal]:
    """Read the sheet back: a number by its shortest text, which has all its digits."""
    with CalamineWorkbook.from_path(path) as book:
        rows = book.get_sheet_by_index(0).iter_rows()
        yield from (Decimal(str(row[SUMMED])) for row in islice(rows, 1, None))


FORMS = {
    "csv": Form("csv", _write_csv, partial(_of_csv, column="quantity")),
    "xlsx": Form("xlsx", _write_xlsx, _of_xlsx),
    "parquet": Form("parquet", _write_parquet, _of_parquet),
    "platform": Form("csv", _write_platform, partial(_of_csv, column=Column.QUANTITY)),
}
