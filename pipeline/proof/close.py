"""Close a billed period: seal a manifest of what it was made of, once all of it can be made again."""

from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pipeline.billing.preflight import Intake
from pipeline.catalog.catalog import Catalog
from pipeline.durable import sha256
from pipeline.proof.billed import Billed
from pipeline.proof.remake import FilesGoneError, remake, situation_then
from pipeline.proof.seal import Manifest, SealedFile, SealedMeter, read, write
from pipeline.proof.sealed_rules import seal_rules
from pipeline.proof.verify import check
from pipeline.store import bill_runs, billing, closing, ledger, lineage, locks
from pipeline.uploads.submit import FOLDER as UPLOADS
from pipeline.usage.load import SET_ASIDE
from transforms.errors import MeterbridgeError
from transforms.period import Period

DIFFERENCES_TOLD = 5
UNBILLED = ("pending", "deleted")  # the ledger's places for readings whose record exists, or did, and is not billed


class CloseRefusedError(MeterbridgeError):
    """A period that cannot be closed as it is; the message says why. Nothing was sealed."""


@dataclass(frozen=True)
class Closed:
    """What closing did: `closed`, or `exists`: the same was sealed before."""

    outcome: str
    manifest: Manifest
    file: SealedFile
    left_pending: int

    def __str__(self) -> str:
        sealed, left = self.manifest, f"; {self.left_pending} Pending records are no part of it"
        return (
            f"period {sealed.period}: {self.outcome} as {self.file.sha256}, {sealed.records.count} records, "
            f"{sealed.items.count} items of {len(sealed.bill_runs)} bill runs" + (left if self.left_pending else "")
        )


def close(store: sa.Engine, catalog: Catalog, period: Period, home: Path, *, by: str) -> Closed:
    """Seal a billed period. Closed again it seals what was billed since, and names the manifest before.

    CloseRefusedError while usage waits for a bill run, or when what is stored does not come out when it is made again.
    """
    runs, left = _require_billed(store, catalog, period)
    with store.begin() as connection:
        sealed = closing.seals(connection, str(period))
    file = SealedFile(path=sealed[-1]["path"], sha256=sealed[-1]["sha256"]) if sealed else None
    manifest = _gather(store, catalog, period, home, runs, file)
    if file and (before := read(file, home)) == manifest.model_copy(update={"former": before.former}):
        return Closed("exists", before, file, left)
    if differences := [each for found in check(store, manifest, home) for each in found.differences]:
        told = "; ".join(differences[:DIFFERENCES_TOLD])
        raise CloseRefusedError(f"period {period} cannot be closed, it does not come out when it is made again: {told}")
    return Closed("closed", manifest, _note(store, manifest, home, by), left)


def _require_billed(store: sa.Engine, catalog: Catalog, period: Period) -> tuple[list[str], int]:
    """Give the period's bill runs, and how many records no bill run takes; refuse while there are others."""
    with store.begin() as connection:
        runs = closing.runs(connection, str(period))
        rows = billing.active_usage(connection, period, lock=False)
        found = Intake.read(connection, catalog).sort_out(rows)
        unposted = bill_runs.in_status(connection, period, "draft", "rated")
    if unposted:
        told = ", ".join(f"{row['bill_run_id']} ({row['status']})" for row in unposted)
        raise CloseRefusedError(
            f"period {period} has bill runs that are not posted: {told}; run `meterbridge rate {period}`, by which a "
            f"draft for which nothing is due any more goes, and `meterbridge post {period}`, or cancel them"
        )
    if not runs:
        raise CloseRefusedError(f"period {period} has no bill run yet: run `meterbridge rate {period}` first")
    if waiting := sum(row["status"] == "Pending" for row in found.taken):
        raise CloseRefusedError(f"period {period} has {waiting} Pending records: run `meterbridge rate {period}` first")
    if adjusting := [row["record_id"] for row in found.left if row["corrects"] is not None]:
        told = f"record {adjusting[0]}: {found.reasons[adjusting[0]]}"
        raise CloseRefusedError(f"period {period} has {len(adjusting)} adjustments that no bill run takes; {told}")
    return runs, len(found.left)


def _gather(
    store: sa.Engine, catalog: Catalog, period: Period, home: Path, runs: list[str], former: SealedFile | None
) -> Manifest:
    """Put together what a period was made of."""
    billed = Billed.read(store, str(period), runs)
    with store.begin() as connection:
        meters = {row["meter"]: row["import_id"] for row in closing.meter_imports(connection, str(period))}
        uploads = closing.uploads(connection, {row["import_id"] for row in billed.records})
        exported = closing.exported(connection, str(period))
    rules = seal_rules(catalog, meters.keys(), {row["charge"] for row in billed.items})
    return Manifest(
        period=str(period),
        former=former and former.sha256,
        rules=rules,
        meters={name: _meter(store, catalog, name, period, each, billed, home) for name, each in meters.items()},
        uploads={row["import_id"]: _hashed(home / UPLOADS, row["original_path"]) for row in uploads},
        bill_runs=runs,
        records=billed.record_figures,
        items=billed.item_figures,
        exports=[SealedFile(path=row["path"], sha256=row["sha256"]) for row in exported],
    )


def _meter(
    store: sa.Engine, catalog: Catalog, name: str, period: Period, import_id: str, billed: Billed, home: Path
) -> SealedMeter:
    """Hash a meter's landed files, and list what they give and nobody billed: set aside, deleted, not picked up."""
    with store.begin() as connection:
        files = lineage.files(connection, import_id)
    hashed = {file.file_id: _hashed(home / "readings", file.path) for file in files}
    made = remake(store, catalog, situation_then(store, catalog, catalog.meter(name), period, hashed.keys()), home)
    left_out = sorted(made.keys() - billed.of_meter(name).keys())
    _require_told(store, name, period, sum(made[key].record.readings for key in left_out))
    return SealedMeter(import_id=import_id, files=hashed, left_out=left_out)


def _require_told(store: sa.Engine, meter: str, period: Period, readings: int) -> None:
    """Refuse readings that give usage which nobody billed, unless the ledger says where just as many are."""
    with store.begin() as connection:
        lines = ledger.read(connection, meter, period, 0).lines
    told = sum(line.rows for line in lines if line.place in UNBILLED or line.reason in SET_ASIDE)
    if told == readings:
        return
    # Without a reason no run brings back an adjustment that was deleted: see pipeline/usage/load.py.
    deleted = told > readings and any(line.place == "deleted" for line in lines)
    since, reason = (
        ("an adjustment was deleted", " --reason …") if deleted else ("the customers or the rules were changed", "")
    )
    raise CloseRefusedError(
        f"meter {meter}, period {period}: {readings} readings give usage that is not billed, its ledger tells of "
        f"{told}; {since} since: run `meterbridge run {meter} {period}{reason}`"
    )


def _hashed(folder: Path, path: str) -> SealedFile:
    if not (folder / path).is_file():
        raise FilesGoneError(f"{folder / path} is missing; restore it from a backup before the period is closed")
    return SealedFile(path=path, sha256=sha256(folder / path))


def _note(store: sa.Engine, manifest: Manifest, home: Path, by: str) -> SealedFile:
    """Write the manifest and enter it, unless somebody billed or closed the period meanwhile."""
    file = write(manifest, home)
    with store.begin() as connection:
        locks.exclusive(connection, manifest.period)
        sealed = closing.seals(connection, manifest.period)
        last = sealed[-1]["sha256"] if sealed else None
        if closing.runs(connection, manifest.period) != manifest.bill_runs or last != manifest.former:
            raise CloseRefusedError(f"period {manifest.period} was billed or closed meanwhile: close it again")
        closing.note(connection, manifest.period, file.sha256, file.path, by)
    return file
