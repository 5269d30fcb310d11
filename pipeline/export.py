"""Export: a period's usage and rated items as CSV and Parquet, whole or not at all, with count and control total."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from pipeline.durable import aside, publish, sha256
from pipeline.store import exporting, locks
from pipeline.store.copy import copy_out
from pipeline.store.exporting import ExportFile
from transforms.errors import MeterbridgeError
from transforms.period import Period

SHOWN_DIGITS = 12
QUANTITY = pa.decimal128(22, 9)
AMOUNT = pa.decimal128(30, 9)
TIME = pa.timestamp("us", "UTC")
TYPES = {
    "start_at": TIME, "end_at": TIME, "period_start": TIME, "period_end": TIME,
    "quantity": QUANTITY, "amount": AMOUNT, "amount_total": AMOUNT, "billed_before": AMOUNT,
    "readings": pa.int64(), "samples_expected": pa.int64(), "samples_seen": pa.int64(),
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One kind of export: its rows, and the column that its control total adds up."""

    rows: Callable[[Period], sa.Select[tuple[object, ...]]]
    summed: str


KINDS = {"usage": Kind(exporting.usage_rows, "quantity"), "rated_items": Kind(exporting.rated_rows, "amount")}


class ExportMismatchError(MeterbridgeError):
    """A written file does not hold what the store holds; nothing of the export is kept."""


def export(store: sa.Engine, period: Period, home: Path) -> list[ExportFile]:
    """Write a period's exports below `<home>/exports/<period>/`, and give them; same content, same files."""
    with store.begin() as connection:
        locks.exclusive(connection, str(period))
        written = [file for what in KINDS for file in _export(connection, what, period, home / "exports")]
        for file in written:
            exporting.note(connection, file)
    return written


def _export(connection: sa.Connection, what: str, period: Period, exports: Path) -> list[ExportFile]:
    kind = KINDS[what]
    rows, total = exporting.control(connection, kind.rows(period), kind.summed)
    with aside(exports) as text, aside(exports) as columns:
        copy_out(connection, kind.rows(period), text)
        table = _typed(text)
        _check(table, what, rows, total, kind.summed)
        pq.write_table(table, columns)
        found = []
        for path, ending in ((text, "csv"), (columns, "parquet")):
            hashed = sha256(path)
            name = f"{period}/{what}-{period}-{hashed[:SHOWN_DIGITS]}.{ending}"
            publish(path, exports / name)
            found.append(ExportFile(name, str(period), what, rows, total, hashed))
    return found


def _typed(path: Path) -> pa.Table:
    """Read a written CSV back with exact types: text stays text, numbers become decimals."""
    with path.open("rb") as file:
        names = file.readline().decode().rstrip("\n").split(",")
    options = pc.ConvertOptions(
        column_types={name: TYPES.get(name, pa.string()) for name in names},
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        null_values=[""],
    )
    return pc.read_csv(path, parse_options=pc.ParseOptions(newlines_in_values=True), convert_options=options)


def _check(table: pa.Table, what: str, rows: int, total: object, summed: str) -> None:
    """Hold what was written against what the store counted."""
    read = sum((Decimal(value or 0) for value in table[summed].to_pylist()), Decimal(0))
    if table.num_rows != rows or read != total:
        raise ExportMismatchError(
            f"{what}: the store has {rows} rows and {total}, the file {table.num_rows} and {read}"
        )
