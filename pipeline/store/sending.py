"""The files that were sent to a billing platform, the records that each of them says, and how it stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.copy import copy_in
from pipeline.store.tables import sent_files, sent_periods, sent_records
from transforms.period import Period

UNKNOWN, SENT, CONFIRMED, FAILED = "unknown", "sent", "confirmed", "failed"  # a new file's is "to send"
FINAL = (CONFIRMED, FAILED)


@dataclass(frozen=True)
class SentFile:
    """A file and how it stands; `rows` and `control_total` (the sum of its quantities) are what it says."""

    file_id: int
    target: str
    period: str
    part: int
    file_name: str
    sha256: str
    rows: int
    control_total: Decimal
    state: str
    import_id: str | None
    reason: str
    created_at: datetime

    def __str__(self) -> str:
        counts = f"{self.rows} rows, control total {self.control_total:f}"
        return f"{self.file_name}  {self.state}  {counts}" + (f", import {self.import_id}" if self.import_id else "")


COLUMNS = tuple(sent_files.c[name] for name in SentFile.__dataclass_fields__)


def files(connection: sa.Connection, target: str, period: Period, *, waiting: bool = False) -> list[SentFile]:
    """List the files of a period in their order; with `waiting`, only those whose outcome is not final."""
    statement = sa.select(*COLUMNS).where(sent_files.c.target == target, sent_files.c.period == str(period))
    if waiting:
        statement = statement.where(sent_files.c.state.not_in(FINAL))
    return [SentFile(**row) for row in connection.execute(statement.order_by(sent_files.c.part)).mappings()]


def next_part(connection: sa.Connection, target: str, period: Period) -> int:
    """Give the next file of a period its number."""
    last = sa.func.coalesce(sa.func.max(sent_files.c.part), 0)
    mine = (sent_files.c.target == target) & (sent_files.c.period == str(period))
    number: int = connection.execute(sa.select(last + 1).where(mine)).scalar_one()
    return number


def add(connection: sa.Connection, values: Mapping[str, Any], records: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
    """Enter a file that is to be sent, with its records: (unique key, content)."""
    file_id = connection.execute(sa.insert(sent_files).values(values).returning(sent_files.c.file_id)).scalar_one()
    rows = ((file_id, key, Jsonb(content)) for key, content in records)
    copy_in(connection, sent_records, ("file_id", "unique_key", "content"), rows)


def seen(connection: sa.Connection, target: str, period: Period, until: datetime) -> None:
    """Note that all of a period that was changed before an instant is in its files."""
    statement = insert(sent_periods).values(target=target, period=str(period), seen_until=until)
    same = [sent_periods.c.target, sent_periods.c.period]
    connection.execute(statement.on_conflict_do_update(index_elements=same, set_={"seen_until": until}))


def is_sent(connection: sa.Connection, period: Period) -> bool:
    """Tell whether a period's usage has been sent to any target."""
    return bool(connection.scalar(sa.select(sa.exists().where(sent_periods.c.period == str(period)))))


def intend(connection: sa.Connection, file_id: int) -> None:
    """Note that a file is about to be sent: from now on its outcome is unknown."""
    _set(connection, file_id, state=UNKNOWN)


def sent(connection: sa.Connection, file_id: int, import_id: str) -> None:
    """Note the import that the platform makes of a file."""
    _set(connection, file_id, state=SENT, import_id=import_id)


def confirm(connection: sa.Connection, file_id: int) -> None:
    """Note that the platform holds what a file says; what was sent before of the same records is forgotten."""
    _set(connection, file_id, state=CONFIRMED, bytes=None)
    _forget_older(connection, file_id)


def fail(connection: sa.Connection, file_id: int, reason: str, *, loaded: bool) -> None:
    """Note why a file failed; its records will be sent again. One that was not loaded left what was sent before."""
    _set(connection, file_id, state=FAILED, bytes=None, reason=reason)
    if loaded:
        _forget_older(connection, file_id)
    else:
        connection.execute(sa.delete(sent_records).where(sent_records.c.file_id == file_id))


def _set(connection: sa.Connection, file_id: int, **values: object) -> None:
    """Change a file; what is final stays, whoever else was at it."""
    mine = (sent_files.c.file_id == file_id) & sent_files.c.state.not_in(FINAL)
    connection.execute(sa.update(sent_files).where(mine).values(updated_at=sa.func.now(), **values))


def _forget_older(connection: sa.Connection, file_id: int) -> None:
    mine = sent_records.alias("mine")
    file, older = sent_files.alias("file"), sent_files.alias("older")
    connection.execute(
        sa.delete(sent_records).where(
            mine.c.file_id == file_id,
            mine.c.unique_key == sent_records.c.unique_key,
            file.c.file_id == file_id,
            older.c.file_id == sent_records.c.file_id,
            older.c.target == file.c.target,
            older.c.file_id < file_id,
        )
    )


def content(connection: sa.Connection, file_id: int) -> bytes | None:
    """Give a file's bytes; None once its outcome is final."""
    statement = sa.select(sent_files.c.bytes).where(sent_files.c.file_id == file_id)
    found: bytes | None = connection.execute(statement).scalar_one()
    return found


def quantities(connection: sa.Connection, file_id: int) -> dict[str, dict[str, Decimal]]:
    """Give the quantities that a file says, by account and unique key."""
    said = sent_records.c.content
    columns = (said["account_number"].astext, sent_records.c.unique_key, said["quantity"].astext)
    found: dict[str, dict[str, Decimal]] = {}
    for account, key, quantity in connection.execute(sa.select(*columns).where(sent_records.c.file_id == file_id)):
        found.setdefault(account, {})[key] = Decimal(quantity)
    return found
