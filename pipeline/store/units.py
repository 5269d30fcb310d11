"""Units of measure that the API made; those of the catalog stand in its units.yaml."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.tables import ACTIVE, units, usage_records


def add(connection: sa.Connection, uom: str, definition: Mapping[str, Any], by: str) -> bool:
    """Add a unit; False when there is one of that name, in whatever case."""
    same = sa.select(units.c.uom).where(sa.func.lower(units.c.uom) == uom.lower())
    if connection.execute(same).first() is not None:
        return False
    values = {"uom": uom, "definition": dict(definition), "created_by": by, "updated_by": by}
    statement = insert(units).values(values).on_conflict_do_nothing().returning(units.c.uom)
    return connection.execute(statement).first() is not None


def change(connection: sa.Connection, uom: str, definition: Mapping[str, Any], by: str) -> None:
    """Give a unit another definition."""
    values = {"definition": dict(definition), "updated_by": by, "updated_at": sa.func.now()}
    connection.execute(sa.update(units).where(units.c.uom == uom).values(values))


def find(connection: sa.Connection, uom: str) -> sa.RowMapping | None:
    """Find a unit."""
    return connection.execute(sa.select(units).where(units.c.uom == uom)).mappings().first()


def all_units(connection: sa.Connection) -> list[sa.RowMapping]:
    """List all units, by name."""
    return list(connection.execute(sa.select(units).order_by(units.c.uom)).mappings())


def periods(connection: sa.Connection, uom: str) -> list[str]:
    """List the billing periods that have active usage in a unit, in the order in which they are locked."""
    statement = sa.select(usage_records.c.period).distinct().where(usage_records.c.uom == uom)
    return sorted(connection.execute(statement.where(ACTIVE)).scalars())


def is_billed(connection: sa.Connection, uom: str) -> bool:
    """Tell whether there is Processed usage in a unit."""
    statement = sa.select(usage_records.c.record_id).where(
        usage_records.c.uom == uom, usage_records.c.status == "Processed"
    )
    return connection.execute(statement.limit(1)).first() is not None
