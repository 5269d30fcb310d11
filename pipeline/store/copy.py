"""Bulk rows into and out of the store, by PostgreSQL's COPY, inside the connection's transaction."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import sqlalchemy as sa
from psycopg import Connection
from psycopg.sql import SQL, Identifier
from sqlalchemy.dialects import postgresql


def copy_in(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows, their values in the order of `columns`."""
    names = SQL(", ").join(Identifier(column) for column in columns)
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), names)
    with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def copy_batches(
    connection: sa.Connection, table: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]
) -> None:
    """Write batches of rows into the columns of the same names; in memory are those of one batch."""
    names = SQL(", ").join(Identifier(column) for column in columns)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(Identifier(table), names)
    with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        for batch in batches:
            text = io.BytesIO()
            pc.write_csv(batch.select(list(columns)), text, pc.WriteOptions(include_header=False))
            copy.write(text.getbuffer())


def copy_out(connection: sa.Connection, rows: sa.Select[tuple[object, ...]], path: Path) -> None:
    """Write selected rows to a CSV file with a header."""
    text = str(rows.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    statement = f"COPY ({text}) TO STDOUT WITH (FORMAT csv, HEADER true)"
    with driver(connection).cursor() as cursor, path.open("wb") as file, cursor.copy(statement.encode()) as copy:
        file.writelines(copy)


def driver(connection: sa.Connection) -> "Connection[Any]":
    """Give the driver's own connection, for what SQLAlchemy has no word for."""
    found = connection.connection.driver_connection
    assert isinstance(found, Connection), "the usage store speaks psycopg"  # noqa: S101 narrows the type; cannot be reached
    return found
