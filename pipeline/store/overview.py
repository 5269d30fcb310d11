"""What the store holds, counted: for a person, and for comparing before and after."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from pipeline.store.arrivals import NO_READING, WAITING, WHY
from pipeline.store.many import among
from pipeline.store.tables import (
    ACTIVE,
    arrivals,
    bill_runs,
    exports,
    imports,
    landed_files,
    quarantined_rows,
    rated_items,
    usage_records,
)
from transforms.period import by_end
from transforms.readings.fate import LEFT_OUT

COUNTED = {
    "landed_files": landed_files,
    "imports": imports,
    "usage_records": usage_records,
    "bill_runs": bill_runs,
    "rated_items": rated_items,
    "exports": exports,
}
ROWS = ("readings", "quarantined", "left_out")
NAMED = 3  # files of one reason
VISIBLE = landed_files.c.replaced_by.is_(None)


def totals(connection: sa.Connection) -> dict[str, int]:
    """Count the rows of every kind, and the readings that landed and have not been replaced."""
    found = {
        name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
        for name, table in COUNTED.items()
    }
    readings = sa.select(sa.func.coalesce(sa.func.sum(landed_files.c.readings), 0)).where(VISIBLE)
    return {**found, "readings": int(connection.execute(readings).scalar_one())}


def sources(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """List per source: files, readings, rows that are quarantined or left out, and files quarantined whole."""
    landed, whole = _landed_by_source(), sa.func.count().filter(WAITING).label("files_quarantined")
    arrived = sa.select(arrivals.c.source, whole).group_by(arrivals.c.source).subquery()
    figures = (sa.func.coalesce(landed.c[name], 0).label(name) for name in ("files", *ROWS))
    statement = (
        sa.select(arrived.c.source, *figures, arrived.c.files_quarantined)
        .join(landed, landed.c.source == arrived.c.source, isouter=True)
        .order_by(arrived.c.source)
    )
    return connection.execute(statement).mappings().all()


def _landed_by_source() -> sa.Subquery:
    """Add up the files that landed and have not been replaced."""
    added = (sa.func.sum(landed_files.c[name]).label(name) for name in ROWS)
    figures = (sa.func.count().label("files"), *added)
    return sa.select(landed_files.c.source, *figures).where(VISIBLE).group_by(landed_files.c.source).subquery()


def quarantined_rows_by_reason(
    connection: sa.Connection, source: str | None = None, latest: int | None = None
) -> Sequence[sa.RowMapping]:
    """Count the quarantined rows of every source, or of one, by reason; with `latest` of so many files alone."""
    columns = (quarantined_rows.c.source, quarantined_rows.c.reason)
    wanted = sa.true() if source is None else quarantined_rows.c.source == source
    wanted &= quarantined_rows.c.reason != LEFT_OUT
    statement = sa.select(*columns, sa.func.count().label("rows"))
    statement = statement.join(landed_files).where(VISIBLE) if latest is None else _of_latest(statement, latest)
    return connection.execute(statement.where(wanted).group_by(*columns).order_by(*columns)).mappings().all()


@dataclass(frozen=True)
class Named:
    """The first few files with a quarantined row of one reason; `whole`: of the first of them every row is."""

    names: list[str]
    whole: bool


def files_with_quarantined_rows(connection: sa.Connection, latest: int) -> dict[tuple[str, str], Named]:
    """Name the first few of so many files that landed last with a quarantined row, by source and reason.

    Those that gave no reading come first: they can be dismissed.
    """
    row = quarantined_rows.c
    some = landed_files.c.readings > 0
    distinct = sa.select(row.source, row.reason, row.file_id, some.label("some")).distinct().join(landed_files)
    found = _of_latest(distinct, latest).where(row.reason != LEFT_OUT).subquery()
    key = (found.c.source, found.c.reason)
    first = _first(found.c.file_id, found.c.some), sa.func.bool_and(found.c.some)
    ids = connection.execute(sa.select(*key, *first).group_by(*key)).all()
    uris = _names(connection, {each for _, _, files, _ in ids for each in files})
    return {
        (source, reason): Named([uris[source, each] for each in files], not all_some)
        for source, reason, files, all_some in ids
    }


def _names(connection: sa.Connection, files: Collection[str]) -> dict[tuple[str, str], str]:
    """Give by source and file a name of it: one that is not dismissed, where there is any."""
    known, uri = (arrivals.c.source, arrivals.c.file_id), arrivals.c.uri
    name = sa.func.coalesce(sa.func.min(uri).filter(arrivals.c.dismissed_by.is_(None)), sa.func.min(uri))
    named = connection.execute(sa.select(*known, name).where(among(arrivals.c.file_id, files)).group_by(*known))
    return {(source, file_id): name for source, file_id, name in named}


def _of_latest(statement: "sa.Select[Any]", latest: int) -> "sa.Select[Any]":
    """Select from the quarantined rows of so many files that landed last and are not dismissed."""
    file, left = landed_files.c, _dismissed()
    is_left = (left.c.source == file.source) & (left.c.file_id == file.file_id)
    files = sa.select(file.source, file.file_id).outerjoin(left, is_left)
    files = files.where(VISIBLE, file.quarantined > 0, left.c.file_id.is_(None))
    last = files.order_by(file.landed_at.desc(), file.file_id).limit(latest).subquery()
    same = (last.c.source == quarantined_rows.c.source) & (last.c.file_id == quarantined_rows.c.file_id)
    return statement.join(last, same)


def _dismissed() -> sa.Subquery:
    """Select the files that gave no reading and are dismissed wherever they arrived: no replay reads them."""
    file = landed_files.c
    came_as = (arrivals.c.source == file.source) & (arrivals.c.file_id == file.file_id)
    found = sa.select(file.source, file.file_id).join(arrivals, came_as).where(file.readings == 0)
    everywhere = sa.func.bool_and(arrivals.c.dismissed_by.is_not(None))
    return found.group_by(file.source, file.file_id).having(everywhere).subquery()


def _first(names: sa.ColumnElement[str], *before: sa.ColumnElement[Any]) -> sa.ColumnElement[list[str]]:
    return sa.func.array_agg(aggregate_order_by(names, *before, names), type_=ARRAY(sa.Text))[1:NAMED]


def rows_left_out(connection: sa.Connection, source: str) -> int:
    """Count the rows of a source that are left out as no readings."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(landed_files.c.left_out), 0))
    return int(connection.execute(statement.where(VISIBLE, landed_files.c.source == source)).scalar_one())


def warnings(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """List the files that are unusual, and in what."""
    columns = (arrivals.c.source, arrivals.c.uri, arrivals.c.warning)
    statement = sa.select(*columns).where(arrivals.c.warning.is_not(None))
    return connection.execute(statement.order_by(arrivals.c.source, arrivals.c.uri)).mappings().all()


def quarantined_files(connection: sa.Connection, source: str | None = None) -> Sequence[sa.RowMapping]:
    """List the files of every source, or of one, that are quarantined whole and not dismissed, with the reason."""
    columns = (arrivals.c.source, arrivals.c.uri, arrivals.c.reason)
    wanted = sa.true() if source is None else arrivals.c.source == source
    statement = sa.select(*columns).where(WAITING, wanted)
    return connection.execute(statement.order_by(arrivals.c.source, arrivals.c.uri)).mappings().all()


def files_without_a_reading(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """List the files that landed, with every row quarantined, and that are not dismissed, with the reasons."""
    statement = sa.select(arrivals.c.source, arrivals.c.uri, WHY).where(NO_READING, arrivals.c.dismissed_by.is_(None))
    return connection.execute(statement.order_by(arrivals.c.source, arrivals.c.uri)).mappings().all()


def quarantined_files_by_reason(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Count the files that are quarantined whole and not dismissed by source and reason, with the first few names."""
    code = sa.func.split_part(arrivals.c.reason, ":", 1).label("reason")
    columns = (arrivals.c.source, code, sa.func.count().label("files"), _first(arrivals.c.uri).label("names"))
    statement = sa.select(*columns).where(WAITING).group_by(arrivals.c.source, code)
    return connection.execute(statement.order_by(arrivals.c.source, code)).mappings().all()


def dismissed_files(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """List the files without a reading that are dismissed: why they have none, and who dismissed them why."""
    names = ("source", "uri", "dismissed_by", "dismissed_reason")
    dismissed = arrivals.c.dismissed_by.is_not(None) & (arrivals.c.file_id.is_(None) | NO_READING)
    statement = sa.select(*(arrivals.c[name] for name in names), WHY).where(dismissed)
    return connection.execute(statement.order_by(arrivals.c.source, arrivals.c.uri)).mappings().all()


def records_by_status(connection: sa.Connection) -> dict[str, int]:
    """Count the active usage records by status."""
    statement = sa.select(usage_records.c.status, sa.func.count()).where(ACTIVE)
    rows = connection.execute(statement.group_by(usage_records.c.status))
    return {row[0]: row[1] for row in rows}


def items(connection: sa.Connection, latest: int) -> Sequence[sa.RowMapping]:
    """List the latest rated items, by period, account and charge."""
    names = ("period", "account_number", "charge", "charge_number", "item_id", "quantity", "uom", "amount", "currency")
    statement = sa.select(*(rated_items.c[name] for name in names)).order_by(rated_items.c.item_id.desc()).limit(latest)
    found = statement.subquery()
    order = (found.c.account_number, found.c.charge_number, found.c.item_id)
    rows = connection.execute(sa.select(found).order_by(*order)).mappings()
    return sorted(rows, key=lambda row: by_end(row["period"]))


def billed(connection: sa.Connection) -> Sequence[sa.RowMapping]:
    """Count and add up all rated items, by currency."""
    figures = (sa.func.count().label("items"), sa.func.sum(rated_items.c.amount).label("amount"))
    statement = sa.select(rated_items.c.currency, *figures).group_by(rated_items.c.currency)
    return connection.execute(statement.order_by(rated_items.c.currency)).mappings().all()


def written(connection: sa.Connection, latest: int) -> Sequence[sa.RowMapping]:
    """List the files that were exported last, by name, each with the number of them `all`."""
    columns = (exports.c.path, exports.c.rows, exports.c.control_total, sa.func.count().over().label("all"))
    order = exports.c.written_at.desc(), exports.c.path.desc()
    found = sa.select(*columns).order_by(*order).limit(latest).subquery()
    return connection.execute(sa.select(found).order_by(found.c.path)).mappings().all()
