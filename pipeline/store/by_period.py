"""Active usage counted by billing period, from the latest on: so many periods as can be counted while one waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from pipeline.store.many import among
from pipeline.store.tables import ACTIVE, imports, usage_records

COUNTED_AT_ONCE = 100_000  # records; the period that exceeds them is counted whole, and no earlier one
OTHER = usage_records.alias("other")


@dataclass(frozen=True)
class UsageByPeriod:
    """Rows of whole periods; `earlier` is the last of them where the store holds earlier ones."""

    rows: Sequence[sa.RowMapping]
    earlier: str | None


def usage_by_period(
    connection: sa.Connection, limit: int, before: str, counted: int = COUNTED_AT_ONCE
) -> UsageByPeriod:
    """Count active usage by period, what brought it (a meter, File or API) and UOM, the latest period first.

    Periods earlier than `before`, or all. No further one follows some `limit` rows, or so many records `counted`.
    """
    periods: list[str] = list(connection.execute(_latest(limit, before, counted)).scalars())
    found = connection.execute(_counts().where(among(usage_records.c.period, periods))).mappings().all()
    rows = _whole(found, limit)
    last = rows[-1]["period"] if len(rows) < len(found) else next(reversed(periods), None)
    earlier = last is not None and connection.scalar(_last_before(last)) is not None
    return UsageByPeriod(rows, last if earlier else None)


def _latest(limit: int, before: str, counted: int) -> sa.Select[Any]:
    """Select the periods before one, from the latest on, while those after them hold fewer records.

    Each step finds the next period, and counts up to `counted` records of the one before, in an index alone.
    """
    known = usage_records.c.period
    first = sa.select(sa.func.max(known).label("period"), sa.literal(0, sa.BigInteger).label("records"))
    latest = (first.where(known < before) if before else first).cte("latest", recursive=True)
    some = sa.select(sa.literal(1)).where(OTHER.c.period == latest.c.period).limit(counted).correlate(latest)
    held = sa.select(sa.func.count()).select_from(some.subquery()).scalar_subquery()
    going_on = latest.c.period.is_not(None) & (latest.c.records < counted)
    latest = latest.union_all(
        sa.select(_last_before(latest.c.period).scalar_subquery(), latest.c.records + held).where(going_on)
    )
    return sa.select(latest.c.period).where(latest.c.period.is_not(None), latest.c.records < counted).limit(limit)


def _last_before(period: "sa.ColumnElement[str] | str") -> sa.Select[Any]:
    return sa.select(sa.func.max(usage_records.c.period)).where(usage_records.c.period < period)


def _counts() -> sa.Select[Any]:
    brought_by = sa.func.coalesce(imports.c.meter, imports.c.source_type).label("brought_by")
    key = (usage_records.c.period, brought_by, usage_records.c.uom)
    counts = [
        sa.func.count().filter(usage_records.c.status == status).label(status.lower())
        for status in ("Pending", "Processed")
    ]
    return (
        sa.select(*key, *counts, sa.func.sum(usage_records.c.quantity).label("quantity"))
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .where(ACTIVE)
        .group_by(*key)
        .order_by(usage_records.c.period.desc(), brought_by, usage_records.c.uom)
    )


def _whole(rows: Sequence[sa.RowMapping], limit: int) -> Sequence[sa.RowMapping]:
    """Take the rows of so many whole periods as do not exceed the limit, and of one at least."""
    if len(rows) <= limit:
        return rows
    periods = [row["period"] for row in rows]
    begins = periods.index(periods[limit])
    return rows[: begins or periods.count(periods[0])]
