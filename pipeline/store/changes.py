"""Usage changed by hand: Pending records deleted or updated, each kept whole as it was, with who did it and why."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from pipeline.store.imports import STANDS_FOR, own, stands
from pipeline.store.many import among, numbered
from pipeline.store.tables import ACTIVE, imports, usage_changes, usage_records

SHOWN = ("record_id", "import_id", "status", "bill_run_id", "uom", "quantity", "readings")
WAS = "period_before"
Condition = sa.ColumnElement[bool]
Place = tuple[str, int]  # a record's period and number
Values = Mapping[str, Any]


def of_records(record_ids: Collection[int], periods: Collection[str] = ()) -> Condition:
    """Choose records by number; with their periods, where these are known, they are found without a search."""
    mine = numbered(usage_records.c.record_id, record_ids)
    return mine & among(usage_records.c.period, periods) if periods else mine


def of_imports(import_ids: Collection[str]) -> Condition:
    """Choose all records of some imports."""
    return among(usage_records.c.import_id, import_ids)


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
    statement = sa.select(stands.c.import_id).join(own, STANDS_FOR).where(own.c.import_id.in_(mine))
    connection.execute(statement.order_by(stands.c.import_id).with_for_update(of=stands, key_share=True))


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


def update(connection: sa.Connection, changed: Mapping[Place, Values], by: str, reason: str) -> None:
    """Give records, by period and number, the same columns anew, and keep each as it was and as it is.

    One statement for all, and each value stands in it as text: no digit is lost.
    """
    new = _as_table(changed)
    mine = (usage_records.c.period == new.c[WAS]) & (usage_records.c.record_id == new.c.record_id)
    row = sa.func.to_jsonb(usage_records.table_valued(), type_=JSONB)
    whole = (usage_records.c.record_id, usage_records.c.import_id, row.label("whole"))
    before = sa.select(*whole).join(new, mine).cte("before")
    values = {name: new.c[name] for name in new.c.keys() if name not in (WAS, "record_id")}  # noqa: SIM118 columns
    statement = sa.update(usage_records).where(mine).values({**values, "updated_at": sa.func.now()})
    after = statement.returning(usage_records.c.record_id, row.label("whole")).cte("after")
    change: dict[str, sa.ColumnElement[Any]] = {
        "action": sa.literal("update"),
        "record_id": before.c.record_id,
        "import_id": _stands_for(before.c.import_id),
        "readings": sa.literal(0),
        "before": before.c.whole,
        "after": after.c.whole,
        "reason": sa.literal(reason),
        "changed_by": sa.literal(by),
    }
    rows = sa.select(*change.values()).select_from(before.join(after, before.c.record_id == after.c.record_id))
    connection.execute(sa.insert(usage_changes).from_select(list(change), rows.order_by(before.c.record_id)))


def _as_table(changed: Mapping[Place, Values]) -> sa.TableValuedAlias:
    """Write records' new values as a table: one row each, with the number and the period it had."""
    names = list(next(iter(changed.values())))
    columns = (sa.column(name, usage_records.c[name].type) for name in ("record_id", *names))
    rows = [
        {WAS: period, "record_id": number, **{name: _text(value) for name, value in values.items()}}
        for (period, number), values in changed.items()
    ]
    function = sa.func.jsonb_to_recordset(sa.literal(rows, JSONB))
    return function.table_valued(sa.column(WAS, sa.Text), *columns).render_derived(name="new", with_types=True)


def _text(value: object) -> object:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


def alter(connection: sa.Connection, altered: Mapping[str, int], by: str) -> None:
    """Note how many records of each import were changed, and who did it. The imports are locked already.

    It is noted where it matters, at the import that stands for it: else its content would be known, and not loaded.
    """
    ids = sa.literal(list(altered), ARRAY(sa.Text))
    counts = sa.literal(list(altered.values()), ARRAY(sa.BigInteger))
    each = sa.func.unnest(ids, counts).table_valued("import_id", "records", name="each").render_derived()
    found = each.join(own, own.c.import_id == each.c.import_id).join(stands, STANDS_FOR)
    count = sa.func.sum(each.c.records).cast(sa.BigInteger).label("records")
    changed = sa.select(stands.c.import_id, count).select_from(found).group_by(stands.c.import_id).subquery()
    values = {"altered_count": imports.c.altered_count + changed.c.records, "updated_by": by}
    statement = sa.update(imports).where(imports.c.import_id == changed.c.import_id)
    connection.execute(statement.values({**values, "updated_at": sa.func.now()}))


def _stands_for(import_id: sa.ColumnElement[str]) -> sa.ScalarSelect[str]:
    """Give the import that stands for one now."""
    statement = sa.select(stands.c.import_id).join(own, STANDS_FOR).where(own.c.import_id == import_id)
    return statement.scalar_subquery()
