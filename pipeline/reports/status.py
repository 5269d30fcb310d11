"""Status: what landed, where rows are, what is billed, and where the exports lie; as text for a person."""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from pipeline.layout import table
from pipeline.store import ledger, overview
from pipeline.store.engine import one_moment
from transforms.catalog.units import Units
from transforms.figures import plain
from transforms.quantities.reconcile import PLACES, Ledger

SHOWN = 100  # of ledgers, rated items and exported files: the latest


def totals(store: sa.Engine) -> dict[str, int]:
    """Count what the store holds, by kind."""
    with store.begin() as connection:
        return overview.totals(connection)


def summary(store: sa.Engine, units: Units) -> str:
    """Describe what the store holds."""
    with one_moment(store) as connection:
        return "\n".join(_sections(connection, units))


def _sections(connection: sa.Connection, units: Units) -> Iterator[str]:
    yield "Readings landed"
    yield from _landed(connection)
    yield "\nConservation: where every reading is"
    yield from _conserved(connection)
    statuses = overview.records_by_status(connection)
    yield f"\nUsage records: {statuses.get('Processed', 0)} Processed, {statuses.get('Pending', 0)} Pending"
    yield "\nRated items"
    yield from _rated(connection, units)
    yield "\nExports, below the home's exports folder"
    files = overview.written(connection, SHOWN)
    rows = [(row["path"], row["rows"], plain(row["control_total"])) for row in files]
    yield table(("file", "rows", "control total"), rows)
    yield from _shown(len(files), files[0]["all"] if files else 0)


def _landed(connection: sa.Connection) -> Iterator[str]:
    rows = [tuple(row.values()) for row in overview.sources(connection)]
    yield table(("source", "files", "readings", "rows quarantined", "rows left out", "files quarantined"), rows)
    for row in overview.quarantined_rows_by_reason(connection):
        yield f"  {row['source']}: {row['rows']} rows quarantined, {row['reason']}"
    for file in overview.quarantined_files(connection):
        yield f"  {file['source']}: {file['uri']} is quarantined: {file['reason']}"
    for file in overview.files_without_a_reading(connection):
        yield f"  {file['source']}: {file['uri']} gave no reading, every row is quarantined: {file['reason']}"
    for file in overview.dismissed_files(connection):
        by = f"{file['dismissed_by']}: {file['dismissed_reason']}"
        yield f"  {file['source']}: {file['uri']} is dismissed by {by} (it was quarantined: {file['reason']})"
    for file in overview.warnings(connection):
        yield f"  {file['source']}: {file['uri']}: {file['warning']}"


def _conserved(connection: sa.Connection) -> Iterator[str]:
    ledgers = ledger.all_ledgers(connection, SHOWN)
    rows = [_ledger_row(each) for each in ledgers if each.landed]
    yield table(("period", "meter", "landed", *PLACES, "unexplained"), rows)
    yield from _shown(len(ledgers), ledger.count(connection))
    yield from _remarks(ledgers)
    for period, meter in ledger.stale(connection):
        yield f"  {period} {meter}: stale, other files have landed since; its next run, if any, derives it again"


def _rated(connection: sa.Connection, units: Units) -> Iterator[str]:
    items, sums = overview.items(connection, SHOWN), overview.billed(connection)
    rows = [_item_row(each, units) for each in items]
    yield table(("period", "account", "charge", "quantity", "unit", "amount", "currency"), rows)
    yield from _shown(len(items), sum(each["items"] for each in sums))
    together = (f"{units.money(each['amount'], each['currency'])} {each['currency']}" for each in sums)
    yield "  together " + (", ".join(together) or "nothing")


def _shown(shown: int, known: int) -> Iterator[str]:
    """Say how many of all are shown, where there are more."""
    if known > shown:
        yield f"  the latest {shown} of {known}"


def _ledger_row(each: Ledger) -> tuple[object, ...]:
    return (each.period, each.meter, each.landed, *(each.rows(place) for place in PLACES), each.unexplained)


def _remarks(ledgers: Sequence[Ledger]) -> Iterator[str]:
    """Say what is behind every row that is neither billed nor pending."""
    empty = sum(not each.landed for each in ledgers)
    if empty:
        yield f"  and {empty} billing periods of meters without a reading"
    for each in ledgers:
        for line in each.lines:
            if line.reason:
                yield f"  {each.period} {each.meter}: {line.rows} {line.place}, {line.reason} ({line.detail})"


def _item_row(row: sa.RowMapping, units: Units) -> tuple[object, ...]:
    names = (row["period"], row["account_number"], row["charge"], plain(row["quantity"]), row["uom"])
    return (*names, units.money(row["amount"], row["currency"]), row["currency"])
