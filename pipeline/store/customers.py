"""Accounts and the charges that they subscribe to."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, astuple
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store import locks
from pipeline.store.copy import copy_in
from pipeline.store.many import among
from pipeline.store.tables import (
    ACTIVE,
    accounts,
    rated_items,
    subscribed_charges,
    subscription_changes,
    usage_records,
)
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.quantities.moved import Change, changes

CHANGE = tuple(Change.__dataclass_fields__)


class Customers(NamedTuple):
    """All accounts, and all charges that they subscribe to, by number."""

    accounts: list[Account]
    charges: list[SubscribedCharge]

    def among(self, numbers: Collection[str]) -> "Customers":
        """Narrow them to some accounts."""
        return Customers(
            [each for each in self.accounts if each.account_number in numbers],
            [each for each in self.charges if each.account_number in numbers],
        )


def before_registering(connection: sa.Connection) -> Customers:
    """Give everybody, whom nobody else registers meanwhile: so changes become visible in the order of their numbers."""
    locks.exclusive(connection, locks.CUSTOMERS)
    return everybody(connection)


def register(
    connection: sa.Connection, before: Customers, customers: Sequence[Account], charges: Sequence[SubscribedCharge]
) -> None:
    """Add accounts and subscribed charges to those `before`, and bring known ones up to date. Nothing is removed."""
    changed, same = list(changes(*before, customers, charges)), {*before.accounts, *before.charges}
    _upsert(connection, accounts, [asdict(each) for each in customers if each not in same])
    _upsert(connection, subscribed_charges, [asdict(each) for each in charges if each not in same])
    copy_in(connection, subscription_changes, CHANGE, (astuple(each) for each in changed))


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


def accounts_named(connection: sa.Connection, numbers: Collection[str]) -> list[Account]:
    """List the accounts of these numbers."""
    statement = sa.select(accounts).where(among(accounts.c.account_number, numbers))
    return [Account(**row) for row in connection.execute(statement).mappings()]


def charges_named(
    connection: sa.Connection, numbers: Collection[str], subscriptions: Collection[str], charges: Collection[str]
) -> list[SubscribedCharge]:
    """List the charges of these accounts and subscriptions, and those of these charge numbers."""
    named = sa.or_(
        among(subscribed_charges.c.account_number, numbers),
        among(subscribed_charges.c.subscription_number, subscriptions),
        among(subscribed_charges.c.charge_number, charges),
    )
    found = connection.execute(sa.select(subscribed_charges).where(named)).mappings()
    return [SubscribedCharge(**row) for row in found]


def last_change(connection: sa.Connection) -> int:
    """Give the number of the last change of a subscription; 0 where there was none. Ask before they are read."""
    return connection.execute(sa.select(sa.func.max(subscription_changes.c.change_id))).scalar() or 0


def changes_since(connection: sa.Connection, seen: int) -> dict[int, Change]:
    """Give the changes of subscriptions after the one of this number, by their numbers and in their order."""
    number = subscription_changes.c.change_id
    statement = sa.select(number, *(subscription_changes.c[name] for name in CHANGE))
    found = connection.execute(statement.where(number > seen).order_by(number))
    return {row.change_id: Change(*row[1:]) for row in found}


def in_use(connection: sa.Connection, charge_numbers: Collection[str]) -> list[str]:
    """List those of these subscribed charges that have usage, Pending or Processed, or were billed; in order."""
    if not charge_numbers:
        return []
    used = sa.select(usage_records.c.charge_number).where(among(usage_records.c.charge_number, charge_numbers), ACTIVE)
    billed = sa.select(rated_items.c.charge_number).where(among(rated_items.c.charge_number, charge_numbers))
    return sorted(connection.execute(used.union(billed)).scalars())
