"""Preflight: what the bill run of a period will leave Pending and why, and what it bills at the list price."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.store import billing, customers
from transforms.catalog.customers import Account, SubscribedCharge, by_number
from transforms.catalog.units import Units
from transforms.figures import plain
from transforms.period import Period, Window
from transforms.rating.lines import exact_sums
from transforms.rating.preflight import Candidate, may_be_refused, money_at_risk, obstacle, refused
from transforms.rating.unpriced import at_list_price, unpriced
from transforms.rating.usage import UsageLine

LINE = (
    "record_id", "account_number", "subscription_number", "charge_number", "charge", "uom", "quantity", "start_at",
    "corrects", "import_id", "custom_fields", "status",
)  # fmt: skip


@dataclass(frozen=True)
class AtRisk:
    """A Pending record that no bill run picks up; `amount` in `currency` is None where it cannot be known."""

    record_id: int
    account_number: str
    charge_number: str | None
    uom: str
    quantity: Decimal
    reason: str
    amount: Decimal | None
    currency: str | None


@dataclass(frozen=True)
class Foreseen:
    """What is known before a bill run: the records that it will not bill, and why others fall back to a list price."""

    at_risk: Sequence[AtRisk]
    at_list_price: Sequence[str]


@dataclass(frozen=True)
class Pickup:
    """Active usage; by its number, why a bill run leaves a Pending record behind; and who subscribes to what."""

    rows: Sequence[sa.RowMapping]
    accounts: Mapping[str, Account]
    reasons: Mapping[int, str]
    subscribed: Mapping[str, SubscribedCharge] = field(default_factory=dict)

    @cached_property
    def taken(self) -> list[sa.RowMapping]:
        """What a bill run rates: all that is not left behind, what was billed before included."""
        return [row for row in self.rows if row["record_id"] not in self.reasons]

    @property
    def left(self) -> list[sa.RowMapping]:
        """What a bill run leaves behind."""
        return [row for row in self.rows if row["record_id"] in self.reasons]

    def among(self, accounts: Mapping[str, Account]) -> "Pickup":
        """Narrow it to some accounts and their usage."""
        return replace(self, accounts=accounts, rows=[row for row in self.rows if row["account_number"] in accounts])

    def told(self) -> Iterator[str]:
        """Say of each record that is left behind which it is, and why."""
        for row in self.left:
            charge = "" if row["charge_number"] is None else f" of charge {row['charge_number']}"
            yield f"record {row['record_id']}{charge}: {self.reasons[row['record_id']]}"

    def line(self, row: sa.RowMapping) -> UsageLine:
        """Give a record as rating takes it."""
        time_zone = self.accounts[row["account_number"]].time_zone
        window = _window(row["period"], time_zone)
        return UsageLine(
            **{name: row[name] for name in LINE},
            time_zone=time_zone,
            period_start=window.start,
            period_end=window.end,
        )


# A million records are of few periods and time zones.
@lru_cache(maxsize=256)
def _period(text: str) -> Period:
    return Period.parse(text)


@lru_cache(maxsize=1024)
def _window(period: str, time_zone: str) -> Window:
    return _period(period).window(time_zone)


@dataclass(frozen=True)
class Intake:
    """What decides whether a bill run picks up usage: the catalog, and who subscribes to what."""

    catalog: Catalog
    accounts: Mapping[str, Account]
    subscribed: Mapping[str, SubscribedCharge]

    @classmethod
    def read(cls, connection: sa.Connection, catalog: Catalog) -> "Intake":
        """Read all customers, once the usage is read: whom it names is known then."""
        accounts, charges = customers.everybody(connection)
        subscribed = {each.charge_number: each for each in charges}
        return cls(catalog, by_number(accounts), subscribed)

    def sort_out(self, rows: Sequence[sa.RowMapping]) -> Pickup:
        """Tell which of these active records a bill run takes."""
        pending = ((row["record_id"], self.obstacle(row)) for row in rows if row["status"] == "Pending")
        reasons = {number: reason for number, reason in pending if reason}
        return Pickup(rows, self.accounts, _with_others(rows, reasons), self.subscribed)

    def obstacle(self, usage: Mapping[str, Any] | sa.RowMapping) -> str | None:
        """Say why no bill run picks usage up, of which there are the columns of a record; None when one does."""
        candidate = Candidate(
            uom=usage["uom"],
            start_at=usage["start_at"],
            period=_period(usage["period"]),
            account=self.accounts[usage["account_number"]],
            subscribed=self.subscribed.get(usage["charge_number"]),
            custom_fields=usage["custom_fields"],
            corrects=usage.get("corrects") is not None,
            quantity=usage["quantity"],
        )
        return obstacle(candidate, self.catalog.charges, self._required)

    @cached_property
    def _required(self) -> list[str]:
        return [name for name, each in self.catalog.custom_fields.items() if each.required]


def _with_others(rows: Sequence[sa.RowMapping], reasons: Mapping[int, str]) -> Mapping[int, str]:
    """Leave behind what else an account has of a charge and period where an adjustment below zero is left.

    It may be the same usage, under the charge that follows: billed there, and not given back here, it is paid twice.
    """
    lowering = {
        _together(row): row["record_id"]
        for row in (rows if reasons else ())
        if row["record_id"] in reasons and row["corrects"] is not None and row["quantity"] < 0
    }
    others = {
        row["record_id"]: f"it waits for record {lowering[key]}, by which its account is given something back"
        for row in (rows if lowering else ())
        if row["status"] == "Pending" and (key := _together(row)) in lowering
    }
    return {**others, **reasons}


def _together(row: sa.RowMapping) -> tuple[str, ...]:
    return row["period"], row["account_number"], row["charge"]


def preflight(store: sa.Engine, catalog: Catalog, period: Period) -> Foreseen:
    """Tell, by number, which Pending records of a period its bill run would not pick up, or would stop at.

    And those that it would bill at a list price, because their decision table has no price for them.
    """
    with store.begin() as connection:
        rows = billing.active_usage(connection, period, lock=False)
        found = Intake.read(connection, catalog).sort_out(rows)
    fallen, priced = _pending(found, catalog, at_list_price), catalog.of(period)
    found = _stopping(found, _pending(found, catalog, unpriced))
    found = _stopping(found, refused(_refusable(found, priced), priced.charges, priced.units))
    beside: dict[str, list[UsageLine]] = {}
    for row in found.taken if found.reasons else ():
        beside.setdefault(row["charge_number"], []).append(found.line(row))
    at_risk = [_at_risk(found, row, beside, priced) for row in found.left]
    return Foreseen(at_risk, [f"record {number}: {why}" for number, why in fallen.items()])


def _stopping(found: Pickup, why: Mapping[int, str]) -> Pickup:
    """Leave out what a bill run would stop at."""
    stopping = {number: f"stops the bill run: {reason}" for number, reason in why.items()}
    return replace(found, reasons={**found.reasons, **stopping})


def _refusable(found: Pickup, catalog: Catalog) -> list[UsageLine]:
    """Give the usage of charges that refuse what it may come to; most have none, and are not rated here."""
    asked = {name for name, charge in catalog.charges.items() if may_be_refused(charge)}
    return [found.line(row) for row in found.taken if row["charge"] in asked]


def _pending(found: Pickup, catalog: Catalog, why: Callable[..., str | None]) -> dict[int, str]:
    """Say of each Pending record that a bill run takes why its price is none, or the list price."""
    facts = ("custom_fields", "start_at", "subscription_number")
    return {
        row["record_id"]: reason
        for row in found.taken
        if row["status"] == "Pending"
        and (reason := why(catalog.charges[row["charge"]].pricing, *(row[name] for name in facts)))
    }


def describe(found: Foreseen, units: Units) -> str:
    """Lay out what is at risk, and add it up by currency; then what is billed at a list price."""
    listed = found.at_risk
    rows = [
        (each.record_id, each.account_number, each.charge_number or "", plain(each.quantity), each.uom,
         _shown(each, units), each.reason)
        for each in listed
    ]  # fmt: skip
    shown = table(("record", "account", "charge", "quantity", "unit", "at risk", "reason"), rows)
    sums = exact_sums((each.currency, each.amount) for each in listed if each.currency and each.amount is not None)
    known = ", ".join(units.with_currency(amount, currency) for currency, amount in sums.items()) or "nothing"
    unknown = sum(each.amount is None for each in listed)
    lines = [shown, f"  {len(listed)} records will not be billed; at risk {known}, and {unknown} of unknown worth"]
    if found.at_list_price:
        lines.append(f"  {len(found.at_list_price)} records will be billed at their list price:")
    return "\n".join([*lines, *(f"    {each}" for each in found.at_list_price)])


def _shown(each: AtRisk, units: Units) -> str:
    if each.amount is None or each.currency is None:
        return "unknown"
    return units.with_currency(each.amount, each.currency)


def _at_risk(found: Pickup, row: sa.RowMapping, beside: Mapping[str, Sequence[UsageLine]], catalog: Catalog) -> AtRisk:
    number = row["charge_number"]
    worth = None
    if number is not None:
        worth = money_at_risk(found.line(row), beside.get(number, ()), catalog.charges, catalog.units)
    amount, currency = worth or (None, None)
    names = ("record_id", "account_number", "charge_number", "uom", "quantity")
    return AtRisk(
        **{name: row[name] for name in names}, reason=found.reasons[row["record_id"]], amount=amount, currency=currency
    )
