"""Export of usage by filter, whole or since a watermark: CSV, XLSX, Parquet or the billing platform's own form."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.durable import aside, publish, sha256
from pipeline.exports.export import SHOWN_DIGITS, ExportMismatchError
from pipeline.exports.usage_files import BATCH_ROWS, FORMS, Form
from pipeline.store import exporting, following
from pipeline.store.engine import one_moment
from pipeline.store.exporting import ExportFile
from pipeline.store.following import UsageFilter
from transforms.errors import MeterbridgeError
from transforms.rating.lines import EXACT

FOLDER = "usage"
PLATFORM = "platform"
PENDING = "Pending"


class ExportRefusedError(MeterbridgeError):
    """An export that would mislead; the message says what to ask for instead."""


@dataclass(frozen=True)
class ExportedUsage:
    """A written file with its rows and the sum of their quantities; the next export follows from `watermark`."""

    path: Path
    rows: int
    control_total: Decimal
    watermark: datetime

    def __str__(self) -> str:
        counts = f"{self.rows} rows, control total {self.control_total:f}"
        return f"{self.path}  {counts}; follow with --since {self.watermark.isoformat()}"


def export_usage(
    store: sa.Engine, home: Path, wanted: UsageFilter, form: str, *, since: datetime | None = None
) -> ExportedUsage:
    """Write active usage below `<home>/exports/usage/`; with `since`, all that was changed, superseded or deleted then.

    A follower takes rows by `record_id`: one may come twice, none is left out. The platform's form holds Pending usage
    alone. ExportRefusedError, UnfitRecordError and UnfitExportError say what cannot be written so.
    """
    if form == PLATFORM:
        wanted = replace(wanted, status=wanted.status or PENDING)
    _check(wanted, form, since)
    with store.begin() as connection:
        watermark = following.watermark(connection)
    with one_moment(store) as connection:
        file = _write(connection, home / "exports", following.rows(wanted, since), form)
    with store.begin() as connection:
        exporting.note(connection, file)
    return ExportedUsage(home / "exports" / file.path, file.rows, file.control_total, watermark)


def _check(wanted: UsageFilter, form: str, since: datetime | None) -> None:
    if form not in FORMS:
        raise ExportRefusedError(f"there is no form {form!r}: choose one of {', '.join(FORMS)}")
    if form == PLATFORM and (since is not None or wanted.status != PENDING):
        raise ExportRefusedError("the platform's form holds all Pending usage: it cannot say that a record is gone")
    if since is not None and wanted.status is not None:
        raise ExportRefusedError("leave the status out to follow usage: a record that leaves it would not be told")
    if since is not None and since.tzinfo is None:
        raise ExportRefusedError(f"write the watermark with its offset from UTC, not {since.isoformat()}")


def _write(connection: sa.Connection, exports: Path, found: sa.Select[Any], form: str) -> ExportFile:
    kind = FORMS[form]
    rows, total = exporting.control(connection, found, "quantity")
    custom = following.custom_names(connection, found) if form == PLATFORM else []
    with aside(exports) as path:
        kind.write(_streamed(connection, found), custom, path)
        _compare(kind, path, rows, total)
        hashed = sha256(path)
        name = f"{FOLDER}/{FOLDER}-{form}-{hashed[:SHOWN_DIGITS]}.{kind.ending}"
        publish(path, exports / name)
    return ExportFile(name, "", f"usage as {form}", rows, total, hashed)


def _streamed(connection: sa.Connection, found: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    """Read row by row: in memory are those of one batch."""
    with connection.execution_options(yield_per=BATCH_ROWS).execute(found) as result:
        yield from map(dict, result.mappings())


def _compare(kind: Form, path: Path, rows: int, total: Decimal) -> None:
    """Hold what was written against what the store counted."""
    count, read = 0, Decimal(0)
    for quantity in kind.quantities(path):
        count, read = count + 1, EXACT.add(read, quantity)
    if (count, read) != (rows, total):
        raise ExportMismatchError(
            f"the store has {rows} rows and {total:f}, the written file {count} and {read:f}; nothing was exported: do "
            "it again"
        )
