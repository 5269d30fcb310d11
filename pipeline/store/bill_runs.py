"""Bill runs: draft, rated, posted or cancelled; and the invoices of those that are posted."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from pipeline.store import locks
from pipeline.store.many import among
from pipeline.store.tables import (
    bill_runs,
    cancelled_items,
    invoices,
    rated_items,
    rated_periods,
    rated_usage,
    usage_records,
)
from transforms.identity import bill_run_id
from transforms.period import Period
from transforms.rating.asked import Asked

MOMENT = sa.func.clock_timestamp()


def draft(connection: sa.Connection, asked: Asked, by: str) -> str:
    """Enter a bill run, unless what is asked for is entered already and not rated; gives its id."""
    wanted = {
        "period": str(asked.period),
        "batch": asked.batch,
        "target_date": asked.target_date if asked.running else None,
    }
    same = (bill_runs.c[name].is_not_distinct_from(value) for name, value in wanted.items())
    found = connection.scalar(sa.select(bill_runs.c.bill_run_id).where(bill_runs.c.status == "draft", *same))
    if found is not None:
        return str(found)
    last = sa.select(sa.func.coalesce(sa.func.max(bill_runs.c.ordinal), 0)).where(
        bill_runs.c.period == wanted["period"]
    )
    ordinal = (connection.scalar(last) or 0) + 1
    run = bill_run_id(asked.period, ordinal)
    values: dict[str, Any] = wanted | {"bill_run_id": run, "ordinal": ordinal, "records": 0, "validation": {}}
    connection.execute(sa.insert(bill_runs).values(values | {"created_by": by, "updated_by": by}))
    return run


def find(connection: sa.Connection, run: str, *, lock: bool = True) -> sa.RowMapping | None:
    """Give a bill run, locked unless it is only looked at; None where there is none."""
    statement = sa.select(bill_runs).where(bill_runs.c.bill_run_id == run)
    return connection.execute(statement.with_for_update() if lock else statement).mappings().first()


def forget(connection: sa.Connection, run: str) -> None:
    """Take a draft away for which nothing is due."""
    connection.execute(sa.delete(bill_runs).where(bill_runs.c.bill_run_id == run))


def forget_parts(connection: sa.Connection, period: Period) -> None:
    """Take away drafts of a batch, or on demand, when the whole period is rated: they would keep it from its export."""
    part = bill_runs.c.batch.is_not(None) | bill_runs.c.target_date.is_not(None)
    drafts = (bill_runs.c.period == str(period)) & (bill_runs.c.status == "draft")
    connection.execute(sa.delete(bill_runs).where(drafts, part))


def note_problem(connection: sa.Connection, run: str, problem: str) -> None:
    """Note why a draft could not be rated; whoever rated it meanwhile leaves nothing to note."""
    mine = (bill_runs.c.bill_run_id == run) & (bill_runs.c.status == "draft")
    connection.execute(sa.update(bill_runs).where(mine).values(reason=problem))


def advance(connection: sa.Connection, run: str, status: str, by: str, **values: Any) -> None:  # noqa: ANN401 columns
    """Bring a bill run to its next status; the reason that it has stays with it, unless there is another."""
    changed = {"status": status, "updated_by": by, "updated_at": MOMENT} | values
    connection.execute(sa.update(bill_runs).where(bill_runs.c.bill_run_id == run).values(changed))


def show_life(connection: sa.Connection) -> None:
    """Send a statement between two long pauses: the server ends a transaction that is idle for too long."""
    connection.execute(sa.select(sa.literal(1)))


def rated(
    connection: sa.Connection, run: str, by: str, records: int, validation: Mapping[str, Any], reason: str = ""
) -> None:
    """Note that a bill run was rated, how many records it takes, and why it was, where somebody had to say so."""
    advance(connection, run, "rated", by, records=records, validation=validation, reason=reason, rated_at=MOMENT)


def in_status(connection: sa.Connection, period: Period, *statuses: str) -> Sequence[sa.RowMapping]:
    """List the bill runs of a period that are in any of these, in their order."""
    statement = sa.select(bill_runs).where(bill_runs.c.period == str(period), bill_runs.c.status.in_(statuses))
    return connection.execute(statement.order_by(bill_runs.c.ordinal)).mappings().all()


def cancelled_since_rated(connection: sa.Connection, period: Period) -> bool:
    """Tell whether a bill run of a period was cancelled after the period as a whole was rated last.

    One that was cancelled as a draft had billed nothing.
    """
    statement = sa.select(bill_runs.c.bill_run_id).join(rated_periods, rated_periods.c.period == bill_runs.c.period)
    since = (bill_runs.c.status == "cancelled") & bill_runs.c.rated_at.is_not(None)
    since &= bill_runs.c.updated_at > rated_periods.c.rated_at
    return connection.execute(statement.where(bill_runs.c.period == str(period), since).limit(1)).first() is not None


def issue(connection: sa.Connection, run: str) -> int:
    """Make the invoices of a bill run, one for each account and currency; gives how many."""
    locks.exclusive(connection, locks.INVOICE_NUMBERS)
    last = sa.select(sa.func.coalesce(sa.func.max(invoices.c.number), 0)).scalar_subquery()
    whose = (rated_items.c.account_number, rated_items.c.currency)
    figures = (sa.func.sum(rated_items.c.amount), sa.func.count())
    place = sa.func.row_number().over(order_by=whose)
    rows = sa.select(last + place, sa.literal(run), *whose, *figures)
    rows = rows.where(rated_items.c.bill_run_id == run).group_by(*whose)
    names = ("number", "bill_run_id", "account_number", "currency", "amount", "items")
    made = sa.insert(invoices).from_select(names, rows).returning(invoices.c.number)
    return len(connection.execute(made).all())


def billed_later(connection: sa.Connection, run: sa.RowMapping) -> str | None:
    """Find a later bill run of the same period that billed the difference to what this one had billed."""
    mine = sa.select(rated_items.c.charge_number).where(rated_items.c.bill_run_id == run["bill_run_id"])
    statement = (
        sa.select(bill_runs.c.bill_run_id)
        .join(rated_items)
        .where(bill_runs.c.period == run["period"], bill_runs.c.ordinal > run["ordinal"])
        .where(rated_items.c.charge_number.in_(mine))
        .order_by(bill_runs.c.ordinal.desc())
        .limit(1)
    )
    found = connection.scalar(statement)
    return None if found is None else str(found)


def take_back(connection: sa.Connection, run: sa.RowMapping) -> int:
    """Set the items of a cancelled bill run aside, whole, and make its usage Pending again; gives how many records."""
    mine = rated_items.c.bill_run_id == run["bill_run_id"]
    numbers = sa.select(sa.func.jsonb_agg(sa.func.distinct(rated_usage.c.record_id)))
    numbers = numbers.where(rated_usage.c.item_id == rated_items.c.item_id)
    whole = sa.func.to_jsonb(sa.text("rated_items")).op("||")(
        sa.func.jsonb_build_object("record_ids", numbers.scalar_subquery())
    )
    rows = sa.select(rated_items.c.item_id, rated_items.c.bill_run_id, whole).where(mine)
    connection.execute(sa.insert(cancelled_items).from_select(("item_id", "bill_run_id", "item"), rows))
    items = sa.select(rated_items.c.item_id).where(mine)
    connection.execute(sa.delete(rated_usage).where(rated_usage.c.item_id.in_(items)))
    connection.execute(sa.delete(rated_items).where(mine))
    taken = (usage_records.c.period == run["period"]) & (usage_records.c.bill_run_id == run["bill_run_id"])
    values: Mapping[str, Any] = {"status": "Pending", "bill_run_id": None, "updated_at": sa.func.now()}
    return connection.execute(sa.update(usage_records).where(taken).values(values)).rowcount


def amounts(connection: sa.Connection, period: Period, runs: Collection[str] | None = None) -> Sequence[sa.RowMapping]:
    """Add up what the bill runs of a period came to, or these of them: charge, currency, items, amount."""
    names = (rated_items.c.charge, rated_items.c.currency)
    figures = (sa.func.count().label("items"), sa.func.sum(rated_items.c.amount).label("amount"))
    statement = sa.select(*names, *figures).where(rated_items.c.period == str(period))
    if runs is not None:
        statement = statement.where(among(rated_items.c.bill_run_id, runs))
    return connection.execute(statement.group_by(*names).order_by(*names)).mappings().all()


def moved(connection: sa.Connection, runs: Collection[str]) -> dict[str, Decimal]:
    """Add up by currency what bill runs change for each account, without its sign."""
    total = sa.func.sum(rated_items.c.amount).label("total")
    whose = (rated_items.c.currency, rated_items.c.account_number)
    of_account = sa.select(rated_items.c.currency, total).where(among(rated_items.c.bill_run_id, runs)).group_by(*whose)
    found = of_account.subquery()
    statement = sa.select(found.c.currency, sa.func.sum(sa.func.abs(found.c.total))).group_by(found.c.currency)
    return {str(currency): amount for currency, amount in connection.execute(statement)}


def listed(connection: sa.Connection, *, limit: int, period: str | None = None) -> Sequence[sa.RowMapping]:
    """List bill runs, the latest first; of a period or of all."""
    statement = sa.select(*(each for each in bill_runs.c if each is not bill_runs.c.validation))
    if period is not None:
        statement = statement.where(bill_runs.c.period == period)
    latest = statement.order_by(bill_runs.c.updated_at.desc(), bill_runs.c.bill_run_id).limit(limit)
    return connection.execute(latest).mappings().all()
