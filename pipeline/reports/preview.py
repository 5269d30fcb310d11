"""Preview: what a meter would make of a period, without loading it."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import artefact, steps
from pipeline.layout import table
from pipeline.steps import Workspace
from pipeline.store import overview
from pipeline.usage.map import read_usage
from pipeline.usage.validate_usage import ValidationFailedError
from transforms.figures import plain
from transforms.period import Period
from transforms.usage.coverage import shown
from transforms.usage.usage import UsageRecord

RECORD = ("account", "charge number", "quantity", "unit", "readings", "coverage", "from", "until")

FILES_NAMED = 5  # of those that are quarantined whole


def preview(workspace: Workspace, meter: str, period: Period, *, at: datetime) -> Iterator[str]:
    """Derive, map and validate, and tell what would be loaded, what quarantined, and where every reading would go.

    ValidationFailedError behind all that, where nothing of it would be loaded.
    """
    usage = steps.derive_usage(workspace, meter, period, at=at)
    records, about = read_usage(usage)
    judged, failure = _judged(workspace, usage, records)
    yield f"{meter} {period}"
    yield table(RECORD, map(_row, records))
    yield from judged
    yield "\nReadings"
    yield from _places(about)
    yield from _unread(workspace, workspace.catalog.meter(meter).source_name)
    if failure:
        raise failure


def _judged(
    workspace: Workspace, usage: Path, records: list[UsageRecord]
) -> tuple[list[str], ValidationFailedError | None]:
    """Tell what is quarantined and warned of, or what keeps all of it from being loaded."""
    try:
        verdict, judged = artefact.read(steps.validate_usage(workspace.store, workspace.catalog, usage, workspace.home))
    except ValidationFailedError as error:
        return [], error
    reasons = {row["record_key"]: row["reason"] for row in verdict.to_pylist()}
    refused = [
        f"  quarantined: {each.charge_number}, {reasons[each.record_key]}"
        for each in records
        if each.record_key in reasons
    ]
    return [*refused, *(f"  warning: {warning}" for warning in judged["warnings"])], None


def _row(each: UsageRecord) -> tuple[object, ...]:
    coverage = "-" if (part := shown(each)) is None else plain(part)
    whose, counted = (each.account_number, each.charge_number), (plain(each.quantity), each.uom, each.readings)
    return *whose, *counted, coverage, each.start_at, each.end_at


def _places(about: dict[str, Any]) -> Iterator[str]:
    lines = [(line["place"], line["reason"], line["rows"], line["detail"]) for line in about["lines"]]
    yield table(("where", "why", "rows", "whose"), lines)
    yield f"  of {about['landed']} that landed"


def _unread(workspace: Workspace, source: str) -> Iterator[str]:
    """Tell what of a source is no reading, and so lies in no period: a wrong source may leave nothing to preview."""
    with workspace.store.begin() as connection:
        rows = overview.quarantined_rows_by_reason(connection, source)
        files = overview.quarantined_files(connection, source)
        left_out = overview.rows_left_out(connection, source)
    if rows or files:
        yield f"\nQuarantined of {source}, whatever the period"
    for row in rows:
        yield f"  {row['rows']} rows, {row['reason']}"
    for file in files[:FILES_NAMED]:
        yield f"  {file['uri']}: {file['reason']}"
    if files[FILES_NAMED:]:
        yield f"  and {len(files) - FILES_NAMED} more files; meterbridge status names all"
    if left_out:
        yield f"\nLeft out of {source} as no readings, whatever the period: {left_out} rows"
