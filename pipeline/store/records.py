"""Usage records as a person or a program looks them up: each with its account's name and the import that brought it."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.store.tables import ACTIVE, accounts, imports, usage_records


def find(connection: sa.Connection, record_id: int) -> sa.RowMapping | None:
    """Find an active record by its number; None where there is none, or it was deleted or superseded."""
    statement = _records().where(usage_records.c.record_id == record_id)
    return connection.execute(statement).mappings().first()


def page(connection: sa.Connection, account_number: str, *, limit: int, offset: int) -> Sequence[sa.RowMapping]:
    """List an account's active records, newest first: `limit` of them, after the first `offset`."""
    statement = _records().where(usage_records.c.account_number == account_number)
    statement = statement.order_by(usage_records.c.record_id.desc()).limit(limit).offset(offset)
    return connection.execute(statement).mappings().all()


def without_charge(connection: sa.Connection) -> list[tuple[str, int]]:
    """List the active Pending records that no charge took: (period, number), in that order."""
    columns = (usage_records.c.period, usage_records.c.record_id)
    mine = usage_records.c.charge_number.is_(None) & (usage_records.c.status == "Pending")
    found = connection.execute(sa.select(*columns).where(mine, ACTIVE).order_by(*columns))
    return [(period, number) for period, number in found]


def chosen(connection: sa.Connection, wanted: sa.ColumnElement[bool]) -> Sequence[sa.RowMapping]:
    """List the active records that a condition chooses, by number."""
    return connection.execute(_records().where(wanted).order_by(usage_records.c.record_id)).mappings().all()


def _records() -> sa.Select[Any]:
    return (
        sa.select(
            usage_records,
            accounts.c.name.label("account_name"),
            imports.c.source_type,
            imports.c.file_name,
            imports.c.created_at.label("submitted_at"),
            imports.c.created_by.label("submitted_by"),
        )
        .join(accounts, accounts.c.account_number == usage_records.c.account_number)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(ACTIVE)
    )
