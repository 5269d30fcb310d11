"""Usage records and their imports: one active import per meter and period, one active record per key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from pipeline.store.copy import copy_in
from pipeline.store.tables import import_files, imports, usage_records
from transforms.period import Period
from transforms.usage import UsageRecord

FIELDS = tuple(UsageRecord.__dataclass_fields__)


@dataclass(frozen=True)
class Import:
    """The import that is active for a meter and period."""

    import_id: str
    content_hash: str


def active_import(connection: sa.Connection, meter: str, period: Period) -> Import | None:
    """Find the active import of a meter and period."""
    statement = sa.select(imports.c.import_id, imports.c.content_hash).where(
        imports.c.meter == meter, imports.c.period == str(period), imports.c.superseded_by.is_(None)
    )
    row = connection.execute(statement).mappings().first()
    return Import(**row) if row else None


def periods_with_usage(connection: sa.Connection, meter: str) -> list[Period]:
    """List the periods of which a meter has an active import."""
    statement = sa.select(imports.c.period).where(imports.c.meter == meter, imports.c.superseded_by.is_(None))
    return sorted(Period.parse(period) for period in connection.execute(statement).scalars())


def processed_records(connection: sa.Connection, meter: str, period: Period) -> list[UsageRecord]:
    """List what is billed of a meter and period, whichever import brought it."""
    statement = (
        sa.select(*(usage_records.c[name] for name in FIELDS))
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(imports.c.meter == meter, imports.c.period == str(period), usage_records.c.status == "Processed")
    )
    return [UsageRecord(**row) for row in connection.execute(statement).mappings()]


def import_file_ids(connection: sa.Connection, import_id: str) -> set[str]:
    """Tell which landed files an import was made of."""
    return set(
        connection.execute(sa.select(import_files.c.file_id).where(import_files.c.import_id == import_id)).scalars()
    )


def supersede(connection: sa.Connection, import_id: str, by: str) -> None:
    """Mark an import as superseded. Its records follow once the new import stands: `supersede_records`."""
    connection.execute(sa.update(imports).where(imports.c.import_id == import_id).values(superseded_by=by))


def supersede_records(connection: sa.Connection, import_id: str, by: str) -> None:
    """Take the Pending records of a superseded import out of what will be billed."""
    mine = (usage_records.c.import_id == import_id) & (usage_records.c.status == "Pending")
    connection.execute(sa.update(usage_records).where(mine).values(superseded_by=by))


def add_import(connection: sa.Connection, values: Mapping[str, Any], source: str, file_ids: Iterable[str]) -> None:
    """Add an import and the landed files that it was made of."""
    connection.execute(sa.insert(imports).values(status="Completed", **values))
    rows = ((values["import_id"], source, file_id) for file_id in file_ids)
    copy_in(connection, import_files, ("import_id", "source", "file_id"), rows)


def add_records(connection: sa.Connection, import_id: str, records: Sequence[UsageRecord]) -> None:
    """Add the import's records, Pending."""
    rows = ((import_id, *(_stored(getattr(record, name)) for name in FIELDS)) for record in records)
    copy_in(connection, usage_records, ("import_id", *FIELDS), rows)


def _stored(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict) else value


def taken_charges(connection: sa.Connection, records: Sequence[UsageRecord], meter: str) -> list[tuple[str, str]]:
    """List (charge number, meter) of other meters' active records of the same charges and period."""
    numbers, periods = {record.charge_number for record in records}, {record.period for record in records}
    statement = (
        sa.select(usage_records.c.charge_number, imports.c.meter)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(usage_records.c.charge_number.in_(numbers), usage_records.c.period.in_(periods))
        .where(usage_records.c.superseded_by.is_(None), imports.c.meter != meter)
        .order_by(usage_records.c.charge_number)
    )
    return [(row.charge_number, row.meter) for row in connection.execute(statement)]


def read_back(connection: sa.Connection, import_id: str) -> tuple[int, Decimal]:
    """Count and add up what stands in the store of an import."""
    statement = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(usage_records.c.quantity), 0))
    count, total = connection.execute(statement.where(usage_records.c.import_id == import_id)).one()
    return count, total


def active_readings(connection: sa.Connection, meter: str, period: Period) -> dict[str, int]:
    """Count the readings behind the active records of a meter and period, by status."""
    statement = (
        sa.select(usage_records.c.status, sa.func.sum(usage_records.c.readings))
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(imports.c.meter == meter, imports.c.period == str(period), usage_records.c.superseded_by.is_(None))
        .group_by(usage_records.c.status)
    )
    return {status: int(rows) for status, rows in connection.execute(statement)}
