"""Post: what a bill run rated becomes final, and invoices; until then it can be cancelled."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from pipeline.store import bill_runs, funds, locks
from transforms.errors import MeterbridgeError
from transforms.period import Period


class BillRunStatusError(MeterbridgeError):
    """A bill run whose status does not allow what is asked; the message says which it has, and what to do."""


@dataclass(frozen=True)
class Posted:
    """How many bill runs of a period were posted, and the invoices that they gave."""

    period: str
    bill_runs: int
    invoices: int

    def __str__(self) -> str:
        return f"period {self.period}: {self.bill_runs} bill runs posted, {self.invoices} invoices"


def rated(store: sa.Engine, period: Period) -> list[str]:
    """List the bill runs of a period that are rated and not posted, in their order."""
    with store.begin() as connection:
        return _rated(connection, period)


def post(store: sa.Engine, period: Period, *, by: str, runs: Collection[str] | None = None) -> Posted:
    """Post every rated bill run of a period, or of these; run again it finds none. What is posted never changes.

    BillRunStatusError when one of these was cancelled: what was approved is not what would be posted.
    """
    with store.begin() as connection:
        locks.exclusive(connection, str(period))
        _require_kept(connection, period, runs or ())
        rated = [run for run in _rated(connection, period) if runs is None or run in runs]
        for run in rated:
            bill_runs.advance(connection, run, "posted", by)
        return Posted(str(period), len(rated), sum(bill_runs.issue(connection, run) for run in rated))


def _rated(connection: sa.Connection, period: Period) -> list[str]:
    return [row["bill_run_id"] for row in bill_runs.in_status(connection, period, "rated")]


def _require_kept(connection: sa.Connection, period: Period, runs: Collection[str]) -> None:
    """Refuse to post some of several bill runs where another one of them was cancelled."""
    gone = [row for row in bill_runs.in_status(connection, period, "cancelled") if row["bill_run_id"] in runs]
    if gone:
        told = "; ".join(f"{row['bill_run_id']} by {row['updated_by']} ({row['reason']})" for row in gone)
        raise BillRunStatusError(
            f"period {period}: nothing is posted, for of the bill runs that were approved some are cancelled: {told}; "
            "rate it again (in Airflow, clear the run's tasks from rate on)"
        )


def cancel_rated(
    store: sa.Engine, period: Period, *, by: str, reason: str, runs: Collection[str] | None = None
) -> list[str]:
    """Cancel every rated bill run of a period, or of these, the latest first; says what was done.

    Of these, it says as well which somebody else has posted, or cancelled, meanwhile.
    """
    found = [run for run in rated(store, period) if runs is None or run in runs]
    done = [cancel(store, run, by=by, reason=reason) for run in reversed(found)]
    with store.begin() as connection:
        rows = bill_runs.in_status(connection, period, "posted", "cancelled")
    others = [row for row in rows if row["bill_run_id"] in (runs or ()) and row["bill_run_id"] not in found]
    return [*done, *(f"bill run {row['bill_run_id']} was {row['status']} by {row['updated_by']}" for row in others)]


def cancel(store: sa.Engine, run: str, *, by: str, reason: str) -> str:
    """Cancel a bill run that is not posted: its usage is Pending again, its items are set aside; says what was done.

    Its prepaid units are given back. BillRunStatusError when there is no such bill run, when it is posted or cancelled,
    or when a later one billed the difference to it; FundsUsedError when a later one used units that it rolled over.
    """
    with store.begin() as connection:
        locks.shared(connection, locks.SHAPE)
        locks.exclusive(connection, _period_of(connection, run))
        found = _cancellable(connection, run)
        bill_runs.advance(connection, run, "cancelled", by, reason=reason)
        records = bill_runs.take_back(connection, found)
        funds.give_back(connection, run)
    return f"bill run {run} of {found['period']} is cancelled: {records} records are Pending again"


def _period_of(connection: sa.Connection, run: str) -> str:
    found = bill_runs.find(connection, run, lock=False)
    if found is None:
        raise BillRunStatusError(f"there is no bill run {run}; `meterbridge bill-runs` lists them")
    return str(found["period"])


def _cancellable(connection: sa.Connection, run: str) -> sa.RowMapping:
    found = bill_runs.find(connection, run)
    if found is None or found["status"] not in {"draft", "rated"}:
        status = "gone" if found is None else found["status"]
        raise BillRunStatusError(
            f"bill run {run} is {status}; only one that is not posted can be cancelled. What was billed too much is "
            "billed back when its usage is corrected"
        )
    if later := bill_runs.billed_later(connection, found):
        raise BillRunStatusError(f"bill run {later} billed the difference to {run} since: cancel that one first")
    return found
