"""Active usage counted by billing period, from the latest on: so many periods as can be counted while one waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from pipeline.store.many import among
from pipeline.store.tables import ACTIVE, imports, usage_records
from transforms.period import by_end

COUNTED_AT_ONCE = 100_000  # records; the period that exceeds them is counted whole, and no earlier one


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
    known = sorted(connection.execute(_names()).scalars(), key=by_end, reverse=True)
    asked = [each for each in known if not before or by_end(each) < by_end(before)]
    periods: list[str] = list(connection.execute(_latest(asked[:limit], counted)).scalars())
    found = connection.execute(_counts().where(among(usage_records.c.period, periods))).mappings().all()
    rows = _whole(sorted(found, key=lambda row: by_end(row["period"]), reverse=True), limit)
    last = rows[-1]["period"] if len(rows) < len(found) else next(reversed(periods), None)
    return UsageByPeriod(rows, last if last != next(reversed(asked), None) else None)


def _names() -> sa.Select[Any]:
    """Select the names of all periods, each found as the next one in an index alone: they are few, records are many."""
    known = usage_records.c.period
    names = sa.select(sa.func.min(known).label("period")).cte("names", recursive=True)
    next_one = sa.select(sa.func.min(known)).where(known > names.c.period).scalar_subquery()
    names = names.union_all(sa.select(next_one).where(names.c.period.is_not(None)))
    return sa.select(names.c.period).where(names.c.period.is_not(None))


def _latest(periods: list[str], counted: int) -> sa.Select[Any]:
    """Select of some periods, the latest first, those before which there are fewer records than so many.

    Each step counts up to `counted` records of one period, in an index alone.
    """
    each = sa.func.unnest(sa.literal(periods, ARRAY(sa.Text)))
    listed = each.table_valued("period", with_ordinality="place", name="listed").render_derived()
    first = sa.select(listed.c.period, listed.c.place, sa.literal(0, sa.BigInteger).label("records"))
    latest = first.where(listed.c.place == 1).cte("latest", recursive=True)
    some = sa.select(sa.literal(1)).where(usage_records.c.period == latest.c.period).limit(counted).correlate(latest)
    held = latest.c.records + sa.select(sa.func.count()).select_from(some.subquery()).scalar_subquery()
    next_one = (listed.c.place == latest.c.place + 1) & (latest.c.records < counted)
    latest = latest.union_all(sa.select(listed.c.period, listed.c.place, held).join(latest, next_one))
    return sa.select(latest.c.period).where(latest.c.records < counted).order_by(latest.c.place)


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
        .order_by(brought_by, usage_records.c.uom)
    )


def _whole(rows: Sequence[sa.RowMapping], limit: int) -> Sequence[sa.RowMapping]:
    """Take the rows of so many whole periods as do not exceed the limit, and of one at least."""
    if len(rows) <= limit:
        return rows
    periods = [row["period"] for row in rows]
    begins = periods.index(periods[limit])
    return rows[: begins or periods.count(periods[0])]
