"""A query of a database: what came since it was last asked, streamed into a file, every value to the digit."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.kept_secret import hidden
from pipeline.settings import connection as connection_url
from pipeline.settings import connection_variable
from pipeline.sources.files import RawFile
from pipeline.sources.scalars import scalar
from pipeline.sources.spool import Position, spooled, stamp
from pipeline.sources.unavailable import AnswerError, SourceUnavailableError
from pipeline.sources.watermark import Watermark
from pipeline.sources.wide import as_it_stands
from pipeline.store.engine import KEEPALIVES
from transforms.catalog.origins import Sql
from transforms.catalog.source import Source

ROWS = 5_000  # of the answer that are held at a time
INSTANT = sa.DateTime(timezone=True)
UNTYPED = sa.types.NullType()  # the database reads a watermark as the type of the column that it is compared with


@dataclass(frozen=True)
class Timeouts:
    """How long a PostgreSQL is waited for, in seconds: to connect, and to answer a statement."""

    connect_seconds: int = 10
    statement_seconds: int = 600


DEFAULT = Timeouts()


def fetch(
    source: Source, origin: Sql, position: Position, until: datetime, spool: Path, timeouts: Timeouts = DEFAULT
) -> tuple[list[RawFile], Position]:
    """Ask for the rows of an interval, or above a watermark; a value is text, or null, under its column's name.

    SourceUnavailableError when the database does not answer, or not with the columns of the source.
    """
    if origin.watermark is not None:
        return _above_watermark(source, origin, origin.watermark, position, until, spool, timeouts)
    start = position.until or origin.since
    if start is None or start >= until:
        return [], position
    bounds = sa.bindparam("start", start, INSTANT), sa.bindparam("end", until, INSTANT)
    with _answer(source, origin, timeouts, *bounds) as rows:
        files = spooled(map(_record, rows), source, spool, "sql", lambda: (stamp(start), stamp(until)))
    return files, Position(until)


def _above_watermark(
    source: Source, origin: Sql, column: str, position: Position, until: datetime, spool: Path, timeouts: Timeouts
) -> tuple[list[RawFile], Position]:
    after = origin.first if position.watermark is None else position.watermark
    highest = Watermark(column, after)
    with _answer(source, origin, timeouts, sa.bindparam("after", after, UNTYPED)) as rows:
        records = map(_record, highest.watched(rows))
        files = spooled(records, source, spool, "sql", lambda: (after, highest.text))
    return files, Position(max(until, position.until or until), highest.text)


def _record(row: sa.RowMapping) -> dict[str, str | bool | None]:
    record = {}
    for column, value in row.items():
        try:
            record[column] = scalar(value)
        except TypeError as error:
            raise AnswerError(f"column {column!r}: {error}; turn it into text or a number in the query") from error
    return record


@contextmanager
def _answer(
    source: Source, origin: Sql, timeouts: Timeouts, *parameters: sa.BindParameter[Any]
) -> Iterator[sa.MappingResult]:
    """Give the rows of one read-only transaction; what goes wrong with them is said without a password."""
    url = _url(source, origin)
    try:
        query = sa.text(origin.query).bindparams(*parameters)
        with _connected(url, timeouts) as connection, closing(_streamed(connection, query)) as result:
            _check_columns(list(result.keys()), source)
            yield result.mappings()
    except (sa.exc.SQLAlchemyError, ImportError, AnswerError) as error:
        said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
        raise SourceUnavailableError(
            f"source {source.source}: {url.get_backend_name()} at {url.host or 'this machine'} (connection "
            f"{origin.connection}): {hidden(said.splitlines()[0], url.password)}; nothing was kept: put the query, "
            "the connection or the database right, and fetch again"
        ) from None  # a library's own message may hold the address with its password


def _streamed(connection: sa.Connection, query: sa.TextClause) -> sa.CursorResult[Any]:
    return connection.execute(query, execution_options={"yield_per": ROWS})


def _url(source: Source, origin: Sql) -> sa.URL:
    try:
        return sa.make_url(connection_url(origin.connection))
    except (sa.exc.ArgumentError, ValueError):
        raise SourceUnavailableError(
            f"source {source.source}: the address of connection {origin.connection} cannot be read: write "
            f"{connection_variable(origin.connection)} as postgresql://user:password@host/database"
        ) from None  # as above


@contextmanager
def _connected(url: sa.URL, timeouts: Timeouts) -> Iterator[sa.Connection]:
    """Open a transaction; on PostgreSQL one that can only read, and sees one state of it."""
    postgres = url.get_backend_name() == "postgresql"
    engine = sa.create_engine(
        url.set(drivername="postgresql+psycopg") if postgres else url,
        poolclass=sa.NullPool,
        hide_parameters=True,
        connect_args={**KEEPALIVES, "connect_timeout": timeouts.connect_seconds} if postgres else {},
    )
    with engine.connect() as connection:
        if postgres:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(sa.text("SET LOCAL timezone = 'UTC'"))
            connection.execute(sa.text(f"SET LOCAL statement_timeout = '{timeouts.statement_seconds}s'"))
        yield connection


def _check_columns(given: list[str], source: Source) -> None:
    if missing := [name for name in as_it_stands(source).named().values() if name not in given]:
        raise AnswerError(f"the query gives no column {missing[0]!r}, which the source names; it gives {given}")
    if repeated := [name for name in given if given.count(name) > 1]:
        raise AnswerError(f"the query gives two columns {repeated[0]!r}; name each of them once")
