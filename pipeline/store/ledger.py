"""The conservation ledgers: where every reading of a meter and period is; billed and pending, the records tell."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store import usage
from pipeline.store.copy import copy_in
from pipeline.store.tables import ledger_lines, ledgers
from transforms.period import Month
from transforms.reconcile import Ledger, LedgerLine, merge

STATUS_PLACES = {"Processed": "billed", "Pending": "pending"}


def keep(
    connection: sa.Connection,
    meter: str,
    period: Month,
    *,
    landed: int,
    outcome: str,
    import_id: str | None,
    lines: Iterable[LedgerLine],
) -> Ledger:
    """Replace the ledger of a meter and period, and give it as it now stands, records included."""
    statement = insert(ledgers).values(
        meter=meter, period=str(period), landed=landed, outcome=outcome, import_id=import_id
    )
    changed = {name: statement.excluded[name] for name in ("landed", "outcome", "import_id")} | {
        "updated_at": sa.func.now()
    }
    connection.execute(statement.on_conflict_do_update(index_elements=list(ledgers.primary_key), set_=changed))
    mine = (ledger_lines.c.meter == meter) & (ledger_lines.c.period == str(period))
    connection.execute(sa.delete(ledger_lines).where(mine))
    rows = ((meter, str(period), line.place, line.reason, line.rows, line.detail) for line in merge(lines))
    copy_in(connection, ledger_lines, ("meter", "period", "place", "reason", "rows", "detail"), rows)
    return read(connection, meter, period, landed)


def read(connection: sa.Connection, meter: str, period: Month, landed: int) -> Ledger:
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
    return [read(connection, row.meter, Month.parse(row.period), row.landed) for row in found]


def meters_done(connection: sa.Connection, period: Month) -> set[str]:
    """Tell for which meters a period has been loaded, be it without any record."""
    return set(connection.execute(sa.select(ledgers.c.meter).where(ledgers.c.period == str(period))).scalars())
