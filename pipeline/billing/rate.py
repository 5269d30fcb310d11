"""Rate: the bill run of a period. Pending usage becomes Processed, rated items say what is due; one transaction.

Before it the bill run is entered as a draft, in a transaction of its own: what cannot be rated stays to be seen.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from expectations import rated as rated_border
from pipeline.billing.commitments import contributing
from pipeline.billing.due import Due, due
from pipeline.billing.ready import waits_for
from pipeline.billing.repriced import require_unchanged
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.units import require_current_units
from pipeline.quantities.situation import require_ended
from pipeline.store import bill_runs, billing, locks
from pipeline.store.funds import keep as keep_movements
from pipeline.usage.validate import Verdict, validate
from pipeline.usage.validate_usage import ValidationFailedError, require
from transforms.errors import MeterbridgeError
from transforms.rating.asked import Asked
from transforms.rating.usage import RatedItem


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
class _Draft:
    """A bill run that is entered and not rated yet: its id, what is asked for, by whom, and why."""

    run: str
    asked: Asked
    by: str
    reason: str


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
        draft = _Draft(bill_runs.draft(connection, asked, by), asked, by, reason)
    try:
        with _alone(store, asked) as connection:
            return _rate(connection, catalog, draft, home)
    except MeterbridgeError as error:
        with store.begin() as connection:
            bill_runs.note_problem(connection, draft.run, str(error))
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


def _rate(connection: sa.Connection, catalog: Catalog, draft: _Draft, home: Path) -> BillRun:
    asked = draft.asked
    _hold_contributions(connection, catalog, asked)
    require_current_units(connection, catalog)
    entered = bill_runs.find(connection, draft.run)
    if entered is None or entered["status"] != "draft":  # somebody else rated it meanwhile
        return _nothing_due(asked)
    found = due(connection, catalog, asked)
    if not draft.reason.strip():
        require_unchanged(connection, catalog, asked.period, found)
    if asked.whole:
        bill_runs.forget_parts(connection, asked.period)
        billing.note_rated(connection, asked.period)
    if not found.items and not found.movements.drawn:
        bill_runs.forget(connection, draft.run)
        return _nothing_due(asked, found.left)
    bill_runs.show_life(connection)
    verdict = _validated(found.items, catalog, home, f"rated-{asked.period}-{draft.run[:8]}")
    _keep(connection, draft, found, verdict)
    amounts = {code: Decimal(catalog.units.money(amount, code)) for code, amount in found.amounts.items()}
    return BillRun("rated", str(asked.period), draft.run, len(found.pending), len(found.items), amounts, found.left)


def _hold_contributions(connection: sa.Connection, catalog: Catalog, asked: Asked) -> None:
    """Keep others from billing, or cancelling, what counts towards a commitment until it is settled."""
    for period in sorted({str(each.period) for each in contributing(connection, catalog, asked)}):
        locks.shared(connection, period)


def _nothing_due(asked: Asked, left: tuple[str, ...] = ()) -> BillRun:
    return BillRun("nothing_due", str(asked.period), None, 0, 0, {}, left)


def _validated(items: Sequence[RatedItem], catalog: Catalog, home: Path, name: str) -> Verdict:
    """Hold the items against their suite; one bad item stops the whole run: money is not billed in part."""
    suite = rated_border.suite(catalog.units.currencies)
    columns = {column: [getattr(item, column) for item in items] for column in suite.columns}
    verdict = validate(pd.DataFrame(columns, dtype=object), suite, home / "data_docs", name)
    require(verdict)
    if verdict.reasons:
        raise ValidationFailedError(f"{'; '.join(sorted(set(verdict.reasons.values())))}; see {verdict.docs}")
    return verdict


def _keep(connection: sa.Connection, draft: _Draft, found: Due, verdict: Verdict) -> None:
    """Write the items and what they draw, and take their usage from Pending."""
    run = draft.run
    bill_runs.rated(connection, run, draft.by, len(found.pending), verdict.results, draft.reason)
    billing.add_items(connection, run, draft.asked.period, found.items)
    keep_movements(connection, found.movements, run)
    if billing.process(connection, run, found.pending) != len(found.pending):
        raise ValidationFailedError(
            f"bill run {run}: not every record could be processed; nothing was billed: make it again"
        )
