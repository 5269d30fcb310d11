"""Load: usage into the store in one transaction; the same content once, a correction in place of what is Pending."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline import artefact
from pipeline.catalog import Catalog
from pipeline.derive import rederive
from pipeline.map import read_usage
from pipeline.store import ledger, locks, usage
from pipeline.store.ledger import Seen
from pipeline.store.usage import Import
from transforms.errors import MeterbridgeError
from transforms.identity import content_hash, import_id
from transforms.meter import Meter
from transforms.period import Period
from transforms.reconcile import LedgerLine, check
from transforms.usage import UsageRecord

WARNINGS_SHOWN = 10
SET_ASIDE = ("coverage", "expectation")  # the reasons of readings whose record the validation set aside


class LoadRefusedError(MeterbridgeError):
    """Usage that must not be loaded; the message says why and what to do. The store is as it was."""


@dataclass(frozen=True)
class Loaded:
    """What a load did: created, exists (the same content is active), empty (no record) or late (billed already)."""

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
        warned = f"; warning: {'; '.join(self.warnings[:WARNINGS_SHOWN])}" if self.warnings else ""
        warned += f" and {len(self.warnings) - WARNINGS_SHOWN} more" if len(self.warnings) > WARNINGS_SHOWN else ""
        return f"{self.meter} {self.period}: {self.outcome}, {names}, {counts}{warned}"


@dataclass(frozen=True)
class Batch:
    """Usage on its way into the store: the records that passed, and where all other readings are."""

    meter: Meter
    period: Period
    records: Sequence[UsageRecord]
    seen: Seen
    landed: int
    lines: list[LedgerLine]
    verdict: dict[str, Any]
    quarantined: int

    @property
    def files(self) -> frozenset[str]:
        """The landed files that it was made of."""
        return frozenset(self.seen.files)

    @property
    def content(self) -> str:
        """The hash of what would be active after the load."""
        return content_hash(self.meter.meter, self.period, (record.canonical for record in self.records))


def load(store: sa.Engine, catalog: Catalog, usage_path: Path, verdict_path: Path, home: Path) -> Loaded:
    """Load a validated usage artefact.

    LoadRefusedError when the verdict is another artefact's, when a charge has usage from another meter, or when billed
    usage would change although no reading came late; UnexplainedRowsError when the ledger does not add up.
    """
    batch = _batch(catalog, usage_path, verdict_path)
    with store.begin() as connection:
        locks.shared(connection, str(batch.period))
        locks.exclusive(connection, str(batch.period), batch.meter.meter)
        active = usage.active_import(connection, batch.meter.meter, batch.period)
        if active and active.content_hash == batch.content:
            return _done(connection, batch, "exists", active.import_id)
        if not active and not batch.records:
            return _done(connection, batch, "empty", None)
        billed = {record.canonical for record in usage.processed_records(connection, batch.meter.meter, batch.period)}
        if active and billed - {record.canonical for record in batch.records}:
            return _late(connection, store, catalog, batch, active, home)
        new = [record for record in batch.records if record.canonical not in billed]
        return _done(connection, batch, "created", _create(connection, batch, new, active))


def _create(connection: sa.Connection, batch: Batch, records: Sequence[UsageRecord], active: Import | None) -> str:
    """Put records, what is billed left out, in the place of what is Pending."""
    if taken := usage.taken_charges(connection, records, batch.meter.meter):
        number, meter = taken[0]
        raise LoadRefusedError(
            f"meter {batch.meter.meter}, period {batch.period}: charge {number} has usage from meter {meter} already; "
            f"one record per charge and period: let one of the meters map to another charge"
        )
    follows = active.import_id if active else None
    new = import_id(batch.content, follows)
    if follows:
        usage.supersede(connection, follows, new)
    values = _import_row(batch, records) | {"import_id": new, "follows": follows}
    usage.add_import(connection, values, batch.meter.source_name, sorted(batch.files))
    if follows:
        usage.supersede_records(connection, follows, new)
    usage.add_records(connection, new, records)
    if usage.read_back(connection, new) != (len(records), values["control_total"]):
        raise LoadRefusedError(f"import {new}: the store does not hold what was sent; nothing was loaded")
    return new


def _import_row(batch: Batch, records: Sequence[UsageRecord]) -> dict[str, Any]:
    return {
        "slot": f"{batch.meter.meter}/{batch.period}",
        "source_type": "Meter",
        "name": f"{batch.meter.meter} {batch.period}"[:100],
        "meter": batch.meter.meter,
        "period": str(batch.period),
        "content_hash": batch.content,
        "total_count": len(records) + batch.quarantined,
        "imported_count": len(records),
        "control_total": sum((record.quantity for record in records), Decimal(0)),
        "validation": batch.verdict["validation"],
        "docs": batch.verdict["docs"],
    }


def _done(connection: sa.Connection, batch: Batch, outcome: str, import_id: str | None) -> Loaded:
    """Keep the ledger, and refuse the whole load when a row is unexplained."""
    others = [line for line in batch.lines if line.place != "used"]
    kept = ledger.keep(
        connection,
        batch.meter.meter,
        batch.period,
        landed=batch.landed,
        outcome=outcome,
        import_id=import_id,
        lines=others,
        seen=batch.seen,
    )
    check(kept)
    warnings = tuple(batch.verdict["warnings"])
    return Loaded(
        outcome, batch.meter.meter, str(batch.period), import_id, len(batch.records), batch.quarantined, warnings
    )


def _late(
    connection: sa.Connection, store: sa.Engine, catalog: Catalog, batch: Batch, active: Import, home: Path
) -> Loaded:
    """Leave billed usage as it is, and enter what came after it as late."""
    before = usage.import_file_ids(connection, active.import_id)
    if not batch.files - before:
        raise LoadRefusedError(
            f"meter {batch.meter.meter}, period {batch.period}: import {active.import_id} is billed, and the same "
            f"readings now give another result: the meter, its charge or an account was changed; take the change back"
        )
    derived = rederive(store, catalog, batch.meter, batch.period, home, before)
    arrived = LedgerLine("late", "after_billing", batch.landed - derived.landed, f"{len(batch.files - before)} files")
    # The records that the import left out are no part of it, and their readings are no later than the others.
    kept = ledger.read(connection, batch.meter.meter, batch.period, batch.landed).lines
    left_out = [line for line in kept if line.place == "quarantined" and line.reason in SET_ASIDE]
    return _done(connection, _with_lines(batch, [*derived.lines, *left_out, arrived]), "late", active.import_id)


def _with_lines(batch: Batch, lines: list[LedgerLine]) -> Batch:
    return Batch(batch.meter, batch.period, [], batch.seen, batch.landed, lines, batch.verdict, 0)


def _batch(catalog: Catalog, usage_path: Path, verdict_path: Path) -> Batch:
    records, about = read_usage(usage_path)
    table, verdict = artefact.read(verdict_path)
    if verdict["usage"] != usage_path.name:
        raise LoadRefusedError(
            f"{verdict_path} judged {verdict['usage']}, not {usage_path.name}: validate this usage first"
        )
    reasons = {row["record_key"]: row["reason"] for row in table.to_pylist()}
    refused = [record for record in records if record.record_key in reasons]
    lines = [LedgerLine(**line) for line in about["lines"]]
    lines += [
        LedgerLine(
            "quarantined",
            reasons[record.record_key].partition(":")[0],
            record.readings,
            f"charge {record.charge_number}: {reasons[record.record_key]}",
        )
        for record in refused
    ]
    return Batch(
        meter=catalog.meter(about["meter"]),
        period=Period.parse(about["period"]),
        records=[record for record in records if record.record_key not in reasons],
        seen=Seen(about["source"], about["files"], about["from_us"], about["until_us"]),
        landed=about["landed"],
        lines=lines,
        verdict=verdict,
        quarantined=len(refused),
    )
