"""Rate: the bill run of a period. Pending usage becomes Processed, rated items say what is due; one transaction.

Before it the bill run is entered as a draft, in a transaction of its own: what cannot be rated stays to be seen.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from expectations import rated as rated_border
from pipeline.billing import prepaid
from pipeline.billing.bulk import rate_usage
from pipeline.billing.commitments import contributed, contributing
from pipeline.billing.fees import left_out
from pipeline.billing.preflight import Intake, Pickup
from pipeline.billing.ready import waits_for
from pipeline.billing.repriced import billed_lines, require_unchanged
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.units import require_current
from pipeline.quantities.situation import require_ended
from pipeline.store import bill_runs, billing, locks
from pipeline.store.funds import keep as keep_movements
from pipeline.usage.validate import Verdict, validate
from pipeline.usage.validate_usage import ValidationFailedError, require
from transforms.errors import MeterbridgeError
from transforms.rating.asked import Asked
from transforms.rating.funds import NO_MOVEMENTS, Movements
from transforms.rating.lines import exact_sums
from transforms.rating.subscribed import charge_periods
from transforms.rating.usage import ChargePeriod, RatedItem, RatingError, UsageLine


class NotReadyError(MeterbridgeError):
    """A period that waits for meters, or for other bill runs, cannot be billed; the message names them."""


@dataclass(frozen=True)
class BillRun:
    """What a bill run did: `rated`, or `nothing_due`; `left_pending` says what it could not take, and why.

    `amounts` have the decimals of their currencies.
    """

    outcome: str
    period: str
    bill_run_id: str | None
    records: int
    items: int
    amounts: dict[str, Decimal]
    left_pending: tuple[str, ...]

    def __str__(self) -> str:
        money = ", ".join(f"{amount:f} {currency}" for currency, amount in self.amounts.items()) or "no amount"
        left = (
            f"; {len(self.left_pending)} records stay Pending: {'; '.join(self.left_pending)}"
            if self.left_pending
            else ""
        )
        return f"bill run {self.period}: {self.outcome}, {self.records} records, {self.items} items, {money}{left}"


@dataclass(frozen=True)
class Due:
    """What a bill run would bill: rated items, the usage that it takes from Pending, and why it leaves other usage.

    `movements` is what it would draw from prepaid funds; `lines` is usage of these charges that was billed before, and
    `fees` what is owed without usage.
    """

    items: tuple[RatedItem, ...]
    pending: tuple[int, ...]
    left: tuple[str, ...]
    movements: Movements = NO_MOVEMENTS
    lines: Sequence[UsageLine] = ()
    fees: Sequence[ChargePeriod] = ()

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What is due, by currency."""
        return exact_sums((item.currency, item.amount) for item in self.items)


def rate(
    store: sa.Engine,
    catalog: Catalog,
    asked: Asked,
    home: Path,
    *,
    at: datetime,
    by: str = "meterbridge",
    reason: str = "",
) -> BillRun:
    """Rate what is asked for; what it made can be posted, or cancelled. Run again it finds nothing Pending.

    With a `reason`, which is kept, what was billed may come to another amount by the same usage.

    WrongPeriodError when no charge that is billed has the period; NotReadyError when it waits for others;
    ValidationFailedError when an item breaks an expectation; RatingError when usage cannot be rated; RepricedError
    where a reason is wanted. In the last three cases the bill run stays a draft which says why, and all else is as it
    was.
    """
    _require_ready(store, catalog, asked, at)
    with _alone(store, asked) as connection:
        run = bill_runs.draft(connection, asked, by)
    try:
        with _alone(store, asked) as connection:
            _hold_contributions(connection, catalog, asked)
            return _rate(connection, catalog, asked, run, home, by, reason)
    except MeterbridgeError as error:
        with store.begin() as connection:
            bill_runs.note_problem(connection, run, str(error))
        raise


def _require_ready(store: sa.Engine, catalog: Catalog, asked: Asked, at: datetime) -> None:
    """Refuse a period that is not all there; on demand is billed what there is."""
    waiting = waits_for(store, catalog, asked)
    if asked.running:
        return
    require_ended(asked.period, at)
    if waiting:
        raise NotReadyError(f"period {asked.period} cannot be billed yet; {'; '.join(waiting)}")


@contextmanager
def _alone(store: sa.Engine, asked: Asked) -> Iterator[sa.Connection]:
    """Open a transaction in which nobody else writes or bills usage of the period."""
    with store.begin() as connection:
        locks.shared(connection, locks.SHAPE)
        locks.exclusive(connection, str(asked.period))
        yield connection


def _hold_contributions(connection: sa.Connection, catalog: Catalog, asked: Asked) -> None:
    """Keep others from billing, or cancelling, what counts towards a commitment until it is settled."""
    for period in sorted({str(each.period) for each in contributing(connection, catalog, asked)}):
        locks.shared(connection, period)


def _rate(
    connection: sa.Connection, catalog: Catalog, asked: Asked, run: str, home: Path, by: str, reason: str
) -> BillRun:
    require_current(connection, catalog)
    entered = bill_runs.find(connection, run)
    if entered is None or entered["status"] != "draft":  # somebody else rated it meanwhile
        return BillRun("nothing_due", str(asked.period), None, 0, 0, {}, ())
    found = due(connection, catalog, asked)
    if not reason.strip():
        require_unchanged(connection, catalog, asked.period, found)
    if asked.whole:
        bill_runs.forget_parts(connection, asked.period)
        billing.note_rated(connection, asked.period)
    if not found.items and not found.movements.drawn:
        bill_runs.forget(connection, run)
        return BillRun("nothing_due", str(asked.period), None, 0, 0, {}, found.left)
    bill_runs.show_life(connection)
    verdict = _validated(found.items, catalog, home, f"rated-{asked.period}-{run[:8]}")
    _keep(connection, asked, run, found, verdict, by, reason)
    amounts = {code: Decimal(catalog.units.money(amount, code)) for code, amount in found.amounts.items()}
    return BillRun("rated", str(asked.period), run, len(found.pending), len(found.items), amounts, found.left)


def due(
    connection: sa.Connection, catalog: Catalog, asked: Asked, *, lock: bool = True, beside: Iterable[UsageLine] = ()
) -> Due:
    """Rate what is asked for as things stand, and change nothing; the usage is locked unless it is only looked at.

    `beside` is usage that is counted as if it were loaded.
    """
    priced = catalog.of(asked.period)
    if lock:
        prepaid.lock(connection, catalog)
    found = _pickup(connection, catalog, asked, lock=lock)
    lines = [*map(found.line, found.taken), *beside]
    lines = [line for line in lines if asked.takes(line, catalog.charges.get(line.charge))]
    pending, left = tuple(line.record_id for line in lines if line.status == "Pending"), tuple(found.told())
    fees = [] if asked.running else _fees(connection, catalog, asked, found)
    funds = prepaid.open_for(connection, catalog, asked, lines, fees, found)
    if not pending and not fees and funds is None:
        return Due((), (), left)
    items = rate_usage(
        lines,
        charges=priced.charges,
        units=catalog.units,
        billed=billing.billed(connection, asked.period),
        subscribed=fees,
        funds=funds.purse if funds else None,
        contributed=contributed(connection, catalog, fees),
    )
    _require_one_currency(items, billing.currencies(connection, asked.period))
    billed_before = billed_lines(items, lines)
    return Due(items, pending, left, funds.movements if funds else NO_MOVEMENTS, billed_before, fees)


def _pickup(connection: sa.Connection, catalog: Catalog, asked: Asked, *, lock: bool) -> Pickup:
    """Read the period's usage of the accounts that are billed; the customers last, when it is known whom it names."""
    rows = billing.active_usage(connection, asked.period, lock=lock)
    found = Intake.read(connection, catalog).sort_out(rows)
    return found.among({number for number, account in found.accounts.items() if asked.has(account)})


def _require_one_currency(items: Iterable[RatedItem], billed: Iterable[tuple[str, str]]) -> None:
    """Refuse to take what was billed in one currency off what is due in another; RatingError names the charge."""
    now = {item.charge_number: item.currency for item in items}
    for number, currency in sorted(billed):
        if now.get(number, currency) != currency:
            raise RatingError(
                f"charge number {number} was billed in {currency}, and is priced in {now[number]} now: put its "
                "charge's currency back, and let a charge of its own have the other one"
            )


def _fees(connection: sa.Connection, catalog: Catalog, asked: Asked, found: Pickup) -> list[ChargePeriod]:
    """List what the accounts that are billed owe of the period without usage."""
    whose = {number: account for number, account in found.accounts.items() if asked.has(account)}
    subscribed = (each for each in found.subscribed.values() if each.account_number in whose)
    owed = charge_periods(whose.values(), subscribed, catalog.charges, asked.period)
    without = left_out(connection, catalog, asked.period, owed) if asked.by_schedule else set()
    return [each for each in owed if (each.charge_number, each.period_start) not in without]


def _keep(
    connection: sa.Connection, asked: Asked, run: str, found: Due, verdict: Verdict, by: str, reason: str
) -> None:
    """Write the items and what they draw, and take their usage from Pending."""
    bill_runs.rated(connection, run, by, len(found.pending), verdict.results, reason)
    billing.add_items(connection, run, asked.period, found.items)
    keep_movements(connection, found.movements, run)
    if billing.process(connection, run, found.pending) != len(found.pending):
        raise ValidationFailedError(
            f"bill run {run}: not every record could be processed; nothing was billed: make it again"
        )


def _validated(items: Sequence[RatedItem], catalog: Catalog, home: Path, name: str) -> Verdict:
    """Hold the items against their suite; one bad item stops the whole run: money is not billed in part."""
    suite = rated_border.suite(catalog.units.currencies)
    columns = {column: [getattr(item, column) for item in items] for column in suite.columns}
    verdict = validate(pd.DataFrame(columns, dtype=object), suite, home / "data_docs", name)
    require(verdict)
    if verdict.reasons:
        raise ValidationFailedError(f"{'; '.join(sorted(set(verdict.reasons.values())))}; see {verdict.docs}")
    return verdict
