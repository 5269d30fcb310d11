"""Imports of files and calls: from Pending to Completed, Failed or Canceled; and what their rows are held against."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import psycopg
import sqlalchemy as sa

from pipeline.store.many import among
from pipeline.store.tables import ACTIVE, imports, rated_items, usage_records

# COPY speaks to the driver itself, and so do its errors.
REFUSED = (sa.exc.IntegrityError, sa.exc.DataError, psycopg.IntegrityError, psycopg.DataError)
WAITS = (imports.c.source_type == "File") & imports.c.status.in_(("Pending", "Processing"))
own, stands = imports.alias("own"), imports.alias("stands")
STANDS_FOR = (stands.c.slot == own.c.slot) & stands.c.superseded_by.is_(None)
"""The condition of the import that stands for one now: itself, or what took its place while its records were billed.

Such records are Pending again once their bill run is cancelled.
"""


def find(connection: sa.Connection, import_id: str) -> sa.RowMapping | None:
    """Find an import."""
    return connection.execute(sa.select(imports).where(imports.c.import_id == import_id)).mappings().first()


def listed(connection: sa.Connection, *, limit: int) -> Sequence[sa.RowMapping]:
    """List imports, the newest first."""
    statement = sa.select(imports).order_by(imports.c.created_at.desc(), imports.c.import_id)
    return connection.execute(statement.limit(limit)).mappings().all()


def add(connection: sa.Connection, values: Mapping[str, Any]) -> None:
    """Add an import of which nothing is loaded yet."""
    nothing = {"total_count": 0, "imported_count": 0, "control_total": 0, "docs": ""}
    connection.execute(sa.insert(imports).values(nothing | dict(values)))


def start(connection: sa.Connection, import_id: str) -> bool:
    """Show that a Pending upload is being processed; tells whether it was Pending."""
    return _change_pending(connection, import_id, {"status": "Processing"})


def take(connection: sa.Connection, import_id: str, *, wait: bool = False) -> sa.RowMapping | None:
    """Keep an unfinished upload from others until the transaction ends; None when it is finished, or another's.

    `wait` for who has begun it: whoever came too late to cancel it keeps its row for a moment.
    """
    statement = sa.select(imports).where(imports.c.import_id == import_id, WAITS).with_for_update(skip_locked=not wait)
    return connection.execute(statement).mappings().first()


def unfinished(connection: sa.Connection) -> list[str]:
    """List the files whose import is not finished and which nobody works on, the oldest first."""
    statement = (
        sa.select(imports.c.import_id)
        .where(WAITS)
        .order_by(imports.c.created_at, imports.c.import_id)
        .with_for_update(skip_locked=True)
    )
    return list(connection.execute(statement).scalars())


def finish(connection: sa.Connection, import_id: str, values: Mapping[str, Any]) -> None:
    """Give an import its final status and figures."""
    changed = {**values, "updated_at": sa.func.now()}
    connection.execute(sa.update(imports).where(imports.c.import_id == import_id).values(changed))


def cancel(connection: sa.Connection, import_id: str, by: str, status_reason: str) -> bool:
    """Cancel an upload that is still Pending; tells whether it was: of this and `start`, one changes the status."""
    changed = {"status": "Canceled", "status_reason": status_reason, "updated_by": by}
    return _change_pending(connection, import_id, changed)


def _change_pending(connection: sa.Connection, import_id: str, values: Mapping[str, Any]) -> bool:
    mine = (imports.c.import_id == import_id) & WAITS & (imports.c.status == "Pending")
    changed = {**values, "updated_at": sa.func.now()}
    return connection.execute(sa.update(imports).where(mine).values(changed)).rowcount == 1


def held(connection: sa.Connection, record_keys: Collection[str]) -> Sequence[sa.RowMapping]:
    """List the active records of these keys, each with its import's slot."""
    names = ("record_id", "record_key", "period", "status", "bill_run_id", "account_number")
    statement = (
        sa.select(*(usage_records.c[name] for name in names), imports.c.slot)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(ACTIVE, among(usage_records.c.record_key, record_keys))
    )
    return connection.execute(statement).mappings().all()


def take_over(connection: sa.Connection, record_keys: Collection[str], by: str) -> None:
    """Let an import take the place of Pending records, and count them as changed in the others that stand for them."""
    mine = ACTIVE & among(usage_records.c.record_key, record_keys) & (usage_records.c.status == "Pending")
    brought = usage_records.join(own, own.c.import_id == usage_records.c.import_id).join(stands, STANDS_FOR)
    counts = sa.select(stands.c.import_id, sa.func.count().label("changed")).select_from(brought).where(mine)
    changed = counts.group_by(stands.c.import_id).subquery()
    count = {"altered_count": imports.c.altered_count + changed.c.changed, "updated_at": sa.func.now()}
    others = imports.c.import_id != by  # a file that is loaded once more stands for the records that it had brought
    connection.execute(sa.update(imports).where(imports.c.import_id == changed.c.import_id, others).values(count))
    superseded = {"superseded_by": by, "updated_at": sa.func.now()}
    connection.execute(sa.update(usage_records).where(mine).values(superseded))


def billed(
    connection: sa.Connection, charge_numbers: Collection[str], periods: Collection[str]
) -> set[tuple[str, str]]:
    """List the (charge number, period) that a bill run has rated."""
    columns = (rated_items.c.charge_number, rated_items.c.period)
    statement = sa.select(*columns).distinct().where(among(rated_items.c.period, periods))
    found = connection.execute(statement.where(among(rated_items.c.charge_number, charge_numbers)))
    return {(number, period) for number, period in found}


def stored(connection: sa.Connection, import_id: str) -> Sequence[sa.RowMapping]:
    """Read back what stands of an import: number, key and quantity of each record."""
    columns = (usage_records.c.record_id, usage_records.c.record_key, usage_records.c.quantity)
    statement = sa.select(*columns).where(usage_records.c.import_id == import_id, ACTIVE)
    return connection.execute(statement).mappings().all()
