"""Raw files that have arrived: from where, as which bytes, and what they landed as or why they are set aside."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.many import among
from pipeline.store.tables import arrivals, landed_files, quarantined_rows
from transforms.period import Window
from transforms.readings.fate import LEFT_OUT


@dataclass(frozen=True)
class Arrival:
    """One raw file: landed as `file_id`, or quarantined whole for a reason.

    `version` is how it is known again without being read, `columns` are the names in its header, `warning` is what is
    unusual about it.
    """

    source: str
    sha256: str
    uri: str
    bytes: int
    file_id: str | None = None
    reason: str | None = None
    version: str | None = None
    columns: list[str] | None = None
    warning: str | None = None


NAMES = tuple(Arrival.__dataclass_fields__)
SECONDS_A_DAY = 86_400
OUTCOME = ("file_id", "reason", "columns", "warning")
WAITING = arrivals.c.file_id.is_(None) & arrivals.c.dismissed_by.is_(None)  # quarantined whole, to be read again
_LANDED_AS = (landed_files.c.source == arrivals.c.source) & (landed_files.c.file_id == arrivals.c.file_id)
_ROWS_OF = (quarantined_rows.c.source == arrivals.c.source) & (quarantined_rows.c.file_id == arrivals.c.file_id)
# Landed, and lies in no period: every row is quarantined, but for those that are left out.
NO_READING = (
    sa.select(landed_files.c.file_id)
    .where(_LANDED_AS, landed_files.c.replaced_by.is_(None))
    .where(landed_files.c.readings == 0, landed_files.c.quarantined > 0)
    .correlate(arrivals)
    .exists()
)
REASONS = (
    sa.select(sa.func.string_agg(sa.distinct(quarantined_rows.c.reason), ", "))
    .where(_ROWS_OF, quarantined_rows.c.reason != LEFT_OUT)
    .correlate(arrivals)
    .scalar_subquery()
)
WHY = sa.func.coalesce(arrivals.c.reason, REASONS).label("reason")  # of both kinds of files


def any_arrived(connection: sa.Connection, source: str) -> bool:
    """Tell whether the source ever gave a file."""
    statement = sa.select(arrivals.c.sha256).where(arrivals.c.source == source).limit(1)
    return connection.execute(statement).first() is not None


def known_versions(connection: sa.Connection, source: str) -> set[tuple[str, str]]:
    """List the (uri, version) of remote files that have been taken."""
    statement = sa.select(arrivals.c.uri, arrivals.c.version)
    rows = connection.execute(statement.where(arrivals.c.source == source, arrivals.c.version.is_not(None)))
    return {(row.uri, row.version) for row in rows}


def has_arrived(connection: sa.Connection, source: str, sha256: str, uri: str, version: str | None) -> bool:
    """Tell whether these bytes have been taken from this place, landed or quarantined; note their latest version."""
    same = _same(source, sha256, uri)
    if version is not None:
        connection.execute(sa.update(arrivals).where(same).values(version=version))
    return connection.execute(sa.select(arrivals.c.sha256).where(same)).first() is not None


def arrive(connection: sa.Connection, arrival: Arrival) -> None:
    """Note that a raw file was taken; what is known of it already stays."""
    connection.execute(insert(arrivals).values(asdict(arrival)).on_conflict_do_nothing())


def settle(connection: sa.Connection, arrival: Arrival) -> None:
    """Note a new outcome for a raw file that had arrived before; when it arrived stays."""
    outcome = {name: getattr(arrival, name) for name in OUTCOME}
    same = _same(arrival.source, arrival.sha256, arrival.uri)
    connection.execute(sa.update(arrivals).where(same).values(outcome))


def latest_columns(connection: sa.Connection, source: str) -> list[str] | None:
    """Give the header of the latest file of the source that landed; None when none has."""
    statement = sa.select(arrivals.c.columns).where(
        arrivals.c.source == source, arrivals.c.file_id.is_not(None), arrivals.c.columns.is_not(None)
    )
    latest = statement.order_by(arrivals.c.arrived_at.desc(), arrivals.c.uri.desc()).limit(1)
    return connection.execute(latest).scalar()


def quarantined_whole(connection: sa.Connection, source: str) -> list[Arrival]:
    """List the files of a source that are quarantined whole, and that nobody has dismissed."""
    return _listed(connection, _every().where(arrivals.c.source == source, WAITING))


def dismiss(connection: sa.Connection, source: str, uri: str, by: str, reason: str) -> list[str]:
    """Let the files at a place that gave no reading stay so; tells why they gave none, nothing where there is none."""
    told = {"dismissed_by": by, "dismissed_at": sa.func.now(), "dismissed_reason": reason}
    undecided = (arrivals.c.file_id.is_(None) | NO_READING) & arrivals.c.dismissed_by.is_(None)
    statement = sa.update(arrivals).where(arrivals.c.source == source, arrivals.c.uri == uri, undecided).values(told)
    return list(connection.execute(statement.returning(WHY)).scalars())


def landed_in_part(connection: sa.Connection, source: str) -> list[Arrival]:
    """List the files of a source that landed without all of their rows: some are quarantined, or left out.

    Those that gave no reading are none of them once they are dismissed.
    """
    statement = _every().join(landed_files).where(arrivals.c.source == source)
    statement = statement.where(arrivals.c.dismissed_by.is_(None) | ~NO_READING)
    return _listed(connection, statement.where(landed_files.c.rows > landed_files.c.readings))


def known_as(connection: sa.Connection, source: str, name: str) -> list[Arrival]:
    """List the raw files that landed as one file, or that gave no reading, dismissed or not, at one place."""
    whole = (arrivals.c.file_id.is_(None) | NO_READING) & (arrivals.c.uri == name)
    return _listed(connection, _every().where(arrivals.c.source == source, whole | (arrivals.c.file_id == name)))


def arrived_at(connection: sa.Connection, source: str, file_ids: Sequence[str]) -> dict[str, datetime]:
    """Tell when landed files first arrived."""
    statement = sa.select(arrivals.c.file_id, sa.func.min(arrivals.c.arrived_at)).group_by(arrivals.c.file_id)
    rows = connection.execute(statement.where(arrivals.c.source == source, among(arrivals.c.file_id, file_ids)))
    return {row[0]: row[1] for row in rows}


def by_delay(connection: sa.Connection, source: str, window: Window) -> Sequence[sa.RowMapping]:
    """Count files of a period and their readings by the days that had begun since its end when they first arrived.

    Of files that reach out of it, `reaching`, no reading is counted: only the landed file tells which are inside.
    """
    first = sa.select(arrivals.c.file_id, sa.func.min(arrivals.c.arrived_at).label("at")).group_by(arrivals.c.file_id)
    arrived = first.where(arrivals.c.source == source, arrivals.c.file_id.is_not(None)).subquery()
    file = landed_files.c
    mine = (file.source == source) & file.replaced_by.is_(None)
    mine &= (file.at_us_min < window.end_us) & (file.at_us_max >= window.start_us)
    inside = (file.at_us_min >= window.start_us) & (file.at_us_max < window.end_us)
    seconds = sa.extract("epoch", arrived.c.at - sa.literal(window.end, sa.DateTime(timezone=True)))
    days = sa.cast(sa.func.greatest(0, sa.func.ceil(seconds / SECONDS_A_DAY)), sa.Integer).label("days")
    statement = sa.select(
        days,
        sa.func.count().filter(inside).label("files"),
        sa.cast(sa.func.coalesce(sa.func.sum(file.readings).filter(inside), 0), sa.BigInteger).label("readings"),
        sa.func.count().filter(~inside).label("reaching"),
    ).join(arrived, arrived.c.file_id == file.file_id)
    return connection.execute(statement.where(mine).group_by(days).order_by(days)).mappings().all()


def _same(source: str, sha256: str, uri: str) -> sa.ColumnElement[bool]:
    return (arrivals.c.source == source) & (arrivals.c.sha256 == sha256) & (arrivals.c.uri == uri)


def _every() -> "sa.Select[*tuple[Any, ...]]":
    return sa.select(*(arrivals.c[name] for name in NAMES))


def _listed(connection: sa.Connection, statement: "sa.Select[*tuple[Any, ...]]") -> list[Arrival]:
    rows = connection.execute(statement.order_by(arrivals.c.arrived_at, arrivals.c.uri, arrivals.c.sha256))
    return [Arrival(**row) for row in rows.mappings()]
