"""How much is quarantined: by source and day of arrival, and by meter and period."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from pipeline.store.arrivals import NO_READING, WAITING, WHY
from pipeline.store.tables import arrivals, landed_files, ledger_lines, ledgers
from transforms.quarantine import Arrived, Counted


def arrived(connection: sa.Connection, since: datetime) -> list[Arrived]:
    """Count per source and day what has landed since an instant and is visible, and the files refused whole.

    Of the rows, those that are left out as no readings are no part.
    """
    rows = _by_day(
        landed_files.c.source,
        landed_files.c.landed_at,
        landed_files.c.rows - landed_files.c.left_out,
        landed_files.c.quarantined,
        sa.literal(0),
    ).where(landed_files.c.replaced_by.is_(None), landed_files.c.landed_at >= since)
    refused = _by_day(arrivals.c.source, arrivals.c.arrived_at, sa.literal(0), sa.literal(0), sa.literal(1)).where(
        WAITING, arrivals.c.arrived_at >= since
    )
    parts = sa.union_all(rows, refused).subquery()
    names = ("rows", "quarantined", "refused_files")
    sums = (sa.cast(sa.func.sum(parts.c[name]), sa.BigInteger).label(name) for name in names)
    statement = sa.select(parts.c.source, parts.c.day, *sums).group_by(parts.c.source, parts.c.day)
    found = connection.execute(statement.order_by(parts.c.source, parts.c.day)).mappings()
    return [Arrived(**row) for row in found]


def without_a_reading(connection: sa.Connection, source: str, since: datetime) -> list[tuple[str, str]]:
    """List (uri, reason) of the files that came since an instant, are quarantined in all and are not dismissed."""
    nothing = WAITING | (NO_READING & arrivals.c.dismissed_by.is_(None))
    statement = sa.select(arrivals.c.uri, WHY).where(arrivals.c.source == source, nothing)
    found = connection.execute(
        statement.where(arrivals.c.arrived_at >= since).order_by(arrivals.c.uri, arrivals.c.sha256)
    )
    return [(row.uri, row.reason) for row in found]


def _by_day(
    source: sa.Column[str], at: sa.Column[datetime], *counted: sa.ColumnElement[int]
) -> sa.Select[tuple[str, str]]:
    day = sa.func.to_char(at, "YYYY-MM-DD").label("day")  # every connection's time zone is UTC
    names = ("rows", "quarantined", "refused_files")
    return sa.select(source, day, *(each.label(name) for each, name in zip(counted, names, strict=True)))


def counted(connection: sa.Connection, since: datetime, reasons: Sequence[str]) -> list[Counted]:
    """Count the ledgers that were made since an instant; `reasons` are those of a record that was set aside."""
    quarantined = ledger_lines.c.place == "quarantined"
    mine = (ledger_lines.c.meter == ledgers.c.meter) & (ledger_lines.c.period == ledgers.c.period)
    columns = (ledgers.c.meter, ledgers.c.period, ledgers.c.import_id, ledgers.c.landed)
    statement = (
        sa.select(
            *columns,
            _added(ledger_lines.c.rows).label("quarantined"),
            _added(ledger_lines.c.rows, ledger_lines.c.reason.in_(reasons)).label("set_aside"),
        )
        .join(ledger_lines, mine & quarantined)
        .where(ledgers.c.updated_at >= since)
        .group_by(*columns)
        .order_by(ledgers.c.period, ledgers.c.meter)
    )
    return [Counted(**row) for row in connection.execute(statement).mappings()]


def _added(rows: sa.Column[int], *only: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    total = sa.func.sum(rows)
    return sa.cast(sa.func.coalesce(total.filter(*only) if only else total, 0), sa.BigInteger)
