"""The conservation ledgers: where every reading of a meter and period is; billed and pending, the records tell."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store import usage
from pipeline.store.copy import copy_in
from pipeline.store.tables import landed_files, ledger_files, ledger_lines, ledgers
from transforms.period import Period
from transforms.reconcile import Ledger, LedgerLine, merge

STATUS_PLACES = {"Processed": "billed", "Pending": "pending"}


@dataclass(frozen=True)
class Seen:
    """What a ledger was made of: the landed files with a reading from `from_us` on (None: of any age) to `until_us`."""

    source: str
    files: Collection[str]
    from_us: int | None
    until_us: int


def keep(
    connection: sa.Connection,
    meter: str,
    period: Period,
    *,
    landed: int,
    outcome: str,
    import_id: str | None,
    lines: Iterable[LedgerLine],
    seen: Seen,
) -> Ledger:
    """Replace the ledger of a meter and period, and give it as it now stands, records included."""
    span = {"source": seen.source, "from_us": seen.from_us, "until_us": seen.until_us}
    values = {"landed": landed, "outcome": outcome, "import_id": import_id, **span}
    statement = insert(ledgers).values(meter=meter, period=str(period), **values)
    changed = values | {"updated_at": sa.func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=list(ledgers.primary_key), set_=changed))
    for table in (ledger_lines, ledger_files):
        connection.execute(sa.delete(table).where(table.c.meter == meter, table.c.period == str(period)))
    rows = ((meter, str(period), line.place, line.reason, line.rows, line.detail) for line in merge(lines))
    copy_in(connection, ledger_lines, ("meter", "period", "place", "reason", "rows", "detail"), rows)
    files = ((meter, str(period), seen.source, file_id) for file_id in seen.files)
    copy_in(connection, ledger_files, ("meter", "period", "source", "file_id"), files)
    return read(connection, meter, period, landed)


def read(connection: sa.Connection, meter: str, period: Period, landed: int) -> Ledger:
    """Give the ledger as it stands: the lines that are kept, and what the records say of the rest."""
    columns = (ledger_lines.c.place, ledger_lines.c.reason, ledger_lines.c.rows, ledger_lines.c.detail)
    statement = sa.select(*columns).where(ledger_lines.c.meter == meter, ledger_lines.c.period == str(period))
    kept = [LedgerLine(**row) for row in connection.execute(statement).mappings()]
    counted = usage.active_readings(connection, meter, period)
    billed = [LedgerLine(STATUS_PLACES[status], "", rows) for status, rows in counted.items() if rows]
    return Ledger(meter, str(period), landed, merge([*kept, *billed]))


def all_ledgers(connection: sa.Connection) -> list[Ledger]:
    """Give every ledger, by period and meter."""
    statement = sa.select(ledgers.c.meter, ledgers.c.period, ledgers.c.landed).order_by(
        ledgers.c.period, ledgers.c.meter
    )
    found = connection.execute(statement).all()
    return [read(connection, row.meter, Period.parse(row.period), row.landed) for row in found]


def meters_done(connection: sa.Connection, period: Period) -> set[str]:
    """Tell for which meters a period has been loaded, be it without any record."""
    return set(connection.execute(sa.select(ledgers.c.meter).where(ledgers.c.period == str(period))).scalars())


def stale(connection: sa.Connection, meter: str | None = None) -> list[tuple[Period, str]]:
    """List (period, meter) of ledgers, or of a meter's alone, that were made of other files than there are now."""
    mine = (ledger_files.c.meter == ledgers.c.meter) & (ledger_files.c.period == ledgers.c.period)
    files = (landed_files.c.source == ledger_files.c.source) & (landed_files.c.file_id == ledger_files.c.file_id)
    replaced = sa.select(ledger_files.c.file_id).where(mine, files, landed_files.c.replaced_by.is_not(None)).exists()
    known = sa.select(ledger_files.c.file_id).where(mine, files).correlate(ledgers, landed_files).exists()
    matters = (landed_files.c.source == ledgers.c.source) & (landed_files.c.at_us_min < ledgers.c.until_us)
    matters &= ledgers.c.from_us.is_(None) | (landed_files.c.at_us_max >= ledgers.c.from_us)
    unknown = sa.select(landed_files.c.file_id).where(matters, landed_files.c.replaced_by.is_(None), ~known).exists()
    statement = sa.select(ledgers.c.period, ledgers.c.meter).where(replaced | unknown)
    if meter is not None:
        statement = statement.where(ledgers.c.meter == meter)
    return sorted((Period.parse(row.period), row.meter) for row in connection.execute(statement))
