"""The statements of a landing, as text. To write one takes longer than to run it on a small file: files alike share it.

What differs from file to file is set in the engine beforehand, as variables.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import ibis
import ibis.expr.operations as ops
import pyarrow as pa
from ibis.backends.duckdb import Backend

from transforms.catalog.source import Source
from transforms.readings.builtins import integer_variable, text_variable
from transforms.readings.readings import parse, read_texts

RAW_ROWS = "raw_rows"
VALUES = "distinct_values"
Named = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Rules:
    """A source, told from others by all that it says: as text, for it cannot be hashed."""

    text: str
    source: Source = field(compare=False)

    @classmethod
    def of(cls, source: Source) -> "Rules":
        """Give a source's."""
        return cls(source.model_dump_json(), source)


@dataclass(frozen=True)
class Statement:
    """A statement, and the tables that it looks into besides its rows."""

    text: str
    tables: Mapping[str, pa.Table]


def parse_rows(backend: Backend, source: Source, columns: ibis.Schema, file_key: int, named: Mapping[str, str]) -> str:
    """Give the statement that parses the table RAW_ROWS of these columns, once the engine knows what it looks into."""
    found = _parse(Rules.of(source), tuple(columns.items()), tuple(named))
    for name, value in {"file_key": file_key, **named}.items():
        backend.con.execute(f"SET VARIABLE {name} = ?", [value])
    for name, table in found.tables.items():
        backend.con.register(name, table)
    return found.text


@lru_cache(maxsize=256)
def _parse(rules: Rules, columns: Iterable[tuple[str, str]], named: tuple[str, ...]) -> Statement:
    path = {name: text_variable(name) for name in named}
    parsed = parse(
        ibis.table(dict(columns), name=RAW_ROWS), rules.source, file_key=integer_variable("file_key"), path=path
    )
    tables = {each.name: each.data.to_pyarrow(each.schema) for each in parsed.op().find(ops.InMemoryTable)}
    return Statement(ibis.to_sql(parsed, dialect="duckdb"), tables)


@lru_cache(maxsize=256)
def read_values(rules: Rules, name: str, named: Named) -> str:
    """Give the statement that reads the texts `name` of the table VALUES, in the order of their `place`."""
    values = ibis.table({"place": "int64", name: "string"}, name=VALUES)
    path = {each: ibis.literal(text) for each, text in named}
    read = read_texts(values, rules.source, [name], path)
    return str(ibis.to_sql(read.order_by("place").drop("place"), dialect="duckdb"))
