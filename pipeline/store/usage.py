"""Usage records and their imports: one active import per meter and period, one active record per key."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from psycopg.types.json import Jsonb

from pipeline.store.copy import copy_in
from pipeline.store.imports import add
from pipeline.store.tables import ACTIVE, import_files, imports, usage_records
from transforms.period import Period
from transforms.usage.usage import UsageRecord

FIELDS = tuple(UsageRecord.__dataclass_fields__)
ON_ITS_WAY = ("Pending", "Processing", "Completed")  # what may still stand for its content, or does


@dataclass(frozen=True)
class Import:
    """The import that is active for a meter and period, or for a content."""

    import_id: str
    content_hash: str
    status: str
    altered_count: int

    def holds(self, content: str) -> bool:
        """Tell whether it still stands for a content, as it was loaded or is about to be."""
        return self.content_hash == content and self.status in ON_ITS_WAY and not self.altered_count


def slot_of(meter: str, period: Period) -> str:
    """Name the slot of a meter's period, which has one active import."""
    return f"{meter}/{period}"


def active_import(connection: sa.Connection, slot: str) -> Import | None:
    """Find the active import of a slot."""
    columns = (imports.c[name] for name in Import.__dataclass_fields__)
    statement = sa.select(*columns).where(imports.c.slot == slot, imports.c.superseded_by.is_(None))
    row = connection.execute(statement).mappings().first()
    return Import(**row) if row else None


def periods_with_usage(connection: sa.Connection, meter: str) -> list[Period]:
    """List the periods of which a meter has an active import."""
    statement = sa.select(imports.c.period).where(imports.c.meter == meter, imports.c.superseded_by.is_(None))
    return sorted(Period.parse(period) for period in connection.execute(statement).scalars())


def billed_charges(connection: sa.Connection, meter: str, period: Period) -> set[str]:
    """Tell of which subscribed charges a meter has billed usage of a period."""
    of_meter = imports.c.import_id == usage_records.c.import_id
    statement = sa.select(usage_records.c.charge_number).distinct().join(imports, of_meter)
    mine = (imports.c.meter == meter) & (usage_records.c.period == str(period))
    billed = (usage_records.c.status == "Processed") & ACTIVE
    return set(connection.execute(statement.where(mine, billed)).scalars())


def import_file_ids(connection: sa.Connection, import_id: str) -> set[str]:
    """Tell which landed files an import was made of."""
    return set(
        connection.execute(sa.select(import_files.c.file_id).where(import_files.c.import_id == import_id)).scalars()
    )


def supersede(connection: sa.Connection, import_id: str, by: str) -> None:
    """Mark an import as superseded. Its records follow once the new import stands: `supersede_records`."""
    values = {"superseded_by": by, "updated_at": sa.func.now()}
    connection.execute(sa.update(imports).where(imports.c.import_id == import_id).values(values))


def supersede_records(connection: sa.Connection, slot: str, by: str) -> None:
    """Take all that is Pending of a slot out of what will be billed.

    It may be of several imports: of one that was billed, adjusted by the next, and Pending again since.
    """
    theirs = sa.select(imports.c.import_id).where(imports.c.slot == slot)
    mine = usage_records.c.import_id.in_(theirs) & (usage_records.c.status == "Pending") & ACTIVE
    values = {"superseded_by": by, "updated_at": sa.func.now()}
    connection.execute(sa.update(usage_records).where(mine).values(values))


def add_import(connection: sa.Connection, values: Mapping[str, Any], source: str, file_ids: Iterable[str]) -> None:
    """Add an import that is being processed, and the landed files that it was made of."""
    add(connection, {"status": "Processing", **values})
    rows = ((values["import_id"], source, file_id) for file_id in file_ids)
    copy_in(connection, import_files, ("import_id", "source", "file_id"), rows)


def add_records(connection: sa.Connection, import_id: str, records: Sequence[UsageRecord]) -> None:
    """Add the import's records, Pending."""
    rows = ((import_id, *(_stored(getattr(record, name)) for name in FIELDS)) for record in records)
    copy_in(connection, usage_records, ("import_id", *FIELDS), rows)


def _stored(value: object) -> object:
    return Jsonb(value) if isinstance(value, dict) else value
