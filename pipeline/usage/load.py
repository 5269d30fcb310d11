"""Load: usage into the store in one transaction; the same content once, a correction in place of what is Pending."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import events, imports, incoming, ledger, locks, partitions, usage
from pipeline.store.incoming import Corrections, Sum
from pipeline.store.usage import Import
from pipeline.usage.batch import Batch
from pipeline.usage.besides import Before, Earlier, changed_besides, lowered
from pipeline.usage.diff import staged
from pipeline.usage.outcome import Loaded, conclude
from pipeline.usage.overtaken import require_current_files, require_known_changes
from transforms.catalog.charge import NegativeUsage
from transforms.catalog.policy import BilledUsage
from transforms.errors import MeterbridgeError
from transforms.identity import import_id
from transforms.usage.diff import Diff, Part

NAME_LENGTH = 100
OWN_PARTITION_RECORDS = 20_000  # a load of so many is built aside, when it is the first of its period
SET_ASIDE = ("coverage", "expectation", "price")  # the reasons of readings whose record the validation set aside


class LoadRefusedError(MeterbridgeError):
    """Usage that must not be loaded; the message says why and what to do. The store is as it was."""


@dataclass(frozen=True)
class Load:
    """One load as it goes on: the usage, who loads it and why, and the import whose place it takes, if any.

    `earlier` is what was there before gives, once it was derived.
    """

    store: sa.Engine
    connection: sa.Connection
    catalog: Catalog
    batch: Batch
    active: Import | None
    reason: str
    by: str
    earlier: Earlier | None

    @property
    def where(self) -> tuple[str, Any]:
        """Meter and period, as the store's functions take them."""
        return self.batch.meter.meter, self.batch.period

    def __str__(self) -> str:
        return f"meter {self.batch.meter.meter}, period {self.batch.period}"


def load(
    store: sa.Engine,
    catalog: Catalog,
    usage_path: Path,
    verdict_path: Path,
    home: Path,
    *,
    reason: str = "",
    by: str = "meterbridge",
) -> Loaded:
    """Load a validated usage artefact, and keep who did so and why.

    LoadRefusedError when a charge has usage from another meter, and when billed usage would change although that is
    not allowed, or for more than readings that came late although no reason is given. OvertakenError when the store
    holds what was derived from later files, or is an earlier one; OtherVerdictError when the verdict is another
    artefact's; UnexplainedRowsError when the ledger does not add up.
    """
    batch = Batch.read(catalog, usage_path, verdict_path)
    earlier: Earlier | None = None
    while isinstance(found := _load(store, catalog, batch, earlier, reason, by), Before):
        # In no transaction: the server ends one that is idle for two minutes, and others wait for its locks.
        earlier = Earlier.of(store, catalog, batch, home, found)
    return found


def _load(
    store: sa.Engine, catalog: Catalog, batch: Batch, earlier: Earlier | None, reason: str, by: str
) -> Loaded | Before:
    """Load usage, unless it must be known first what was there before gives: then nothing is done."""
    large = batch.sum.records >= OWN_PARTITION_RECORDS
    with store.begin() as connection:
        _lock(connection, batch, large=large)
        require_known_changes(connection, batch)
        active = usage.active_import(connection, batch.slot)
        if active and active.holds(batch.content):
            return conclude(connection, batch, "exists", active.import_id)
        if not active and not batch.sum.records:
            return conclude(connection, batch, "empty", None)
        require_current_files(connection, batch, active)
        this = Load(store, connection, catalog, batch, active, reason, by, earlier)
        if large and not active and not partitions.has_records(connection, batch.period):
            return conclude(connection, batch, "created", _build(this))
        return _settle(this)


def _lock(connection: sa.Connection, batch: Batch, *, large: bool) -> None:
    """Lock the meter's period against other loads and bill runs, and the tables' shape where they may get another."""
    (locks.exclusive if large else locks.shared)(connection, locks.SHAPE)
    locks.shared(connection, str(batch.period))
    locks.exclusive(connection, str(batch.period), batch.meter.meter)


def _build(this: Load) -> str:
    """Put what comes in into a partition of its own: nothing is held of its period."""
    part = Part(this.batch.sum.records, after=this.batch.sum.quantity, moved=this.batch.sum.quantity)
    new = _add(this, Diff(this.catalog.uom(this.batch.meter), {"added": part}))
    partitions.build(this.connection, new, this.batch.period, this.batch.records())
    return _complete(this, new, this.batch.sum)


def _settle(this: Load) -> Loaded | Before:
    """Stage what comes in, and decide what becomes of what is billed."""
    incoming.stage(this.connection, this.batch.records())
    if taken := incoming.taken(this.connection, *this.where):
        number, meter = taken
        raise LoadRefusedError(
            f"{this}: charge {number} has usage from meter {meter} already; one record per charge and period: let one "
            "of the meters map to another charge"
        )
    corrections = incoming.corrections(this.connection, *this.where)
    if corrections.records and (left := _left_as_billed(this, corrections)):
        return left
    outcome = "adjusted" if corrections.records else "created"
    made = _create(this, staged(this.connection, this.catalog, this.batch))
    return conclude(this.connection, this.batch, outcome, made)


def _left_as_billed(this: Load, corrections: Corrections) -> Loaded | Before | None:
    """Leave what is billed as it is where readings came late and it may not be adjusted; None where it is adjusted.

    What was there before, where nobody has derived yet what it gives. LoadRefusedError where what is billed would
    change for more than readings that came late.
    """
    before = Before.of(this.connection, this.catalog, this.batch, this.active)
    late = before.late(this.batch)
    refusal = _refusal(this, corrections, late=late)
    if refusal and not late:
        raise LoadRefusedError(f"{this}: {refusal}")
    if not refusal and this.reason:
        return None
    earlier = this.earlier
    if earlier is None or earlier.before != before:
        return before
    if told := changed_besides(this.connection, this.store, this.catalog, this.batch, earlier):
        raise LoadRefusedError(f"{this}: {refusal or told}")
    return _late(this, earlier) if refusal else None


def _refusal(this: Load, corrections: Corrections, *, late: bool) -> str | None:
    """Say why what is billed may not be adjusted; None where it may."""
    charge = this.catalog.charge_of(this.batch.meter)
    if corrections.other_unit:
        return f"what is billed was counted in another unit than {charge.uom}; it cannot be adjusted"
    if this.batch.meter.billed_usage is BilledUsage.REFUSE:
        return (
            "it is billed, and the same readings now give another result: the meter, its charge or an account was "
            "changed; take the change back, or let the meter adjust what is billed (billed_usage: adjust)"
        )
    if not late and corrections.negative and charge.negative_usage is NegativeUsage.REFUSE:
        return (
            f"{corrections.negative} adjustments of what is billed would be below zero, which charge {charge.charge} "
            f"refuses: {lowered(this.connection, this.catalog, this.batch)}; take the change back, or let the charge "
            "take them (negative_usage: allow)"
        )
    if not late and not this.reason:
        return (
            f"it is billed, and the same readings now give another result: {corrections.records} adjustments; "
            "take the change back, or give a reason (--reason, or in the form of the run)"
        )
    return None


def _create(this: Load, found: Diff) -> str:
    """Put what comes in in the place of what is Pending."""
    new = _add(this, found)
    if this.active:
        usage.supersede_records(this.connection, this.batch.slot, new)
    amount_field = this.catalog.charge_of(this.batch.meter).amount_field
    return _complete(this, new, incoming.take_over(this.connection, new, *this.where, amount_field))


def _add(this: Load, found: Diff) -> str:
    """Add the import, in the place of the one that is active."""
    follows = this.active.import_id if this.active else None
    new = import_id(this.batch.content, follows)
    if follows:
        usage.supersede(this.connection, follows, new)
    values = _import_row(this, found) | {"import_id": new, "follows": follows}
    usage.add_import(this.connection, values, this.batch.meter.source_name, sorted(this.batch.files))
    return new


def _complete(this: Load, new: str, sent: Sum) -> str:
    """Read back what the store holds, and complete the import when that is what was sent."""
    if incoming.stands(this.connection, new) != sent:
        raise LoadRefusedError(
            f"import {new}: the store does not hold what was sent; nothing was loaded: load it again"
        )
    quarantined = this.batch.quarantined
    figures = {
        "total_count": sent.records + quarantined,
        "imported_count": sent.records,
        "control_total": sent.quantity,
    }
    imports.finish(this.connection, new, figures | {"status": "Completed"})
    details = {"name": f"{this.batch.meter.meter} {this.batch.period}", "records": sent.records}
    events.note(this.connection, "import_succeeded", new, details | {"quarantined": quarantined})
    return new


def _import_row(this: Load, found: Diff) -> dict[str, Any]:
    batch = this.batch
    return {
        "slot": batch.slot,
        "source_type": "Meter",
        "name": f"{batch.meter.meter} {batch.period}"[:NAME_LENGTH],
        "meter": batch.meter.meter,
        "period": str(batch.period),
        "content_hash": batch.content,
        "validation": batch.verdict["validation"],
        "docs": batch.verdict["docs"],
        "diff": found.summary(),
        "reason": this.reason,
        "created_by": this.by,
        "updated_by": this.by,
    }


def _late(this: Load, earlier: Earlier) -> Loaded:
    """Leave billed usage as it is, and enter what came after it as late."""
    assert this.active is not None  # noqa: S101 narrows the type: without an import nothing is late
    batch = this.batch
    # The records that the import left out are no part of it, and their readings are no later than the others.
    kept = ledger.read(this.connection, *this.where, batch.landed).lines
    left_out = [line for line in kept if line.place == "quarantined" and line.reason in SET_ASIDE]
    lines = [*earlier.lines(batch), *left_out]
    # The import knows no more of them than before: a later run must not take them for something else that was changed.
    seen, before = batch.seen, earlier.before
    seen = replace(seen, strangers=batch.strangers | before.found)
    seen = seen if before.moved is None else replace(seen, changes=before.moved)
    return conclude(this.connection, batch, "late", this.active.import_id, lines, seen)
