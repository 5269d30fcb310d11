"""The manifest: the landed files, which of them are visible, and which of their rows are quarantined."""

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on, insert

from pipeline.store.copy import copy_in
from pipeline.store.many import among
from pipeline.store.tables import arrivals, extractions, landed_files, quarantined_rows
from transforms.readings.fate import LEFT_OUT


@dataclass(frozen=True)
class LandedFile:
    """One immutable Parquet file of readings, at `path` below the home's readings; instants in microseconds UTC."""

    source: str
    file_id: str
    rows: int
    readings: int
    quarantined: int
    at_us_min: int | None
    at_us_max: int | None
    path: str
    left_out: int = 0


def has_landed(connection: sa.Connection, source: str, file_id: str) -> bool:
    """Tell whether this content is visible, whatever file brought it."""
    same = (landed_files.c.source == source, landed_files.c.file_id == file_id)
    statement = sa.select(landed_files.c.file_id).where(*same, landed_files.c.replaced_by.is_(None))
    return connection.execute(statement).first() is not None


def land(connection: sa.Connection, landed: LandedFile, rejects: Iterable[tuple[int, str, str]]) -> bool:
    """Make a landed file visible, with its rejected (row, reason, raw); False when its content is there already.

    One that another had replaced is visible again, with the rows that it had.
    """
    statement = insert(landed_files).values(asdict(landed)).on_conflict_do_nothing().returning(landed_files.c.file_id)
    if connection.execute(statement).first() is None:
        return _replace(connection, landed.source, landed.file_id, None)
    rows = ((landed.source, landed.file_id, row, reason, raw) for row, reason, raw in rejects)
    copy_in(connection, quarantined_rows, ("source", "file_id", "row", "reason", "raw"), rows)
    return True


def reasons(connection: sa.Connection, landed: LandedFile) -> list[tuple[str, int, int, str]]:
    """Tell why rows of a landed file are quarantined: reason, how many, and number and text of the first."""
    reason, of_one = quarantined_rows.c.reason, sa.func.count().over(partition_by=quarantined_rows.c.reason)
    statement = sa.select(reason, of_one, quarantined_rows.c.row, quarantined_rows.c.raw)
    statement = statement.where(
        quarantined_rows.c.source == landed.source, quarantined_rows.c.file_id == landed.file_id, reason != LEFT_OUT
    )
    statement = statement.ext(distinct_on(reason)).order_by(reason, quarantined_rows.c.row)
    return [(row[0], row[1], row[2], row[3]) for row in connection.execute(statement)]


def replace(connection: sa.Connection, source: str, file_id: str, by: str) -> None:
    """Let a landed file take the place of another, which is no longer visible; nothing of either is lost."""
    _replace(connection, source, file_id, by)


def _replace(connection: sa.Connection, source: str, file_id: str, by: str | None) -> bool:
    """Set what a landed file is replaced by; tell whether that is new."""
    same = (landed_files.c.source == source, landed_files.c.file_id == file_id)
    changed = landed_files.c.replaced_by.is_distinct_from(by)
    return connection.execute(sa.update(landed_files).where(*same, changed).values(replaced_by=by)).rowcount > 0


def extracted(connection: sa.Connection, source: str, until: datetime, watermark: str | None) -> None:
    """Note that all which had arrived by an instant is taken, and the highest watermark that a query has given."""
    statement = insert(extractions).values(source=source, until=until, watermark=watermark)
    reached = {
        "until": sa.func.greatest(extractions.c.until, statement.excluded.until),
        "watermark": sa.func.coalesce(statement.excluded.watermark, extractions.c.watermark),
    }
    connection.execute(statement.on_conflict_do_update(index_elements=[extractions.c.source], set_=reached))


def position(connection: sa.Connection, source: str) -> tuple[datetime | None, str | None]:
    """Tell up to when, and up to which watermark, the source has been taken; None where it never was."""
    statement = sa.select(extractions.c.until, extractions.c.watermark).where(extractions.c.source == source)
    found = connection.execute(statement).first()
    return (found.until, found.watermark) if found else (None, None)


def extracted_until(connection: sa.Connection, source: str) -> datetime | None:
    """Tell up to when the source has been taken; None when it never was."""
    return position(connection, source)[0]


def files(
    connection: sa.Connection,
    source: str,
    before_us: int,
    *,
    from_us: int | None = None,
    replaced: Collection[str] = (),
) -> list[LandedFile]:
    """List the landed files with a reading before an instant and, if asked, with one at or after another.

    Of files that others have replaced, only those named in `replaced`.
    """
    statement = sa.select(*(landed_files.c[name] for name in LandedFile.__dataclass_fields__))
    visible = landed_files.c.replaced_by.is_(None) | among(landed_files.c.file_id, replaced)
    statement = statement.where(landed_files.c.source == source, landed_files.c.at_us_min < before_us, visible)
    if from_us is not None:
        statement = statement.where(landed_files.c.at_us_max >= from_us)
    return [LandedFile(**row) for row in connection.execute(statement.order_by(landed_files.c.file_id)).mappings()]


def profile(connection: sa.Connection, source: str, file_ids: list[str]) -> list[dict[str, Any]]:
    """Describe landed files, one row each: file_id, uri of a raw file, how many rows are what, instants."""
    uri = sa.select(sa.func.min(arrivals.c.uri)).where(
        arrivals.c.source == landed_files.c.source, arrivals.c.file_id == landed_files.c.file_id
    )
    names = ("file_id", "rows", "readings", "quarantined", "left_out", "at_us_min", "at_us_max")
    statement = sa.select(*(landed_files.c[name] for name in names), uri.scalar_subquery().label("uri"))
    statement = statement.where(landed_files.c.source == source, among(landed_files.c.file_id, file_ids))
    return [dict(row) for row in connection.execute(statement.order_by(landed_files.c.file_id)).mappings()]
