"""Register: accounts and the charges they subscribe to, from two CSV files, into the store."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import nearest, open_csv
from pipeline.store import customers
from transforms.catalog.customers import ACTIVE, NOT_BILLED, Account, SubscribedCharge, by_number
from transforms.cycles import cycle_of
from transforms.errors import MeterbridgeError
from transforms.period import Cycle

Row = TypeVar("Row", Account, SubscribedCharge)
OPTIONAL = ("bill_cycle_day", "batch")  # a file may leave these columns out; they stand last
PROBLEMS_MAX = 100
CYCLE_DAYS = tuple(map(str, range(1, 32)))


class RegisterError(MeterbridgeError):
    """A customer file cannot be taken; one line per problem, with file and line. Nothing is registered."""


@dataclass(frozen=True)
class Registered:
    """How many accounts and subscribed charges the files hold."""

    accounts: int
    charges: int


def register(store: sa.Engine, catalog: Catalog, folder: Path) -> Registered:
    """Take `accounts.csv` and `subscribed_charges.csv` of a folder; RegisterError lists what is wrong with them."""
    accounts = list(_read(folder / "accounts.csv", Account))
    charges = list(_read(folder / "subscribed_charges.csv", SubscribedCharge))
    numbers = {row.account_number for _, row in accounts}
    _refuse(chain(_account_problems(accounts, catalog), _charge_problems(charges, numbers, catalog)))
    with store.begin() as connection:
        rows = [row for _, row in accounts], [row for _, row in charges]
        before = customers.before_registering(connection)
        _refuse(_moved(connection, before, *rows, catalog))
        customers.register(connection, before, *rows)
    return Registered(len(accounts), len(charges))


def _refuse(problems: Iterator[str]) -> None:
    """Tell what is wrong, if anything is; the nearest of 20,000 numbers takes its time to be found for each line."""
    if listed := list(islice(problems, PROBLEMS_MAX)):
        more = [f"and more: these are the first {PROBLEMS_MAX}"] if next(problems, None) else []
        raise RegisterError("\n".join([*listed, *more]))


def _read(path: Path, kind: type[Row]) -> Iterator[tuple[str, Row]]:
    """Give every row with its place in the file."""
    if not path.is_file():
        raise RegisterError(f"{path} is missing: put it there, or name its folder (`meterbridge register FOLDER`)")
    names = [field.name for field in fields(kind)]
    with open_csv(path, RegisterError) as reader:
        for place, row in _rows(path, reader, names):
            yield place, _typed(row, kind, place)


def _rows(path: Path, reader: "csv.DictReader[str]", names: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Give the rows that have a field for every column, each number in the first column once."""
    found, required = list(reader.fieldnames or []), [name for name in names if name not in OPTIONAL]
    if found != [name for name in names if name in required or name in found]:
        optional = "".join(f"[,{name}]" for name in names if name in OPTIONAL)
        raise RegisterError(f"{path}:1: the columns must be {','.join(required)}{optional}")
    seen: dict[str, int] = {}
    for row in reader:
        place, number = f"{path}:{reader.line_num}", row[names[0]]
        if None in row or None in row.values():
            raise RegisterError(f"{place}: the row must have {len(found)} fields")
        if number in seen:
            raise RegisterError(f"{place}: {names[0]} {number!r} stands in line {seen[number]} already")
        seen[number] = reader.line_num
        yield place, row


def _typed(row: dict[str, str], kind: type[Row], place: str) -> Row:
    values: dict[str, object] = dict(row)
    for name in ("start_at", "end_at"):
        if name in values:
            values[name] = _instant(row[name], f"{place}: {name}") if row[name] or name == "start_at" else None
    if "bill_cycle_day" in row:
        values["bill_cycle_day"] = _cycle_day(row["bill_cycle_day"], place)
    return kind(**values)  # type: ignore[arg-type]  # the columns were held against the fields


def _instant(text: str, place: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise RegisterError(f"{place}: {text!r} is not a time; write 2014-01-01T00:00:00-05:00") from error
    if at.tzinfo is None:
        raise RegisterError(f"{place}: {text!r} has no offset from UTC; write 2014-01-01T00:00:00-05:00")
    return at


def _cycle_day(text: str, place: str) -> int:
    if text not in CYCLE_DAYS:
        raise RegisterError(
            f"{place}: bill_cycle_day {text!r} is no day of a month; write a number from 1 to 31 "
            "(in a shorter month it means the last day)"
        )
    return int(text)


def _account_problems(accounts: list[tuple[str, Account]], catalog: Catalog) -> Iterator[str]:
    currencies = set(catalog.units.currencies)
    for place, account in accounts:
        if account.currency not in currencies:
            yield f"{place}: currency {account.currency!r} is unknown{nearest(account.currency, currencies)}"
        try:
            ZoneInfo(account.time_zone)
        except (KeyError, ValueError):
            yield f"{place}: {account.time_zone!r} is not a time zone; write an IANA name such as Europe/Berlin"
        yield from _status_problems(place, account.status)


def _charge_problems(
    charges: list[tuple[str, SubscribedCharge]], accounts: set[str], catalog: Catalog
) -> Iterator[str]:
    for place, charge in charges:
        if charge.account_number not in accounts:
            yield f"{place}: account {charge.account_number!r} is unknown{nearest(charge.account_number, accounts)}"
        if charge.charge not in catalog.charges:
            yield f"{place}: charge {charge.charge!r} is unknown{nearest(charge.charge, set(catalog.charges))}"
        yield from _status_problems(place, charge.status)
        if charge.end_at is not None and charge.end_at < charge.start_at:
            yield (
                f"{place}: end_at {charge.end_at.isoformat()} is before start_at {charge.start_at.isoformat()}; write "
                "when it ends, the same as start_at if it never began, or nothing while it goes on"
            )


def _status_problems(place: str, status: str) -> Iterator[str]:
    """Refuse a word that nobody knows: under any but Active nothing is billed, and a slip would look like that."""
    if status not in (ACTIVE, *NOT_BILLED):
        others = ", ".join(NOT_BILLED)
        yield f"{place}: status {status!r} is unknown; write {ACTIVE} for what is billed, else one of {others}"


@dataclass(frozen=True)
class _Place:
    """What the bills of a charge number are found by: whose it is, and when its billing periods begin."""

    owner: tuple[str, str, str]
    time_zone: str
    cycle: Cycle

    def refusal(self, number: str, after: "_Place | None") -> str:
        """Say why it must stay as it is."""
        if after and after.owner != self.owner:
            account, subscription, charge = self.owner
            return (
                f"charge number {number} has usage or bills as charge {charge} of account {account}, subscription "
                f"{subscription}, and cannot be another's now: leave it as it was, and give what is new its own number"
            )
        return (
            f"charge {number} has usage or bills of billing periods that begin on {self.cycle.beginning}, "
            f"{self.time_zone}; they cannot begin at another time now: leave charge, start_at, bill_cycle_day and "
            "time_zone as they were"
        )


def _moved(
    connection: sa.Connection,
    known: customers.Customers,
    accounts: list[Account],
    charges: list[SubscribedCharge],
    catalog: Catalog,
) -> Iterator[str]:
    """Refuse to move a charge number that is in use, or its billing periods: some would be billed twice, or never."""
    before = _places(*known, catalog)
    after = _places([*known.accounts, *accounts], [*known.charges, *charges], catalog)
    moved = [number for number, place in before.items() if after.get(number) != place]
    for number in customers.in_use(connection, moved):
        yield before[number].refusal(number, after.get(number))


def _places(accounts: list[Account], charges: list[SubscribedCharge], catalog: Catalog) -> dict[str, _Place]:
    """Give the place of each charge, by number; where an account or charge stands twice, the last counts."""
    known = by_number(accounts)
    return {
        each.charge_number: _Place(
            (each.account_number, each.subscription_number, each.charge),
            known[each.account_number].time_zone,
            cycle_of(known[each.account_number], catalog.charges[each.charge], each),
        )
        for each in charges
        if each.charge in catalog.charges
    }
