"""Rate: the bill run of a period. Pending usage becomes Processed, rated items bill what is due; one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import sqlalchemy as sa

from expectations import rated as rated_border
from pipeline.catalog import Catalog
from pipeline.layout import money as shown
from pipeline.preflight import Pickup, sort_out
from pipeline.ready import missing_meters
from pipeline.situation import require_ended
from pipeline.store import billing, customers, locks
from pipeline.units import require_current
from pipeline.validate import Verdict, validate
from pipeline.validate_usage import ValidationFailedError, require
from transforms.errors import MeterbridgeError
from transforms.identity import bill_run_id
from transforms.period import Period
from transforms.rating.lines import exact_sums
from transforms.rating.rate import rate as rate_usage
from transforms.rating.subscribed import charge_periods
from transforms.rating.usage import RatedItem


class NotReadyError(MeterbridgeError):
    """A period whose meters are not all loaded cannot be billed; the message names them."""


@dataclass(frozen=True)
class BillRun:
    """What a bill run did: `created`, or `nothing_due`; `left_pending` says what it could not take, and why."""

    outcome: str
    period: str
    bill_run_id: str | None
    records: int
    items: int
    amounts: dict[str, Decimal]
    left_pending: tuple[str, ...]

    def __str__(self) -> str:
        money = (
            ", ".join(f"{shown(amount)} {currency}" for currency, amount in sorted(self.amounts.items())) or "no amount"
        )
        left = (
            f"; {len(self.left_pending)} records stay Pending: {'; '.join(self.left_pending)}"
            if self.left_pending
            else ""
        )
        return f"bill run {self.period}: {self.outcome}, {self.records} records, {self.items} items, {money}{left}"


def rate(store: sa.Engine, catalog: Catalog, period: Period, home: Path, *, at: datetime) -> BillRun:
    """Rate a billing period. Run again it finds nothing Pending and bills nothing.

    WrongPeriodError when no charge that is billed has the period; NotReadyError when a meter that has it is not loaded;
    ValidationFailedError when an item breaks an expectation; RatingError when usage cannot be rated. In each case
    nothing of the run is kept.
    """
    require_ended(period, at)
    if missing := missing_meters(store, catalog, period):
        raise NotReadyError(f"period {period} cannot be billed yet; not loaded: {', '.join(missing)}")
    with store.begin() as connection:
        locks.shared(connection, locks.SHAPE)
        locks.exclusive(connection, str(period))
        require_current(connection, catalog)
        billing.note_rated(connection, period)
        rows = billing.active_usage(connection, period)
        return _bill(connection, catalog, period, sort_out(connection, catalog, rows), home)


def _bill(connection: sa.Connection, catalog: Catalog, period: Period, found: Pickup, home: Path) -> BillRun:
    pending, left = [row for row in found.taken if row["status"] == "Pending"], tuple(found.told())
    fees = charge_periods(found.accounts.values(), customers.all_charges(connection), catalog.charges, period)
    nothing = BillRun("nothing_due", str(period), None, 0, 0, {}, left)
    if not pending and not fees:
        return nothing
    billed, lines = billing.billed(connection, period), [found.line(row) for row in found.taken]
    items = rate_usage(lines, charges=catalog.charges, units=catalog.units, billed=billed, subscribed=fees)
    if not items:
        return nothing
    run = bill_run_id(period, _taken(pending) or [("runs before", str(billing.runs(connection, period)))])
    verdict = _validated(items, catalog, home, f"rated-{period}-{run[:8]}")
    billing.add_run(connection, run, period, len(pending), verdict.results)
    billing.add_items(connection, run, period, items)
    if billing.process(connection, run, [row["record_id"] for row in pending]) != len(pending):
        raise ValidationFailedError(f"bill run {run}: not every record could be processed; nothing was billed")
    amounts = exact_sums((item.currency, item.amount) for item in items)
    return BillRun("created", str(period), run, len(pending), len(items), amounts, left)


def _taken(pending: Sequence[sa.RowMapping]) -> list[tuple[str, str]]:
    return [(row["import_id"], row["record_key"]) for row in pending]


def _validated(items: Sequence[RatedItem], catalog: Catalog, home: Path, name: str) -> Verdict:
    """Hold the items against their suite; one bad item stops the whole run: money is not billed in part."""
    frame = pd.DataFrame([asdict(item) for item in items], dtype=object)
    verdict = validate(frame, rated_border.suite(catalog.units.currencies), home / "data_docs", name)
    require(verdict)
    if verdict.reasons:
        raise ValidationFailedError(f"{'; '.join(sorted(set(verdict.reasons.values())))}; see {verdict.docs}")
    return verdict
