"""Bulk rows into a table, by PostgreSQL's COPY."""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from psycopg import Connection
from psycopg.sql import SQL, Identifier


def copy_in(connection: sa.Connection, table: sa.Table, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows (values in the order of `columns`) inside the connection's transaction."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, Connection), "the usage store speaks psycopg"  # noqa: S101 narrows the type; cannot be reached
    names = SQL(", ").join(Identifier(column) for column in columns)
    statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table.name), names)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        for row in rows:
            copy.write_row(row)
