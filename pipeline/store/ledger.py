"""The conservation ledgers: where every reading of a meter and period is; billed and pending, the records tell."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.copy import copy_in
from pipeline.store.many import among
from pipeline.store.tables import (
    ACTIVE,
    closed_periods,
    imports,
    landed_files,
    ledger_files,
    ledger_lines,
    ledger_strangers,
    ledgers,
    usage_changes,
    usage_records,
)
from transforms.period import Period, by_end
from transforms.quantities.reconcile import Ledger, LedgerLine, merge
from transforms.quantities.scope import Name

Which = Callable[[sa.Table], sa.ColumnElement[bool]]
"""Says by a table's meter and period which ledgers are meant."""
SPAN = ("source", "from_us", "until_us")
STATUS_PLACES = {"Processed": "billed", "Pending": "pending", "Deleted": "deleted"}


@dataclass(frozen=True)
class Seen:
    """What a ledger was made of: the landed files with a reading from `from_us` on (None: of any age) to `until_us`.

    `strangers` are the names that these readings bear and that led to no charge, `changes` is the number of the last
    change of a subscription that it knows.
    """

    source: str
    files: Collection[str]
    from_us: int | None
    until_us: int
    strangers: Collection[Name]
    changes: int


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
    values = {"landed": landed, "outcome": outcome, "import_id": import_id, "changes_seen": seen.changes, **span}
    statement = insert(ledgers).values(meter=meter, period=str(period), **values)
    changed = values | {"updated_at": sa.func.now()}
    connection.execute(statement.on_conflict_do_update(index_elements=list(ledgers.primary_key), set_=changed))
    for table in (ledger_lines, ledger_files, ledger_strangers):
        connection.execute(sa.delete(table).where(table.c.meter == meter, table.c.period == str(period)))
    rows = ((meter, str(period), line.place, line.reason, line.rows, line.detail) for line in merge(lines))
    copy_in(connection, ledger_lines, ("meter", "period", "place", "reason", "rows", "detail"), rows)
    files = ((meter, str(period), seen.source, file_id) for file_id in seen.files)
    copy_in(connection, ledger_files, ("meter", "period", "source", "file_id"), files)
    names = ((meter, str(period), *name) for name in sorted(seen.strangers))
    copy_in(connection, ledger_strangers, ("meter", "period", "account", "subscription"), names)
    return read(connection, meter, period, landed)


def read(connection: sa.Connection, meter: str, period: Period, landed: int) -> Ledger:
    """Give the ledger as it stands: the lines that are kept, and what the records say of the rest."""
    lines = _lines(connection, lambda table: (table.c.meter == meter) & (table.c.period == str(period)))
    return Ledger(meter, str(period), landed, merge(lines[meter, str(period)]))


def all_ledgers(connection: sa.Connection, latest: int | None = None, period: str | None = None) -> list[Ledger]:
    """Give every ledger, or those of one period, or so many `latest` ones alone, by period and meter."""
    statement = sa.select(ledgers.c.meter, ledgers.c.period, ledgers.c.landed).order_by(ledgers.c.meter)
    if period is not None:
        statement = statement.where(ledgers.c.period == period)
    found = sorted(connection.execute(statement).all(), key=lambda row: by_end(row.period))[-(latest or 0) :]
    keys = [(row.meter, row.period) for row in found]

    def shown(table: sa.Table) -> sa.ColumnElement[bool]:
        of_period = sa.true() if period is None else table.c.period == period
        return of_period if latest is None else of_period & sa.tuple_(table.c.meter, table.c.period).in_(keys)

    lines = _lines(connection, shown)
    return [Ledger(row.meter, row.period, row.landed, merge(lines[row.meter, row.period])) for row in found]


def count(connection: sa.Connection) -> int:
    """Tell how many ledgers there are."""
    return connection.execute(sa.select(sa.func.count()).select_from(ledgers)).scalar_one()


def _lines(connection: sa.Connection, which: Which) -> defaultdict[tuple[str, str], list[LedgerLine]]:
    """List the lines of some ledgers, by meter and period."""
    kept = ledger_lines.c
    columns = (kept.meter, kept.period, kept.place, kept.reason, kept.rows, kept.detail)
    statement = sa.select(*columns).where(which(ledger_lines))
    found = defaultdict[tuple[str, str], list[LedgerLine]](list)
    for meter, period, *line in [*connection.execute(statement), *_of_records(connection, which)]:
        found[meter, period].append(LedgerLine(*line))
    return found


def _of_records(connection: sa.Connection, which: Which) -> Iterator[tuple[Any, ...]]:
    """Count the readings behind active records, and behind those that were deleted from the active import.

    It is one statement, so that a record which is deleted meanwhile is in one place.
    """
    whose = imports.c.meter, imports.c.period
    mine, no_reason = which(imports), sa.literal("", sa.Text)
    of_import = (imports.c.import_id == usage_records.c.import_id) & (imports.c.period == usage_records.c.period)
    active = (
        sa.select(*whose, usage_records.c.status, no_reason, sa.func.sum(usage_records.c.readings), no_reason)
        .join(imports, of_import)
        .where(mine, ACTIVE)
        .group_by(*whose, usage_records.c.status)
    )
    told = sa.func.min(usage_changes.c.changed_by + ": " + usage_changes.c.reason)
    deleted = (
        sa.select(*whose, sa.literal("Deleted"), sa.literal("by_hand"), sa.func.sum(usage_changes.c.readings), told)
        .join(imports, imports.c.import_id == usage_changes.c.import_id)
        .where(mine, imports.c.superseded_by.is_(None), usage_changes.c.action == "delete")
        .group_by(*whose)
    )
    for meter, period, status, reason, rows, detail in connection.execute(active.union_all(deleted)):
        if rows:
            yield meter, period, STATUS_PLACES[status], reason, int(rows), detail


def periods_known(connection: sa.Connection) -> dict[str, bool]:
    """Tell of every billing period that has a ledger whether readings have landed for it, the latest first."""
    landed = sa.func.bool_or(ledgers.c.landed > 0)
    rows = connection.execute(sa.select(ledgers.c.period, landed).group_by(ledgers.c.period))
    found = {period: bool(any_landed) for period, any_landed in rows}
    return {each: found[each] for each in sorted(found, key=by_end, reverse=True)}


def made_of(connection: sa.Connection, period: str) -> dict[str, sa.RowMapping]:
    """Tell of which source, and when, the ledgers of a period were made, by meter."""
    statement = sa.select(ledgers.c.meter, ledgers.c.source, ledgers.c.updated_at).where(ledgers.c.period == period)
    return {row["meter"]: row for row in connection.execute(statement).mappings()}


def meters_done(connection: sa.Connection, period: Period) -> set[str]:
    """Tell for which meters a period has been loaded, be it without any record."""
    return set(connection.execute(sa.select(ledgers.c.meter).where(ledgers.c.period == str(period))).scalars())


def periods_done(connection: sa.Connection, meter: str) -> set[Period]:
    """Tell which periods of a meter have been loaded, be it without any record."""
    statement = sa.select(ledgers.c.period).where(ledgers.c.meter == meter)
    return set(map(Period.parse, connection.execute(statement).scalars()))


def stale(
    connection: sa.Connection, *, meter: str | None = None, period: str | None = None
) -> list[tuple[Period, str]]:
    """List (period, meter) of ledgers, or of a meter's or a period's, that were made of other files than are there now.

    When a file's readings are from never changes, so it is enough to count: none of a ledger's files was replaced, and
    as many are in its span as it has. All ledgers are asked of at once, for of most it takes every file to know.
    """
    mine = sa.true() if meter is None else ledgers.c.meter == meter
    mine &= sa.true() if period is None else ledgers.c.period == period
    there, taken = _files_there(mine), _files_taken(mine)
    same_span = [there.c[name].is_not_distinct_from(ledgers.c[name]) for name in SPAN]
    own = (taken.c.meter == ledgers.c.meter) & (taken.c.period == ledgers.c.period)
    other = sa.func.coalesce(there.c.files, 0) != sa.func.coalesce(taken.c.files, 0)
    statement = sa.select(ledgers.c.period, ledgers.c.meter).where(mine, other | (taken.c.replaced > 0))
    statement = statement.outerjoin_from(ledgers, there, sa.and_(*same_span)).outerjoin(taken, own)
    return sorted((Period.parse(row.period), row.meter) for row in connection.execute(statement))


def _files_there(mine: sa.ColumnElement[bool]) -> sa.Subquery:
    """Count the files that have not been replaced in each of the spans of some ledgers: most of them share theirs."""
    spans = sa.select(*(ledgers.c[name] for name in SPAN)).where(mine).distinct().subquery()
    file = landed_files.c
    matters = (file.source == spans.c.source) & (file.at_us_min < spans.c.until_us) & file.replaced_by.is_(None)
    matters &= spans.c.from_us.is_(None) | (file.at_us_max >= spans.c.from_us)
    counted = sa.select(*spans.c, sa.func.count().label("files")).join(landed_files, matters)
    return counted.group_by(*spans.c).subquery()


def _files_taken(mine: sa.ColumnElement[bool]) -> sa.Subquery:
    """Count the files that some ledgers were made of, and those of them that have been replaced."""
    file, key = ledger_files.c, (ledgers.c.meter, ledgers.c.period)
    own = (file.meter == ledgers.c.meter) & (file.period == ledgers.c.period)
    gone = (landed_files.c.source == file.source) & (landed_files.c.file_id == file.file_id)
    gone &= landed_files.c.replaced_by.is_not(None)
    counts = (sa.func.count().label("files"), sa.func.count(landed_files.c.file_id).label("replaced"))
    statement = sa.select(*key, *counts).join(ledger_files, own).outerjoin(landed_files, gone)
    return statement.where(mine).group_by(*key).subquery()


def changes_seen(connection: sa.Connection, meter: str, period: Period) -> int:
    """Give the number of the last change of a subscription that the ledger of a meter and period knows."""
    statement = sa.select(ledgers.c.changes_seen).where(ledgers.c.meter == meter, ledgers.c.period == str(period))
    return connection.execute(statement).scalar() or 0


def behind(connection: sa.Connection, meter: str, last: int) -> dict[Period, int]:
    """Tell by period which change was the last that a ledger of a meter knows, where others are known since.

    Left out are those where any is `late`, which stay as they are, and periods that were closed.
    """
    closed = sa.select(closed_periods.c.period).where(closed_periods.c.period == ledgers.c.period).exists()
    statement = sa.select(ledgers.c.period, ledgers.c.changes_seen).where(
        ledgers.c.meter == meter, ledgers.c.changes_seen < last, ledgers.c.outcome != "late", ~closed
    )
    return {Period.parse(row.period): row.changes_seen for row in connection.execute(statement)}


def strangers(connection: sa.Connection, meter: str, period: Period) -> set[Name]:
    """List the names that readings of a meter and period bear and that led to no charge when it was loaded."""
    names = ledger_strangers
    statement = sa.select(names.c.account, names.c.subscription).where(
        names.c.meter == meter, names.c.period == str(period)
    )
    return {(row.account, row.subscription) for row in connection.execute(statement)}


def strangers_called(connection: sa.Connection, meter: str, accounts: Collection[str]) -> dict[Period, set[Name]]:
    """List such names by period, of accounts that readings call so; where any is `late`, all stay as they are."""
    names, found = ledger_strangers, defaultdict[Period, set[Name]](set)
    mine = (names.c.meter == ledgers.c.meter) & (names.c.period == ledgers.c.period) & (ledgers.c.outcome != "late")
    statement = sa.select(names.c.period, names.c.account, names.c.subscription).join(ledgers, mine)
    statement = statement.where(names.c.meter == meter, among(names.c.account, accounts))
    for row in connection.execute(statement):
        found[Period.parse(row.period)].add((row.account, row.subscription))
    return found
