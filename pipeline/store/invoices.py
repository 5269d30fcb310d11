"""Invoices as they are stored: with whose they are, and with the rated items that they are made of."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from pipeline.store.tables import accounts, bill_runs, invoices, rated_items
from transforms.period import Period

POSTED = bill_runs.c.status == "posted"
OWN = (
    (invoices.c.bill_run_id == rated_items.c.bill_run_id)
    & (invoices.c.account_number == rated_items.c.account_number)
    & (invoices.c.currency == rated_items.c.currency)
)
"""The condition of an item's invoice."""
ITEM = (
    "item_id", "charge", "charge_number", "subscription_number", "group_key", "period_start", "period_end", "quantity",
    "uom", "breakdown", "amount_total", "billed_before", "amount",
)  # fmt: skip


def number_text(number: sa.ColumnElement[int] = invoices.c.number) -> sa.ColumnElement[str]:
    """Write an invoice's number as `transforms.invoices.invoice.number_text` does."""
    digits = number.cast(sa.Text)
    return sa.literal("INV-").concat(sa.func.lpad(digits, sa.func.greatest(8, sa.func.length(digits)), "0"))


def of_period(period: Period) -> sa.Select[Any]:
    """Select the items of all invoices of a period, in the order of the invoices' numbers."""
    return _items().where(bill_runs.c.period == str(period))


def of_number(number: int) -> sa.Select[Any]:
    """Select the items of an invoice."""
    return _items().where(invoices.c.number == number)


def _items() -> sa.Select[Any]:
    return (
        sa.select(
            *(invoices.c[name] for name in ("number", "account_number", "currency", "issued_at")),
            invoices.c.amount.label("invoiced"),
            invoices.c["items"].label("invoiced_items"),
            bill_runs.c.bill_run_id,
            bill_runs.c.ordinal,
            bill_runs.c.period,
            accounts.c.name.label("account_name"),
            accounts.c.time_zone,
            *(rated_items.c[name] for name in ITEM),
        )
        .join(bill_runs, bill_runs.c.bill_run_id == invoices.c.bill_run_id)
        .join(accounts, accounts.c.account_number == invoices.c.account_number)
        .join(rated_items, OWN)
        .where(POSTED)
        .order_by(
            invoices.c.number,
            *(rated_items.c[name] for name in ("charge_number", "period_start", "group_key", "item_id")),
        )
    )


def by_currency(connection: sa.Connection, period: Period) -> Sequence[sa.RowMapping]:
    """Add up a period's invoices: currency, invoices, credit_notes, items, amount; in the order of the currencies."""
    below = invoices.c.amount < 0
    statement = (
        sa.select(
            invoices.c.currency,
            sa.func.count().filter(~below).label("invoices"),
            sa.func.count().filter(below).label("credit_notes"),
            sa.func.sum(invoices.c["items"]).label("items"),
            sa.func.sum(invoices.c.amount).label("amount"),
        )
        .join(bill_runs, bill_runs.c.bill_run_id == invoices.c.bill_run_id)
        .where(bill_runs.c.period == str(period), POSTED)
    )
    return connection.execute(statement.group_by(invoices.c.currency).order_by(invoices.c.currency)).mappings().all()


def by_charge(connection: sa.Connection, period: Period) -> Sequence[sa.RowMapping]:
    """Add up the items of a period's invoices: currency, charge, items, amount; in that order."""
    names = (rated_items.c.currency, rated_items.c.charge)
    statement = (
        sa.select(*names, sa.func.count().label("items"), sa.func.sum(rated_items.c.amount).label("amount"))
        .join(bill_runs, bill_runs.c.bill_run_id == rated_items.c.bill_run_id)
        .where(rated_items.c.period == str(period), POSTED)
    )
    return connection.execute(statement.group_by(*names).order_by(*names)).mappings().all()


def latest(connection: sa.Connection, limit: int) -> Sequence[sa.RowMapping]:
    """List invoices, the highest number first: number, account_number, account_name, period, amount, currency."""
    statement = (
        sa.select(
            *(invoices.c[name] for name in ("number", "account_number", "amount", "currency", "issued_at")),
            accounts.c.name.label("account_name"),
            bill_runs.c.period,
        )
        .join(bill_runs, bill_runs.c.bill_run_id == invoices.c.bill_run_id)
        .join(accounts, accounts.c.account_number == invoices.c.account_number)
        .order_by(invoices.c.number.desc())
    )
    return connection.execute(statement.limit(limit)).mappings().all()
