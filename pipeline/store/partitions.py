"""Partitions of the usage records: a period's first load, when it is large, is built aside and attached whole.

Its indexes are built and its foreign keys checked once for all records, not record by record; that takes a fraction of
the time. The lock "shape" (see `locks`) keeps writers out meanwhile: attaching locks the tables that records refer to.
"""

import re
from collections.abc import Iterable

import pyarrow as pa
import sqlalchemy as sa
from psycopg.sql import SQL, Identifier, Literal

from pipeline.store.copy import copy_batches, driver
from pipeline.store.tables import usage_records
from pipeline.store.usage import FIELDS
from transforms.period import Period

BUILD_MEMORY = "256MB"  # for sorting the keys of an index
OWN_RULE = "of_one_period"
BEFORE = (
    "SET LOCAL maintenance_work_mem = {memory}",
    "CREATE TABLE {table} (LIKE usage_records INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    "ALTER TABLE {table} ALTER import_id SET DEFAULT {import_id}, ADD CONSTRAINT {rule} CHECK (period = {period})",
)
AFTER = (
    "ALTER TABLE usage_records ATTACH PARTITION {table} FOR VALUES IN ({period})",
    "ALTER TABLE {table} ALTER import_id DROP DEFAULT, DROP CONSTRAINT {rule}",
    "CREATE TRIGGER not_emptied BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()",
)


def has_records(connection: sa.Connection, period: Period) -> bool:
    """Tell whether the store holds any record of a period."""
    statement = sa.select(usage_records.c.record_id).where(usage_records.c.period == str(period)).limit(1)
    return connection.execute(statement).first() is not None


def build(connection: sa.Connection, import_id: str, period: Period, batches: Iterable[pa.RecordBatch]) -> None:
    """Add the records of an import as the partition of a period that has none; the import itself must stand."""
    words = {
        "table": Identifier(name_of(period)),
        "rule": Identifier(OWN_RULE),
        "period": Literal(str(period)),
        "import_id": Literal(import_id),
        "memory": Literal(BUILD_MEMORY),
    }
    with driver(connection).cursor() as cursor:
        for statement in BEFORE:
            cursor.execute(SQL(statement).format(**words))
        copy_batches(connection, name_of(period), FIELDS, batches)
        for statement in AFTER:
            cursor.execute(SQL(statement).format(**words))


def name_of(period: Period) -> str:
    """Name the table of a period, such as usage_records_2025_03."""
    return f"usage_records_{re.sub('[^0-9a-z]', '_', str(period).lower())}"
