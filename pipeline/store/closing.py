"""What a billed period is made of, and the seals that were put on it."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from pipeline.store.billing import USAGE
from pipeline.store.many import among
from pipeline.store.tables import (
    bill_runs,
    closed_periods,
    exports,
    imports,
    rated_items,
    usage_changes,
    usage_records,
)
from pipeline.store.usage import FIELDS
from transforms.usage.usage import UsageRecord

RECORD = tuple(dict.fromkeys((*USAGE, "bill_run_id", *FIELDS)))


def seals(connection: sa.Connection, period: str) -> Sequence[sa.RowMapping]:
    """List the seals of a period, oldest first."""
    statement = sa.select(closed_periods).where(closed_periods.c.period == period)
    return connection.execute(statement.order_by(closed_periods.c.closing_id)).mappings().all()


def note(connection: sa.Connection, period: str, sha256: str, path: str, by: str) -> None:
    """Enter a seal; it never changes."""
    values = {"period": period, "sha256": sha256, "path": path, "closed_by": by}
    connection.execute(sa.insert(closed_periods).values(values))


def runs(connection: sa.Connection, period: str) -> list[str]:
    """List the bill runs of a period that billed anything, in their order."""
    first = sa.func.min(rated_items.c.item_id)
    statement = sa.select(bill_runs.c.bill_run_id).join(rated_items).where(bill_runs.c.period == period)
    return list(connection.execute(statement.group_by(bill_runs.c.bill_run_id).order_by(first)).scalars())


def records(connection: sa.Connection, period: str, run_ids: Collection[str]) -> Sequence[sa.RowMapping]:
    """List what bill runs took, by number: each record whole, with its import's source_type and meter."""
    columns = (usage_records.c[name] for name in RECORD)
    statement = sa.select(*columns, imports.c.source_type, imports.c.meter).join(
        imports, imports.c.import_id == usage_records.c.import_id
    )
    statement = statement.where(usage_records.c.period == period, usage_records.c.bill_run_id.in_(run_ids))
    return connection.execute(statement.order_by(usage_records.c.record_id)).mappings().all()


def as_record(row: sa.RowMapping) -> UsageRecord:
    """Give a stored record as the rules know it."""
    return UsageRecord(**{name: row[name] for name in FIELDS})


def changed_by_hand(connection: sa.Connection, period: str, run_ids: Collection[str]) -> set[int]:
    """Tell which of the records that bill runs took somebody had changed before."""
    same = usage_changes.c.record_id == usage_records.c.record_id
    mine = (usage_records.c.period == period) & usage_records.c.bill_run_id.in_(run_ids)
    statement = sa.select(usage_records.c.record_id).join(usage_changes, same).where(mine)
    return set(connection.execute(statement).scalars())


def items(connection: sa.Connection, run_ids: Collection[str]) -> Sequence[sa.RowMapping]:
    """List the rated items of bill runs, by number."""
    statement = sa.select(rated_items).where(rated_items.c.bill_run_id.in_(run_ids))
    return connection.execute(statement.order_by(rated_items.c.item_id)).mappings().all()


def meter_imports(connection: sa.Connection, period: str) -> Sequence[sa.RowMapping]:
    """List the active imports of meters of a period: import_id, meter."""
    statement = sa.select(imports.c.import_id, imports.c.meter)
    active = (imports.c.period == period, imports.c.source_type == "Meter", imports.c.superseded_by.is_(None))
    return connection.execute(statement.where(*active).order_by(imports.c.meter)).mappings().all()


def uploads(connection: sa.Connection, import_ids: Collection[str]) -> Sequence[sa.RowMapping]:
    """List those of these imports that came as files: import_id, original_path."""
    statement = sa.select(imports.c.import_id, imports.c.original_path).where(among(imports.c.import_id, import_ids))
    statement = statement.where(imports.c.source_type == "File").order_by(imports.c.import_id)
    return connection.execute(statement).mappings().all()


def exported(connection: sa.Connection, period: str) -> list[sa.RowMapping]:
    """List the files of a period's latest exports, one of each kind and form: path, sha256."""
    columns = (exports.c[name] for name in ("what", "path", "sha256"))
    statement = sa.select(*columns).where(exports.c.period == period).order_by(exports.c.written_at, exports.c.path)
    latest = {(row["what"], row["path"].rpartition(".")[2]): row for row in connection.execute(statement).mappings()}
    return [latest[key] for key in sorted(latest)]
