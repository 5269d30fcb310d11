"""What else was changed: billed usage that comes out otherwise even without the readings that came late."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.quantities.derive import Derived, rederive
from pipeline.quantities.moved import targets_then
from pipeline.store import customers, incoming, ledger, usage
from pipeline.store.usage import Import
from pipeline.usage.batch import Batch
from pipeline.usage.map import quantities_of, usage_of
from transforms.figures import plain
from transforms.lists import first_few
from transforms.quantities.reconcile import LedgerLine
from transforms.quantities.scope import Name

NOTHING = Decimal(0)
CHARGES_NAMED = 3


@dataclass(frozen=True)
class Before:
    """What active usage was made of: these files, and nothing of the names that have `found` their charge since.

    All else is late: readings of other files, readings of these names, and of those who have `moved` to other charges
    because a subscription was changed after the one of this number.
    """

    files: frozenset[str]
    found: frozenset[Name]
    moved: int | None

    @classmethod
    def of(cls, connection: sa.Connection, catalog: Catalog, batch: Batch, active: Import | None) -> "Before":
        """Tell what the import was made of whose place a batch takes."""
        if active is None:
            return cls(batch.files, frozenset(), None)
        left_out = ledger.strangers(connection, batch.meter.meter, batch.period)
        files = usage.import_file_ids(connection, active.import_id)
        return cls(frozenset(files), frozenset(left_out - batch.strangers), _moved(connection, catalog, batch))

    def late(self, batch: Batch) -> bool:
        """Tell whether any reading came, or found its charge, later."""
        return bool(self.found or batch.files.difference(self.files)) or self.moved is not None


def _moved(connection: sa.Connection, catalog: Catalog, batch: Batch) -> int | None:
    """Give the number of the last change that the ledger knows, where a name has other charges by a later one."""
    seen = ledger.changes_seen(connection, batch.meter.meter, batch.period)
    if not (since := customers.changes_since(connection, seen).values()):
        return None
    known = customers.everybody(connection)
    return seen if targets_then(connection, catalog, batch.meter, batch.period, known, since) else None


@dataclass(frozen=True)
class Earlier:
    """What was there `before` gives: `files` with all that is known by now, `billed` with what was known then."""

    before: Before
    files: Derived
    billed: Derived

    @classmethod
    def of(cls, store: sa.Engine, catalog: Catalog, batch: Batch, home: Path, before: Before) -> "Earlier":
        """Derive it again."""
        where = store, catalog, batch.meter, batch.period, home, before.files
        files = rederive(*where)
        same = not before.found and before.moved is None
        return cls(before, files, files if same else rederive(*where, without=before.found, before=before.moved))

    def lines(self, batch: Batch) -> list[LedgerLine]:
        """Say where the readings are that are not used: what came after it, or found its charge, is late.

        Where fewer would be used than are, all that was there stays where it was.
        """
        before, found = self.before, self.files.used - self.billed.used
        told = f"{len(batch.files - before.files)} files"
        told += f", {len(before.found)} accounts that had no charge" if before.found else ""
        told += ", subscriptions that were changed" if before.moved is not None else ""
        late = LedgerLine("late", "after_billing", batch.landed - self.files.landed + max(found, 0), told)
        there = self.files if found >= 0 else self.billed
        return [*(line for line in there.lines if line.place != "used"), late]


def changed_besides(
    connection: sa.Connection, store: sa.Engine, catalog: Catalog, batch: Batch, earlier: Earlier
) -> str | None:
    """Tell which billed usage would be adjusted for more than late readings: by what was there `earlier`.

    A changed factor, filter or subscription would else reach what is billed as soon as any reading comes late.
    """
    meter, period = batch.meter, batch.period
    records = usage_of(store, catalog, meter, period, quantities_of(earlier.billed.quantities, meter))
    made = {each.record_key: each.quantity for each in records}
    corrected = incoming.corrected(connection, meter.meter, period)
    other = [(*held, made.get(key, NOTHING)) for key, held in corrected.items() if made.get(key, NOTHING) != held[1]]
    if not other:
        return None
    number, quantity, now = min(other)
    more = f", and {len(other) - 1} more charges" if other[1:] else ""
    return (
        f"readings came late, and what was billed before comes to another result even without them: charge {number} "
        f"was billed {plain(quantity)} {catalog.uom(meter)}, and comes to {plain(now)}{more}; take back what was "
        "changed (meter, charge, account or record), or give a reason (--reason, or in the form of the run)"
    )


def lowered(connection: sa.Connection, catalog: Catalog, batch: Batch) -> str:
    """Name the first charges that would have been billed too much, and by how much."""
    uom, found = catalog.uom(batch.meter), incoming.below_zero(connection, batch.meter.meter, batch.period)
    return first_few([f"{number} by {plain(quantity)} {uom}" for number, quantity in found], CHARGES_NAMED)
