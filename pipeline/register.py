"""Register: accounts and the charges they subscribe to, from two CSV files, into the store."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipeline.catalog import Catalog
from pipeline.documents import nearest
from pipeline.store import customers
from transforms.errors import MeterbridgeError
from transforms.scope import Account, SubscribedCharge

Row = TypeVar("Row", Account, SubscribedCharge)


class RegisterError(MeterbridgeError):
    """A customer file cannot be taken; the message has one line per problem, with file and line. Nothing is registered."""


@dataclass(frozen=True)
class Registered:
    """How many accounts and subscribed charges the files hold."""

    accounts: int
    charges: int


def register(store: sa.Engine, catalog: Catalog, folder: Path) -> Registered:
    """Take `accounts.csv` and `subscribed_charges.csv` of a folder; RegisterError lists all that is wrong with them."""
    accounts = list(_read(folder / "accounts.csv", Account))
    charges = list(_read(folder / "subscribed_charges.csv", SubscribedCharge))
    problems = [
        *_account_problems(accounts, catalog),
        *_charge_problems(charges, {row.account_number for _, row in accounts}, catalog),
    ]
    if problems:
        raise RegisterError("\n".join(problems))
    with store.begin() as connection:
        customers.register(connection, [row for _, row in accounts], [row for _, row in charges])
    return Registered(len(accounts), len(charges))


def _read(path: Path, kind: type[Row]) -> Iterator[tuple[str, Row]]:
    """Give every row with its place in the file."""
    if not path.is_file():
        raise RegisterError(f"{path} is missing")
    names = [field.name for field in fields(kind)]
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if list(reader.fieldnames or []) != names:
            raise RegisterError(f"{path}:1: the columns must be {','.join(names)}")
        for row in reader:
            yield f"{path}:{reader.line_num}", _typed(row, kind, f"{path}:{reader.line_num}")


def _typed(row: dict[str, str], kind: type[Row], place: str) -> Row:
    values: dict[str, object] = dict(row)
    for name in ("start_at", "end_at"):
        if name in values:
            values[name] = _instant(row[name], f"{place}: {name}") if row[name] or name == "start_at" else None
    return kind(**values)  # type: ignore[arg-type]  # the columns were held against the fields


def _instant(text: str, place: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise RegisterError(f"{place}: {text!r} is not a time; write 2014-01-01T00:00:00-05:00") from error
    if at.tzinfo is None:
        raise RegisterError(f"{place}: {text!r} has no offset from UTC; write 2014-01-01T00:00:00-05:00")
    return at


def _account_problems(accounts: list[tuple[str, Account]], catalog: Catalog) -> Iterator[str]:
    for place, account in accounts:
        if account.currency not in catalog.units.currencies:
            yield f"{place}: currency {account.currency!r} is unknown{nearest(account.currency, set(catalog.units.currencies))}"
        try:
            ZoneInfo(account.time_zone)
        except (KeyError, ValueError):
            yield f"{place}: {account.time_zone!r} is not a time zone; write an IANA name such as Europe/Berlin"


def _charge_problems(
    charges: list[tuple[str, SubscribedCharge]], accounts: set[str], catalog: Catalog
) -> Iterator[str]:
    for place, charge in charges:
        if charge.account_number not in accounts:
            yield f"{place}: account {charge.account_number!r} is unknown{nearest(charge.account_number, accounts)}"
        if charge.charge not in catalog.charges:
            yield f"{place}: charge {charge.charge!r} is unknown{nearest(charge.charge, set(catalog.charges))}"
