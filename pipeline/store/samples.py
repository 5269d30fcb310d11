"""The records of a billing period: how many of a meter's are billed, and how many samples they are made of."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.store.tables import ACTIVE, imports, usage_records

_later = usage_records.alias("later")
CORRECTED = (
    sa.select(_later.c.period, _later.c.corrects.label("base"), sa.func.max(_later.c.record_id).label("last"))
    .where(_later.c.corrects.is_not(None), _later.c.superseded_by.is_(None))
    .group_by(_later.c.period, _later.c.corrects)
    .subquery("corrected")
)


def by_meter(connection: sa.Connection, period: str) -> dict[str, sa.RowMapping]:
    """Count the active records of each meter by status, and the samples of the charges: `expected`, and `seen` of them.

    Both are None where no record tells its samples, as where the source does not say how far apart they are.
    """
    counts = (
        sa.func.count().filter(usage_records.c.status == status).label(status.lower())
        for status in ("Pending", "Processed")
    )
    sampled, expected, seen = _samples()
    sums = (
        sa.cast(sa.func.sum(column).filter(sampled), sa.BigInteger).label(name)
        for name, column in (("expected", expected), ("seen", seen))
    )
    statement = _of_meters(sa.select(imports.c.meter, *counts, *sums), period).group_by(imports.c.meter)
    return {row["meter"]: row for row in connection.execute(statement).mappings()}


def lowest(connection: sa.Connection, period: str, limit: int) -> Sequence[sa.RowMapping]:
    """List the records that lack samples, those first of which the least part is there."""
    sampled, expected, seen = _samples()
    names = ("account_number", "charge_number", "record_id")
    columns = (
        imports.c.meter,
        *(usage_records.c[name] for name in names),
        expected.label("expected"),
        seen.label("seen"),
    )
    statement = _of_meters(sa.select(*columns), period).where(sampled, seen < expected)
    share = sa.cast(seen, sa.Numeric) / expected
    return connection.execute(statement.order_by(share, usage_records.c.record_id).limit(limit)).mappings().all()


def _samples() -> tuple[sa.ColumnElement[bool], sa.ColumnElement[int], sa.ColumnElement[int]]:
    """Give whether a record tells its samples, and them; more than are expected make up for none elsewhere."""
    last, expected = CORRECTED.c.last, usage_records.c.samples_expected
    standing = last.is_(None) | (last == usage_records.c.record_id)
    return standing & (expected > 0), expected, sa.func.least(usage_records.c.samples_seen, expected)


def _of_meters(statement: "sa.Select[Any]", period: str) -> "sa.Select[Any]":
    """Select from the active records of a period that meters brought; the last correction of one tells its samples."""
    base = sa.func.coalesce(usage_records.c.corrects, usage_records.c.record_id)
    mine = (usage_records.c.period == period) & ACTIVE & imports.c.meter.is_not(None)
    joined = usage_records.join(imports, imports.c.import_id == usage_records.c.import_id)
    of_period = (CORRECTED.c.period == usage_records.c.period) & (CORRECTED.c.base == base)
    return statement.select_from(joined.outerjoin(CORRECTED, of_period)).where(mine)
