"""Commitments: what was billed that counts towards them, and what they were settled with."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from pipeline.store.billing import USAGE
from pipeline.store.many import among
from pipeline.store.tables import ACTIVE, bill_runs, cancelled_items, rated_items, usage_records
from pipeline.store.tables.columns import INSTANT
from transforms.catalog.commitment import Commitment
from transforms.catalog.prepaid import FundScope
from transforms.rating.usage import ChargePeriod, ChargePeriodKey

OWNER = ("account_number", "subscription_number", "charge_number", "charge", "period_start")
WHOSE = ("charge_number", "account_number", "subscription_number")
SHOWN = ("item_id", "period", *OWNER, "amount")
SETTLED = ("period", *OWNER, "period_end", "amount", "breakdown")


def contributed(
    connection: sa.Connection, to: Sequence[ChargePeriod], model: Commitment, run: str | None = None
) -> dict[ChargePeriodKey, Decimal]:
    """Add up what was billed that counts towards commitments of one model: so far, or before a bill run was rated."""
    billed = _items() if run is None else _items_before(run)
    whose = _listed(to)
    statement = sa.select(whose.c.charge_number, whose.c.period_start, sa.func.sum(billed.c.amount))
    statement = statement.join_from(whose, billed, _counts(billed, whose, model))
    found = connection.execute(statement.group_by(whose.c.charge_number, whose.c.period_start))
    return {(number, start): amount for number, start, amount in found}


def contributing_items(
    connection: sa.Connection, to: ChargePeriod, model: Commitment, run: str
) -> Sequence[sa.RowMapping]:
    """List what a bill run settled a commitment with, its own items included, by number."""
    whose = _listed([to])
    mine = sa.select(*(rated_items.c[name] for name in SHOWN)).where(rated_items.c.bill_run_id == run)
    billed = sa.union_all(mine, sa.select(_items_before(run))).subquery("billed")
    statement = sa.select(billed).join_from(whose, billed, _counts(billed, whose, model))
    return connection.execute(statement.order_by(billed.c.item_id)).mappings().all()


def _listed(to: Sequence[ChargePeriod]) -> sa.TableValuedAlias:
    texts = [sa.literal([getattr(each, name) for each in to], ARRAY(sa.Text)) for name in WHOSE]
    instants = [
        sa.literal([getattr(each, name) for each in to], ARRAY(INSTANT)) for name in ("period_start", "period_end")
    ]
    columns: list[sa.ColumnClause[Any]] = [sa.column(name, sa.Text) for name in WHOSE]
    columns += [sa.column("period_start", INSTANT), sa.column("period_end", INSTANT)]
    return sa.func.unnest(*texts, *instants).table_valued(*columns, name="whose").render_derived()


def _counts(billed: sa.Subquery, whose: sa.TableValuedAlias, model: Commitment) -> sa.ColumnElement[bool]:
    """Say in SQL what `transforms.rating.commitment.contributes` says."""
    same = WHOSE[1:2] if model.scope is FundScope.ACCOUNT else WHOSE[1:]
    return sa.and_(
        *(billed.c[name] == whose.c[name] for name in same),
        among(billed.c.charge, model.charges),
        billed.c.period_start >= whose.c.period_start,
        billed.c.period_start < whose.c.period_end,
    )


def _items() -> sa.Subquery:
    return sa.select(*(rated_items.c[name] for name in SHOWN)).subquery("billed")


def _items_before(run: str) -> sa.Subquery:
    """Find the items that there were when a bill run was rated; of these, some may have been cancelled since."""
    first = sa.select(sa.func.min(rated_items.c.item_id)).where(rated_items.c.bill_run_id == run).scalar_subquery()
    began = sa.select(bill_runs.c.rated_at).where(bill_runs.c.bill_run_id == run).scalar_subquery()
    kept = sa.select(*(rated_items.c[name] for name in SHOWN)).where(rated_items.c.item_id < first)
    columns = [cancelled_items.c.item[name].astext.cast(rated_items.c[name].type).label(name) for name in SHOWN]
    gone = sa.select(*columns).join_from(cancelled_items, bill_runs)
    gone = gone.where(cancelled_items.c.item_id < first, bill_runs.c.updated_at > began)
    return sa.union_all(kept, gone).subquery("billed")


def settled(connection: sa.Connection, charges: Collection[str]) -> Sequence[sa.RowMapping]:
    """List all items of commitments, by number; `charges` are their names in the catalog."""
    statement = sa.select(*(rated_items.c[name] for name in SETTLED)).where(among(rated_items.c.charge, charges))
    return connection.execute(statement.order_by(rated_items.c.item_id)).mappings().all()


def pending(
    connection: sa.Connection, charge_numbers: Collection[str], periods: Collection[str]
) -> Sequence[sa.RowMapping]:
    """List the Pending usage of subscribed charges in some periods, by number."""
    statement = sa.select(*(usage_records.c[name] for name in USAGE)).where(
        among(usage_records.c.period, periods),
        among(usage_records.c.charge_number, charge_numbers),
        usage_records.c.status == "Pending",
        ACTIVE,
    )
    return connection.execute(statement.order_by(usage_records.c.record_id)).mappings().all()
