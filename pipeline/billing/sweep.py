"""Sweep: Pending usage that is past its bill run, so that none waits for ever unseen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing.preflight import Intake
from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.store import billing
from pipeline.store.engine import one_moment
from transforms.figures import plain
from transforms.period import Period

GRACE = timedelta(days=5)
A_MONTH = timedelta(days=31)


@dataclass(frozen=True)
class Overdue:
    """A Pending record whose period's bill run has been made, or should have been."""

    record_id: int
    period: str
    account_number: str
    charge_number: str | None
    uom: str
    quantity: Decimal
    reason: str


def sweep(store: sa.Engine, catalog: Catalog, at: datetime, *, grace: timedelta = GRACE) -> list[Overdue]:
    """List the Pending usage of periods that were billed without it, or should have been, `grace` before `at`."""
    # One state of the store for all periods: the customers are read once, and know whom later usage names.
    with one_moment(store) as connection:
        found = {
            period: reason
            for period, was_rated in billing.pending_periods(connection).items()
            if (reason := _overdue(period, at, grace, was_rated=was_rated))
        }
        intake = Intake.read(connection, catalog)
        return [each for period, reason in found.items() for each in _pending(connection, intake, period, reason)]


def describe(found: Iterable[Overdue]) -> str:
    """Lay out what is overdue."""
    rows = [
        (each.period, each.record_id, each.account_number, each.charge_number or "", plain(each.quantity), each.uom,
         each.reason)
        for each in found
    ]  # fmt: skip
    return table(("period", "record", "account", "charge", "quantity", "unit", "reason"), rows)


def _overdue(period: Period, at: datetime, grace: timedelta, *, was_rated: bool) -> str | None:
    if was_rated:
        return f"the bill run of {period} was made without it; the next one bills the difference"
    if _bill_run_at(period) + grace <= at:
        return (
            f"{period} ended {(at - period.over_at).days} days ago, and its bill run has not been made: "
            "unless it waits or failed, make it by hand; "
            f"`meterbridge rate {period} --preview` tells what it would bill"
        )
    return None


def _bill_run_at(period: Period) -> datetime:
    """Tell when the scheduled bill run of a period begins: once it is over, on the first of a month."""
    over = period.over_at
    return over if over.day == 1 else (over.replace(day=1) + A_MONTH).replace(day=1)


def _pending(connection: sa.Connection, intake: Intake, period: Period, reason: str) -> list[Overdue]:
    found = intake.sort_out(billing.active_usage(connection, period, lock=False))
    names = ("record_id", "period", "account_number", "charge_number", "uom", "quantity")
    return [
        Overdue(**{name: row[name] for name in names}, reason=found.reasons.get(row["record_id"], reason))
        for row in found.rows
        if row["status"] == "Pending"
    ]
