"""Verify a closed period: derive, map and rate it again by the sealed rules, and compare with what is stored."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import sqlalchemy as sa

from pipeline.billing.commitments import contributed_then
from pipeline.billing.prepaid import recorded
from pipeline.billing.rerate import item_text, rate_again, row_text
from pipeline.catalog.catalog import Catalog
from pipeline.durable import sha256
from pipeline.proof.billed import Billed
from pipeline.proof.remake import FilesGoneError, remake, remake_upload, situation_then
from pipeline.proof.seal import Figures, Manifest, SealedFile, SealedMeter, read
from pipeline.proof.sealed_rules import unseal_rules
from pipeline.store import closing
from pipeline.uploads.submit import FOLDER as UPLOADS
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.period import Period
from transforms.rating.lines import EXACT, exact_sum
from transforms.rating.usage import BilledKey, RatingError
from transforms.usage.usage import UsageRecord

DIFFERENCES_SHOWN = 20


class NotClosedError(MeterbridgeError):
    """A period that nobody has closed has no seal that could be verified."""


@dataclass(frozen=True)
class Check:
    """One comparison in words, and what differs."""

    compared: str
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        shown = [f"    DIFFERS: {each}" for each in self.differences[:DIFFERENCES_SHOWN]]
        more = len(self.differences) - DIFFERENCES_SHOWN
        return "\n".join([f"  {self.compared}", *shown, *([f"    and {more} more"] if more > 0 else [])])


@dataclass(frozen=True)
class Verified:
    """A verification: its heading, what was compared, and what else is to be known."""

    heading: str
    checks: list[Check]
    notes: list[str]

    @property
    def differences(self) -> list[str]:
        """All that differs."""
        return [each for check in self.checks for each in check.differences]

    def __str__(self) -> str:
        found = len(self.differences)
        verdict = f"NOT VERIFIED: {found} differences" if found else "verified"
        return "\n".join([self.heading, *map(str, self.checks), *(f"  {note}" for note in self.notes), verdict])


def verify(store: sa.Engine, period: Period, home: Path) -> Verified:
    """Verify the latest seal of a period; NotClosedError without one, BrokenSealError when its manifest is damaged."""
    with store.begin() as connection:
        sealed = closing.seals(connection, str(period))
        runs = closing.runs(connection, str(period))
    if not sealed:
        raise NotClosedError(f"period {period} is not closed: run `meterbridge close {period}` once it is billed")
    manifests = [read(SealedFile(path=each["path"], sha256=each["sha256"]), home) for each in sealed]
    manifest, last = manifests[-1], sealed[-1]
    since = [run for run in runs if run not in manifest.bill_runs]
    notes = [f"billed again since by {len(since)} bill runs: what was sealed stands; close it again to seal them"]
    return Verified(_heading(last, len(sealed)), check(store, manifest, home), notes if since else [])


def _heading(seal: sa.RowMapping, count: int) -> str:
    closed_at: datetime = seal["closed_at"]
    heading = f"{seal['period']}, closed by {seal['closed_by']} at {closed_at:%Y-%m-%d %H:%M} UTC as {seal['sha256']}"
    return heading + (f", the latest of {count} seals" if count > 1 else "")


def check(store: sa.Engine, manifest: Manifest, home: Path) -> list[Check]:
    """Compare all that a manifest names with what is there; usage is made again only from files that are whole."""
    stored = Billed.read(store, manifest.period, manifest.bill_runs)
    landed = [file for meter in manifest.meters.values() for file in meter.files.values()]
    files = [
        _files("landed files", landed, home / "readings"),
        _files("uploaded files", manifest.uploads.values(), home / UPLOADS),
    ]
    damaged = any(each.differences for each in files)
    rules = unseal_rules(manifest.rules).of(Period.parse(manifest.period))
    made = [] if damaged else _made(store, rules, manifest, stored, home)
    sealed = [
        _figures("records", manifest.records, stored.record_figures),
        _figures("rated items", manifest.items, stored.item_figures),
        _files("exported files", manifest.exports, home / "exports"),
    ]
    return [*files, *made, *sealed]


def _made(store: sa.Engine, catalog: Catalog, manifest: Manifest, stored: Billed, home: Path) -> list[Check]:
    """Make usage and items again by the sealed rules."""
    checks = [
        _of_meter(store, catalog, name, Period.parse(manifest.period), sealed, stored, home)
        for name, sealed in manifest.meters.items()
    ]
    checks += [_of_upload(store, catalog, import_id, stored, home) for import_id in manifest.uploads]
    calls = sum(row["source_type"] == "API" for row in stored.records)
    checks += [Check(f"API: {calls} records are taken as they are, for a call leaves no file")] if calls else []
    changed = len(stored.changed)
    checks += [Check(f"changed by hand: {changed} records are taken as they are")] if changed else []
    return [*checks, _of_runs(store, catalog, manifest.bill_runs, stored)]


def _files(what: str, sealed: Iterable[SealedFile], folder: Path) -> Check:
    listed = {each.path: each for each in sealed}
    differences = []
    for each in listed.values():
        path = folder / each.path
        if not path.is_file():
            differences.append(f"{path} is missing; restore it from a backup")
        elif sha256(path) != each.sha256:
            differences.append(f"{path} is not what was sealed: its bytes differ; restore it from a backup")
    return Check(f"{what}: {len(listed)}, their bytes compared", differences)


def _of_meter(
    store: sa.Engine, catalog: Catalog, name: str, period: Period, sealed: SealedMeter, stored: Billed, home: Path
) -> Check:
    """Derive and map a meter again, and compare key by key with what is billed."""
    found = stored.of_meter(name)
    count = sum(map(len, found.values()))
    compared = f"meter {name}: {count} records derived and mapped again from {len(sealed.files)} files"
    try:
        situation = situation_then(store, catalog, catalog.meter(name), period, sealed.files.keys())
        made = {key: each.record for key, each in remake(store, catalog, situation, home).items()}
    except MeterbridgeError as error:
        return Check(compared, [str(error)])
    again = {key: _ending_then(rows, made.get(key)) for key, rows in found.items()}
    differences = [told for key, rows in found.items() if (told := _otherwise(rows, again[key], stored.changed))]
    unbilled = set(made) - set(found)
    differences += [f"key {key}: made again, not billed" for key in sorted(unbilled - set(sealed.left_out))]
    differences += [f"key {key}: not made again" for key in sorted(set(sealed.left_out) - unbilled)]
    return Check(compared, differences)


def _ending_then(rows: Sequence[sa.RowMapping], made: UsageRecord | None) -> UsageRecord | None:
    """Let a record end where it did: an end of the subscription that was registered since moved that, and no usage."""
    return made and replace(made, end_at=rows[0]["end_at"])


def _otherwise(rows: Sequence[sa.RowMapping], made: UsageRecord | None, changed: set[int]) -> str | None:
    """Say how usage that is stored differs from what was made again: one record in full, adjusted ones in their sum."""
    if any(row["record_id"] in changed for row in rows):
        return None
    if len(rows) == 1 and made is not None and closing.as_record(rows[0]).canonical == made.canonical:
        return None
    stored = exact_sum(row["quantity"] for row in rows), sum(row["readings"] for row in rows)
    again = (made.quantity, made.readings) if made else (Decimal(0), 0)
    if len(rows) > 1 and stored == again:
        return None
    numbers = ", ".join(str(row["record_id"]) for row in rows)
    return (
        f"record {numbers}: stored {plain(stored[0])} of {stored[1]} readings, made again {plain(again[0])} of "
        f"{again[1]}" + (", with other words or fields" if stored == again else "")
    )


def _of_upload(store: sa.Engine, catalog: Catalog, import_id: str, stored: Billed, home: Path) -> Check:
    """Read an uploaded file again, and compare its billed records one by one."""
    rows = stored.of_import(import_id)
    compared = f"import {import_id}: {len(rows)} records made again from the uploaded file"
    try:
        made = remake_upload(store, catalog, import_id, home, only={row["record_key"] for row in rows})
    except FilesGoneError as error:
        return Check(compared, [str(error)])
    records = {key: record for key, (_, record) in made.items()}
    found = (_otherwise([row], records.get(row["record_key"]), stored.changed) for row in rows)
    return Check(compared, [told for told in found if told])


def _of_runs(store: sa.Engine, catalog: Catalog, runs: Sequence[str], stored: Billed) -> Check:
    """Make the bill runs again, one after the other, each with what those before it had billed."""
    compared = f"rated items: {len(stored.items)} rated again, in {len(runs)} bill runs"
    differences: list[str] = []
    billed: defaultdict[BilledKey, Decimal] = defaultdict(Decimal)
    for place, run in enumerate(runs, start=1):
        rows = [row for row in stored.records if row["bill_run_id"] in runs[:place]]
        until = [row for row in stored.items if row["bill_run_id"] in runs[:place]]
        try:
            before = contributed_then(store, catalog, until, run)
            drawn = recorded(store, run)
            items = rate_again(
                catalog, rows, stored.accounts, dict(billed), until, run=run, contributed=before, funds=drawn
            )
        except (RatingError, KeyError) as error:
            return Check(compared, [*differences, f"bill run {run}: it cannot be made again: {error}"])
        was = {row_text(row) for row in stored.items if row["bill_run_id"] == run}
        now = {item_text(item) for item in items}
        differences += [f"bill run {run}: stored, not made again: {each}" for each in sorted(was - now)]
        differences += [f"bill run {run}: made again, not stored: {each}" for each in sorted(now - was)]
        for item in items:
            key = (item.charge_number, item.period_start, item.group_key)
            billed[key] = EXACT.add(billed[key], item.amount)
    return Check(compared, differences)


def _figures(what: str, sealed: Figures, found: Figures) -> Check:
    compared = f"{what}: {found.count} ({_added(found)}), compared with the seal"
    if found == sealed:
        return Check(compared)
    return Check(compared, [f"{what} are not those that were sealed: {sealed.count} ({_added(sealed)})"])


def _added(figures: Figures) -> str:
    return ", ".join(f"{total} {name}" for name, total in figures.sums.items()) or "nothing"
