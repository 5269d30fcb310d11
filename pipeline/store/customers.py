"""Accounts and the charges that they subscribe to."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.many import among
from pipeline.store.tables import ACTIVE, accounts, rated_items, subscribed_charges, usage_records
from transforms.catalog.customers import Account, SubscribedCharge


class Customers(NamedTuple):
    """All accounts, and all charges that they subscribe to, by number."""

    accounts: list[Account]
    charges: list[SubscribedCharge]


def register(connection: sa.Connection, customers: Sequence[Account], charges: Sequence[SubscribedCharge]) -> None:
    """Add accounts and subscribed charges, and bring known ones up to date. Nothing is removed."""
    _upsert(connection, accounts, [asdict(each) for each in customers])
    _upsert(connection, subscribed_charges, [asdict(each) for each in charges])


def _upsert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
    if not rows:
        return
    statement = insert(table)
    changed = {column.name: statement.excluded[column.name] for column in table.columns if not column.primary_key}
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed), rows)


def all_accounts(connection: sa.Connection) -> list[Account]:
    """List every account, by number."""
    found = connection.execute(sa.select(accounts).order_by(accounts.c.account_number)).mappings()
    return [Account(**row) for row in found]


def all_charges(connection: sa.Connection) -> list[SubscribedCharge]:
    """List every subscribed charge, by number."""
    found = connection.execute(sa.select(subscribed_charges).order_by(subscribed_charges.c.charge_number)).mappings()
    return [SubscribedCharge(**row) for row in found]


def everybody(connection: sa.Connection) -> Customers:
    """Give every account and every subscribed charge."""
    return Customers(all_accounts(connection), all_charges(connection))


def in_use(connection: sa.Connection, charge_numbers: Collection[str]) -> list[str]:
    """List those of these subscribed charges that have usage, Pending or Processed, or were billed; in order."""
    if not charge_numbers:
        return []
    used = sa.select(usage_records.c.charge_number).where(among(usage_records.c.charge_number, charge_numbers), ACTIVE)
    billed = sa.select(rated_items.c.charge_number).where(among(rated_items.c.charge_number, charge_numbers))
    return sorted(connection.execute(used.union(billed)).scalars())
