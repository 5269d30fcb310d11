"""The manifest: which raw files have arrived, what they landed as, and which rows are quarantined."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.copy import copy_in
from pipeline.store.tables import arrivals, extractions, landed_files, quarantined_rows


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


def has_arrived(connection: sa.Connection, source: str, sha256: str, uri: str) -> bool:
    """Tell whether these bytes have been taken from this path, landed or quarantined."""
    statement = sa.select(arrivals.c.sha256).where(
        arrivals.c.source == source, arrivals.c.sha256 == sha256, arrivals.c.uri == uri
    )
    return connection.execute(statement).first() is not None


def has_landed(connection: sa.Connection, source: str, file_id: str) -> bool:
    """Tell whether this content is visible, whatever file brought it."""
    statement = sa.select(landed_files.c.file_id).where(
        landed_files.c.source == source, landed_files.c.file_id == file_id
    )
    return connection.execute(statement).first() is not None


def any_arrived(connection: sa.Connection, source: str) -> bool:
    """Tell whether the source ever gave a file."""
    return (
        connection.execute(sa.select(arrivals.c.sha256).where(arrivals.c.source == source).limit(1)).first() is not None
    )


def land(connection: sa.Connection, landed: LandedFile, rejects: Iterable[tuple[int, str, str]]) -> bool:
    """Make a landed file visible, with its rejected (row, reason, raw); False when its content is there already."""
    statement = insert(landed_files).values(asdict(landed)).on_conflict_do_nothing().returning(landed_files.c.file_id)
    if connection.execute(statement).first() is None:
        return False
    rows = ((landed.source, landed.file_id, row, reason, raw) for row, reason, raw in rejects)
    copy_in(connection, quarantined_rows, ("source", "file_id", "row", "reason", "raw"), rows)
    return True


def arrive(
    connection: sa.Connection, source: str, sha256: str, uri: str, size: int, *, file_id: str | None, reason: str | None
) -> None:
    """Note that a raw file was taken: as a landed file, or quarantined whole for a reason."""
    values = {"source": source, "sha256": sha256, "uri": uri, "bytes": size, "file_id": file_id, "reason": reason}
    connection.execute(insert(arrivals).values(values).on_conflict_do_nothing())


def forget_quarantined(connection: sa.Connection, source: str) -> int:
    """Let files that were quarantined whole be tried again; say how many."""
    statement = sa.delete(arrivals).where(arrivals.c.source == source, arrivals.c.file_id.is_(None))
    return connection.execute(statement).rowcount


def extracted(connection: sa.Connection, source: str, until: datetime) -> None:
    """Note that all which had arrived by an instant is taken."""
    statement = insert(extractions).values(source=source, until=until)
    latest = sa.func.greatest(extractions.c.until, statement.excluded.until)
    connection.execute(statement.on_conflict_do_update(index_elements=[extractions.c.source], set_={"until": latest}))


def extracted_until(connection: sa.Connection, source: str) -> datetime | None:
    """Tell up to when the source has been taken; None when it never was."""
    return connection.execute(sa.select(extractions.c.until).where(extractions.c.source == source)).scalar()


def files(connection: sa.Connection, source: str, before_us: int, *, from_us: int | None = None) -> list[LandedFile]:
    """List the landed files with a reading before an instant and, if asked, with one at or after another."""
    statement = sa.select(*(landed_files.c[name] for name in LandedFile.__dataclass_fields__))
    statement = statement.where(landed_files.c.source == source, landed_files.c.at_us_min < before_us)
    if from_us is not None:
        statement = statement.where(landed_files.c.at_us_max >= from_us)
    return [LandedFile(**row) for row in connection.execute(statement.order_by(landed_files.c.file_id)).mappings()]


def profile(connection: sa.Connection, source: str, file_ids: list[str]) -> list[dict[str, Any]]:
    """Describe landed files, one row each: file_id, uri of a raw file, rows, readings, quarantined, instants."""
    uri = sa.select(sa.func.min(arrivals.c.uri)).where(
        arrivals.c.source == landed_files.c.source, arrivals.c.file_id == landed_files.c.file_id
    )
    names = ("file_id", "rows", "readings", "quarantined", "at_us_min", "at_us_max")
    statement = sa.select(*(landed_files.c[name] for name in names), uri.scalar_subquery().label("uri"))
    statement = statement.where(landed_files.c.source == source, landed_files.c.file_id.in_(file_ids))
    return [dict(row) for row in connection.execute(statement.order_by(landed_files.c.file_id)).mappings()]
