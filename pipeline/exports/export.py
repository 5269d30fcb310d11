"""Export: a period's usage, rated items and invoices as files, whole or not at all, with count and control total."""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipeline.billing.invoices import amounts_of, count_pages, invoices_of, write_documents
from pipeline.catalog.catalog import Catalog
from pipeline.durable import aside, publish, sha256
from pipeline.exports.billed_sheets import summaries, tables
from pipeline.exports.workbook import added_up, write_workbook
from pipeline.store import exporting, invoices, locks
from pipeline.store.copy import copy_out
from pipeline.store.exporting import ExportFile
from transforms.catalog.units import Units
from transforms.errors import MeterbridgeError
from transforms.invoices.chart import Bar, Panel, draw
from transforms.period import Period
from transforms.rating.lines import exact_sum
from transforms.spreadsheet import neutral

Figures = tuple[int, Decimal]
"""How many rows there are, and what they come to."""

SHOWN_DIGITS = 12
FIELD_MAX = 1 << 30  # characters: PostgreSQL writes no longer one, and a breakdown may be long
DOCUMENTS = "invoice_documents"
SHEETS = {"Invoices": "invoices", "Items": "rated_items", "Usage": "usage"}
QUANTITY = pa.decimal128(22, 9)
AMOUNT = pa.decimal128(30, 9)
TIME = pa.timestamp("us", "UTC")
TYPES = {
    "start_at": TIME, "end_at": TIME, "period_start": TIME, "period_end": TIME, "issued_at": TIME,
    "quantity": QUANTITY, "amount": AMOUNT, "amount_total": AMOUNT, "billed_before": AMOUNT,
    "readings": pa.int64(), "samples_expected": pa.int64(), "samples_seen": pa.int64(),
    "items": pa.int64(), "bill_run": pa.int64(),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of export: its rows, and the column that its control total adds up."""

    rows: Callable[[Period], sa.Select[tuple[object, ...]]]
    summed: str


KINDS = {
    "usage": Kind(exporting.usage_rows, "quantity"),
    "rated_items": Kind(exporting.rated_rows, "amount"),
    "invoices": Kind(exporting.invoice_rows, "amount"),
}


class ExportMismatchError(MeterbridgeError):
    """A written file does not hold what the store holds; nothing of the export is kept."""


def export(store: sa.Engine, catalog: Catalog, period: Period, home: Path) -> list[ExportFile]:
    """Write a period's exports below `<home>/exports/<period>/`, and give them; same content, same files.

    Rated items and invoices are those of posted bill runs. The catalog tells the decimals of its currencies.
    """
    with store.begin() as connection:
        locks.exclusive(connection, str(period))
        written = list(_Export(connection, catalog.units, period, home / "exports").write())
        for file in written:
            exporting.note(connection, file)
    return written


@dataclass(frozen=True)
class _Export:
    """An export that is being written below `folder`; whatever is written is held against what the store counted."""

    connection: sa.Connection
    units: Units
    period: Period
    folder: Path

    def write(self) -> Iterator[ExportFile]:
        counted = {what: exporting.control(self.connection, kind.rows(self.period), kind.summed)
                   for what, kind in KINDS.items()}  # fmt: skip
        for what, figures in counted.items():
            yield from self._write_rows(what, figures)
        yield from self._write_documents(counted["invoices"])
        yield self._write_workbook(counted)
        yield self._write_chart(counted["rated_items"])

    def _write_rows(self, what: str, figures: Figures) -> Iterator[ExportFile]:
        """Write one kind of rows as CSV, which is read back to be Parquet, which is read back to be compared."""
        kind = KINDS[what]
        with aside(self.folder) as text, aside(self.folder) as columns:
            copy_out(self.connection, kind.rows(self.period), text)
            pq.write_table(found := _typed(text), columns)
            _neutralize(text, found)
            read = pq.read_table(columns, columns=[kind.summed])[kind.summed].to_pylist()
            _compare(what, (len(read), exact_sum(Decimal(value or 0) for value in read)), figures)
            yield self._publish(text, what, "csv", figures)
            yield self._publish(columns, what, "parquet", figures)

    def _write_documents(self, figures: Figures) -> Iterator[ExportFile]:
        """Write each invoice as a page, all in one zip, and as a line of JSON."""
        with aside(self.folder) as pages, aside(self.folder) as lines:
            write_documents(invoices_of(self.connection, self.units, self.period), pages, lines)
            amounts = list(amounts_of(lines))
            _compare(DOCUMENTS, (count_pages(pages), exact_sum(amounts)), figures)
            yield self._publish(pages, DOCUMENTS, "zip", figures)
            yield self._publish(lines, DOCUMENTS, "jsonl", figures)

    def _write_workbook(self, counted: Mapping[str, Figures]) -> ExportFile:
        """Write the workbook; every sheet of it is compared."""
        sheets = tables(self.connection, self.units, self.period)
        with aside(self.folder) as path:
            heads = summaries(self.connection, self.units, self.period)
            write_workbook(path, f"Billed in {self.period}", heads, sheets)
            for name, read in added_up(path, sheets).items():
                _compare(f"sheet {name}", read, counted[SHEETS[name]])
            return self._publish(path, "workbook", "xlsx", counted["rated_items"])

    def _write_chart(self, figures: Figures) -> ExportFile:
        """Draw what was billed by charge."""
        rows = invoices.by_charge(self.connection, self.period)
        read = (sum(row["items"] for row in rows), exact_sum(row["amount"] for row in rows))
        _compare("chart", read, figures)
        with aside(self.folder) as path:
            path.write_text(draw(f"Billed in {self.period}, by charge", list(_panels(rows, self.units))), "utf-8")
            return self._publish(path, "chart", "svg", figures)

    def _publish(self, path: Path, what: str, ending: str, figures: Figures) -> ExportFile:
        hashed = sha256(path)
        name = f"{self.period}/{what}-{self.period}-{hashed[:SHOWN_DIGITS]}.{ending}"
        publish(path, self.folder / name)
        return ExportFile(name, str(self.period), what, *figures, hashed)


def _panels(rows: Iterable[sa.RowMapping], units: Units) -> Iterator[Panel]:
    for currency, found in groupby(rows, key=lambda row: row["currency"]):
        bars = tuple(Bar(row["charge"], row["amount"]) for row in found)
        yield Panel(currency, units.decimals(currency), bars)


def _typed(path: Path) -> pa.Table:
    """Read a written CSV back with exact types: text stays text, numbers become decimals."""
    with path.open("rb") as file:
        names = file.readline().decode().rstrip("\n").split(",")
    options = pa_csv.ConvertOptions(
        column_types={name: TYPES.get(name, pa.string()) for name in names},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    return pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True), convert_options=options)


def _neutralize(path: Path, found: pa.Table) -> None:
    """Write a CSV again with a quote before what a spreadsheet would take for a formula, where it has any."""
    wrong = [number for number, column in enumerate(found.itercolumns()) if _has_formula(column)]
    if not wrong:
        return
    csv.field_size_limit(FIELD_MAX)
    with aside(path.parent) as again, path.open(encoding="utf-8", newline="") as file:
        with again.open("w", encoding="utf-8", newline="") as harmless:
            writer = csv.writer(harmless, lineterminator="\n")
            for row in csv.reader(file):
                writer.writerow(neutral(cell) if number in wrong else cell for number, cell in enumerate(row))
        again.replace(path)


def _has_formula(column: "pa.ChunkedArray[Any]") -> bool:
    texts = pc.unique(column).to_pylist() if pa.types.is_string(column.type) else []
    return any(text != neutral(text) for text in texts if text)


def _compare(what: str, read: Figures, counted: Figures) -> None:
    """Hold what was written against what the store counted."""
    if read != counted:
        raise ExportMismatchError(
            f"{what}: the store has {counted[0]} rows and {counted[1]}, the file {read[0]} and {read[1]}; nothing was "
            "exported: do it again"
        )
