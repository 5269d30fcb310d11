"""Usage changed by hand: Pending records deleted or updated, each kept whole as it was, with who did it and why."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store.many import numbered
from pipeline.store.tables import ACTIVE, imports, usage_changes, usage_records

SHOWN = ("record_id", "import_id", "status", "bill_run_id", "uom", "quantity", "readings")
Condition = sa.ColumnElement[bool]
own = imports.alias("own")


def of_records(record_ids: Collection[int]) -> Condition:
    """Choose records by number."""
    return numbered(usage_records.c.record_id, record_ids)


def of_imports(import_ids: Collection[str]) -> Condition:
    """Choose all records of some imports."""
    return usage_records.c.import_id.in_(import_ids)


def imports_named(connection: sa.Connection, *, import_id: str | None, file_name: str | None) -> list[str]:
    """List the finished imports of this id, or of the uploads that bore this name."""
    named = imports.c.import_id == import_id if file_name is None else imports.c.file_name == file_name
    statement = sa.select(imports.c.import_id).where(named, imports.c.status == "Completed")
    return list(connection.execute(statement).scalars())


def periods(connection: sa.Connection, chosen: Condition) -> list[str]:
    """List the billing periods of the chosen active records, in order."""
    statement = sa.select(usage_records.c.period).distinct().where(chosen, ACTIVE)
    return sorted(connection.execute(statement).scalars())


def lock_imports(connection: sa.Connection, chosen: Condition) -> None:
    """Lock the imports that stand for the chosen records, in order: before the records, as a load does."""
    mine = sa.select(usage_records.c.import_id).where(chosen, ACTIVE)
    statement = _standing(sa.select(own.c.slot).where(own.c.import_id.in_(mine))).order_by(imports.c.import_id)
    connection.execute(statement.with_for_update(key_share=True))


def lock_records(connection: sa.Connection, chosen: Condition) -> Sequence[sa.RowMapping]:
    """Lock and list the chosen active records, by number."""
    statement = sa.select(*(usage_records.c[name] for name in SHOWN)).where(chosen, ACTIVE)
    return connection.execute(statement.order_by(usage_records.c.record_id).with_for_update()).mappings().all()


def gone(connection: sa.Connection, record_ids: Collection[int]) -> dict[int, str]:
    """Tell what became of records that are not active: superseded, or deleted. Unknown ones are left out."""
    superseded = sa.select(usage_records.c.record_id, usage_records.c.superseded_by).where(of_records(record_ids))
    found = {number: f"superseded by import {by}" for number, by in connection.execute(superseded) if by}
    columns = (usage_changes.c[name] for name in ("record_id", "changed_at", "changed_by", "reason"))
    mine = numbered(usage_changes.c.record_id, record_ids)
    deleted = connection.execute(sa.select(*columns).where(mine, usage_changes.c.action == "delete"))
    return found | {number: f"deleted at {at:%Y-%m-%d %H:%M} UTC by {by}: {why}" for number, at, by, why in deleted}


def delete(connection: sa.Connection, record_ids: Collection[int], by: str, reason: str) -> int:
    """Delete records and keep each whole; says how many. The database refuses Processed ones."""
    deleted = sa.delete(usage_records).where(of_records(record_ids), ACTIVE).returning(usage_records).cte("deleted")
    values: dict[str, sa.ColumnElement[Any]] = {
        "action": sa.literal("delete"),
        "record_id": deleted.c.record_id,
        "import_id": _stands_for(deleted.c.import_id),
        "readings": deleted.c.readings,
        "before": sa.func.to_jsonb(deleted.table_valued()),
        "reason": sa.literal(reason),
        "changed_by": sa.literal(by),
    }
    statement = sa.insert(usage_changes).from_select(list(values), sa.select(*values.values()))
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount


def update(connection: sa.Connection, record_id: int, values: Mapping[str, Any], by: str, reason: str) -> None:
    """Give a record other values, and keep it as it was and as it is. One statement: no digit passes through here."""
    mine = usage_records.c.record_id == record_id
    row = sa.func.to_jsonb(usage_records.table_valued(), type_=JSONB)
    before = sa.select(usage_records.c.import_id, row.label("whole")).where(mine).cte("before")
    changed = sa.update(usage_records).where(mine).values({**values, "updated_at": sa.func.now()})
    after = changed.returning(row.label("whole")).cte("after")
    change: dict[str, sa.ColumnElement[Any]] = {
        "action": sa.literal("update"),
        "record_id": sa.literal(record_id),
        "import_id": _stands_for(before.c.import_id),
        "readings": sa.literal(0),
        "before": before.c.whole,
        "after": after.c.whole,
        "reason": sa.literal(reason),
        "changed_by": sa.literal(by),
    }
    rows = sa.select(*change.values()).select_from(before.join(after, sa.true()))
    connection.execute(sa.insert(usage_changes).from_select(list(change), rows))


def alter(connection: sa.Connection, altered: Mapping[str, int], by: str) -> None:
    """Note how many records of each import were changed, in the order of the imports, and who did it.

    It is noted where it matters, at the import that stands for it: else its content would be known, and not loaded.
    """
    for import_id, count in sorted(altered.items()):
        values = {"altered_count": imports.c.altered_count + count, "updated_by": by, "updated_at": sa.func.now()}
        stands = imports.c.import_id == _stands_for(sa.literal(import_id))
        connection.execute(sa.update(imports).where(stands).values(values))


def _standing(slots: sa.Select[tuple[str]]) -> sa.Select[tuple[str]]:
    """Select the imports that nothing has taken the place of, of these slots."""
    return sa.select(imports.c.import_id).where(imports.c.slot.in_(slots), imports.c.superseded_by.is_(None))


def _stands_for(import_id: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """Give the import that stands for one now: itself, or what took its place while its records were billed.

    Such records are Pending again once their bill run is cancelled.
    """
    stands = imports.alias("stands")
    statement = sa.select(stands.c.import_id).join(own, own.c.slot == stands.c.slot)
    statement = statement.where(own.c.import_id == import_id, stands.c.superseded_by.is_(None))
    return statement.scalar_subquery()
