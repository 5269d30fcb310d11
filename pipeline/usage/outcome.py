"""What a load of usage comes to, and the ledger of its readings that is kept with it."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from pipeline.store import ledger
from pipeline.store.ledger import Seen
from pipeline.usage.batch import Batch
from transforms.lists import first_few
from transforms.quantities.reconcile import LedgerLine, check

WARNINGS_SHOWN = 10


@dataclass(frozen=True)
class Loaded:
    """What a load did: created, adjusted (what is billed was corrected), exists, empty (no record) or late."""

    outcome: str
    meter: str
    period: str
    import_id: str | None
    records: int
    quarantined: int
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        names = f"import {self.import_id}" if self.import_id else "no import"
        counts = f"{self.records} records, {self.quarantined} quarantined"
        warned = f"; warning: {first_few(self.warnings, WARNINGS_SHOWN, '; ')}" if self.warnings else ""
        return f"{self.meter} {self.period}: {self.outcome}, {names}, {counts}{warned}"


def conclude(
    connection: sa.Connection,
    batch: Batch,
    outcome: str,
    import_id: str | None,
    lines: Sequence[LedgerLine] | None = None,
    seen: Seen | None = None,
) -> Loaded:
    """Keep the ledger, and refuse the whole load when a row is unexplained; `lines` and `seen` may be others."""
    kept = ledger.keep(
        connection,
        batch.meter.meter,
        batch.period,
        landed=batch.landed,
        outcome=outcome,
        import_id=import_id,
        lines=batch.lines if lines is None else lines,
        seen=seen or batch.seen,
    )
    check(kept)
    warnings = tuple(batch.verdict["warnings"])
    records, quarantined = (batch.sum.records, batch.quarantined) if lines is None else (0, 0)
    return Loaded(outcome, batch.meter.meter, str(batch.period), import_id, records, quarantined, warnings)
