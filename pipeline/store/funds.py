"""Prepaid funds, and the ledger of what went in and out of them: entries never change, the database adds them up."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store import locks
from pipeline.store.many import among
from pipeline.store.tables import accounts, bill_runs, fund_entries, funds, subscribed_charges
from transforms.errors import MeterbridgeError
from transforms.period import Period
from transforms.rating.funds import Movements
from transforms.rating.lines import EXACT
from transforms.rating.prepaid import Entry
from transforms.rating.usage import BilledKey

PAID = ("prepayment", "prepayment_adjustment")
OPPOSITE = {
    "drawdown": "drawdown_reversal",
    "drawdown_adjustment": "drawdown_reversal",
    "rollover": "rollover_reversal",
    "rollover_reversal": "rollover_reversal",
}
FUND = (
    "fund_id", "account_number", "subscription_number", "charge_number", "kind", "uom", "start_at", "end_at",
)  # fmt: skip
GROUP = ("charge_number", "period_start", "group_key")
OF_GROUP = tuple(fund_entries.c[name] for name in GROUP)


class FundsUsedError(MeterbridgeError):
    """A bill run whose prepaid units were used since cannot be cancelled; the message says what to cancel first."""


def there_are(connection: sa.Connection) -> bool:
    """Tell whether any fund was ever made."""
    return bool(connection.scalar(sa.select(sa.exists(sa.select(funds.c.fund_id)))))


def held(
    connection: sa.Connection, of_accounts: Collection[str], after: datetime, also: Collection[str] = ()
) -> Sequence[sa.RowMapping]:
    """List funds of accounts that end after an instant, and some by id; with their `charge` and what was `bought`."""
    mine = fund_entries.c.fund_id == funds.c.fund_id
    paid = sa.select(sa.func.coalesce(sa.func.sum(fund_entries.c.units), 0)).where(mine, fund_entries.c.type.in_(PAID))
    statement = sa.select(funds, subscribed_charges.c.charge, paid.scalar_subquery().label("bought"))
    statement = statement.join(subscribed_charges, subscribed_charges.c.charge_number == funds.c.charge_number)
    wanted = (funds.c.end_at > after) | among(funds.c.fund_id, also)
    statement = statement.where(among(funds.c.account_number, of_accounts), wanted).order_by(funds.c.fund_id)
    return connection.execute(statement).mappings().all()


def drawn(
    connection: sa.Connection, period: Period, charge_numbers: Collection[str]
) -> dict[BilledKey, dict[str, Decimal]]:
    """Tell what usage of a period has drawn, by group and fund; what was given back is taken off."""
    net = -sa.func.sum(fund_entries.c.units)
    columns = (*OF_GROUP, fund_entries.c.fund_id)
    statement = sa.select(*columns, net.label("units")).join(bill_runs)
    statement = statement.where(bill_runs.c.period == str(period), among(fund_entries.c.charge_number, charge_numbers))
    statement = statement.group_by(*columns).having(net != 0).order_by(*columns)
    found: defaultdict[BilledKey, dict[str, Decimal]] = defaultdict(dict)
    for row in connection.execute(statement).mappings():
        found[_key(row)][row["fund_id"]] = row["units"]
    return dict(found)


def drawn_until(connection: sa.Connection, bill_run_id: str, *, before: bool = False) -> dict[BilledKey, Decimal]:
    """Tell what each group of a bill run's period had drawn when that bill run was rated, or just before."""
    last = sa.select(bill_runs.c.period, bill_runs.c.ordinal).where(bill_runs.c.bill_run_id == bill_run_id).subquery()
    earlier = bill_runs.c.ordinal < last.c.ordinal if before else bill_runs.c.ordinal <= last.c.ordinal
    until = (bill_runs.c.period == last.c.period) & earlier
    statement = sa.select(*OF_GROUP, (-sa.func.sum(fund_entries.c.units)).label("units"))
    statement = statement.select_from(fund_entries.join(bill_runs).join(last, until))
    statement = statement.where(fund_entries.c.charge_number.is_not(None)).group_by(*OF_GROUP)
    return {_key(row): row["units"] for row in connection.execute(statement).mappings()}


def _key(row: sa.RowMapping) -> BilledKey:
    return row["charge_number"], row["period_start"], row["group_key"]


def keep(connection: sa.Connection, movements: Movements, bill_run_id: str) -> None:
    """Write what a bill run does to funds; what was paid for belongs to no bill run, and stays when it is cancelled."""
    rows = [{name: getattr(fund, name) for name in FUND} for fund in movements.funds]
    if rows:
        made = insert(funds)
        span = {name: made.excluded[name] for name in ("start_at", "end_at")}
        moved = sa.or_(*(funds.c[name] != value for name, value in span.items()))
        connection.execute(made.on_conflict_do_update(index_elements=["fund_id"], set_=span, where=moved), rows)
    _enter(connection, [_made(entry, bill_run_id) for entry in movements.entries])


def _made(entry: Entry, bill_run_id: str) -> dict[str, object]:
    return _row(entry.fund_id, entry.type, entry.units, entry.group, None if entry.type in PAID else bill_run_id)


def _row(
    fund_id: str, kind: str, units: Decimal, group: BilledKey | None, bill_run_id: str | None
) -> dict[str, object]:
    named = dict(zip(GROUP, group or (None, None, None), strict=True))
    return {"fund_id": fund_id, "type": kind, "units": units, "bill_run_id": bill_run_id} | named


def _enter(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Enter them in their order, in which no fund goes below zero."""
    if rows:
        connection.execute(sa.insert(fund_entries), rows)


def give_back(connection: sa.Connection, bill_run_id: str) -> None:
    """Enter the opposite of all that a bill run drew and rolled over, the last first.

    FundsUsedError when a later bill run drew anew for the same usage, or used what would be taken away.
    """
    locks.exclusive(connection, locks.FUNDS)
    mine = sa.select(fund_entries).where(fund_entries.c.bill_run_id == bill_run_id)
    rows = connection.execute(mine.order_by(fund_entries.c.entry_id.desc())).mappings().all()
    if rows:
        _require_last(connection, bill_run_id, rows)
        _enter(connection, [_opposite(row) for row in rows])


def _opposite(row: sa.RowMapping) -> dict[str, object]:
    group = _key(row) if row["charge_number"] else None
    return _row(row["fund_id"], OPPOSITE[row["type"]], -row["units"], group, row["bill_run_id"])


def _require_last(connection: sa.Connection, run: str, rows: Sequence[sa.RowMapping]) -> None:
    """Refuse to give back what is no longer there, or what a later bill run has given back and drawn anew."""
    mine = fund_entries.alias()
    of_group = sa.and_(*(mine.c[name] == fund_entries.c[name] for name in GROUP))
    of_fund = (mine.c.fund_id == fund_entries.c.fund_id) & (fund_entries.c.units < 0)
    later = _later(connection, run, mine, of_group)
    if later is None and _overdraws(connection, rows):
        later = _later(connection, run, mine, of_fund)
    if later is not None:
        raise FundsUsedError(
            f"bill run {later['bill_run_id']} of {later['period']} ({later['status']}) has used prepaid units that "
            f"bill run {run} would take away: cancel that one first; if it is posted, post this one too, and correct "
            "its usage"
        )


def _later(
    connection: sa.Connection, run: str, mine: sa.FromClause, same: sa.ColumnElement[bool]
) -> sa.RowMapping | None:
    """Find the last bill run whose entries came after those of one, and are about the same."""
    statement = sa.select(bill_runs.c.bill_run_id, bill_runs.c.period, bill_runs.c.status).select_from(
        fund_entries.join(bill_runs).join(mine, same & (mine.c.entry_id < fund_entries.c.entry_id))
    )
    statement = statement.where(mine.c.bill_run_id == run, bill_runs.c.bill_run_id != run)
    statement = statement.where(bill_runs.c.status != "cancelled").order_by(fund_entries.c.entry_id.desc()).limit(1)
    return connection.execute(statement).mappings().first()


def _overdraws(connection: sa.Connection, rows: Sequence[sa.RowMapping]) -> bool:
    """Tell whether the opposite of these entries, one after the other, would bring a fund below zero."""
    named = among(funds.c.fund_id, {row["fund_id"] for row in rows})
    statement = sa.select(funds.c.fund_id, funds.c.balance).where(named)
    left = {row["fund_id"]: row["balance"] for row in connection.execute(statement).mappings()}
    for row in rows:
        left[row["fund_id"]] = EXACT.subtract(left[row["fund_id"]], row["units"])
        if left[row["fund_id"]] < 0:
            return True
    return False


def balances(connection: sa.Connection, account: str | None = None) -> Sequence[sa.RowMapping]:
    """List funds, of an account or all, by owner and time; with the account's time_zone."""
    statement = _of(account, sa.select(funds, accounts.c.time_zone).join(accounts))
    order = ("account_number", "charge_number", "start_at", "kind")
    return connection.execute(statement.order_by(*(funds.c[name] for name in order))).mappings().all()


def ledger(connection: sa.Connection, account: str | None = None) -> Sequence[sa.RowMapping]:
    """List entries, of an account's funds or all, oldest first; with fund, time_zone and the bill run's period."""
    about = (funds.c.charge_number.label("fund"), funds.c.kind, funds.c.start_at, funds.c.uom, accounts.c.time_zone)
    joined = fund_entries.join(funds).join(accounts, accounts.c.account_number == funds.c.account_number)
    joined = joined.outerjoin(bill_runs, bill_runs.c.bill_run_id == fund_entries.c.bill_run_id)
    statement = _of(account, sa.select(fund_entries, *about, bill_runs.c.period).select_from(joined))
    return connection.execute(statement.order_by(fund_entries.c.entry_id)).mappings().all()


def _of(account: str | None, statement: sa.Select[Any]) -> sa.Select[Any]:
    return statement if account is None else statement.where(funds.c.account_number == account)
