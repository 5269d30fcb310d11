"""What of readings lies in landed files: the columns that their source had when they landed.

What a source does not have is not written: that would take time, and say nothing. It is empty when the file is read, as
is what the source was given later.
"""

import ibis
import ibis.expr.types as ir

from transforms.catalog.source import Source
from transforms.identity import digest

ALWAYS = ("row", "account", "point", "at_us", "value", "id_high")
SCHEMA_DIGITS = 8


def landed_columns(source: Source) -> list[str]:
    """Name the columns of a source's landed files."""
    own = {
        "subscription": source.columns.subscription is not None or "{subscription}" in (source.files or ""),
        "id_low": source.columns.event_id is not None,
        "revision": source.columns.revision is not None,
    }
    return [*ALWAYS, *(name for name, there in own.items() if there), *source.columns.of_attributes]


def schema_name(source: Source) -> str:
    """Name the columns and their types in a word: files of one name can be read as one table."""
    return digest("readings", source.value.type, *landed_columns(source))[:SCHEMA_DIGITS]


def reading_types(source: Source) -> dict[str, str]:
    """Give every column of a reading, in order, with its type in an engine."""
    types = {"row": "int64", "account": "string", "subscription": "string", "point": "int64", "at_us": "int64"}
    types |= {"value": source.value.type, "id_high": "int64", "id_low": "int64", "revision": "int64"}
    return types | dict.fromkeys(source.columns.of_attributes, "string")


def completed(landed: ir.Table, source: Source, *beside: str) -> ir.Table:
    """Give landed readings every column that `parse` makes of a reading, and those that lie `beside` them."""
    absent = {"subscription": ibis.literal(""), "id_low": landed.row, "revision": ibis.literal(0, "int64")}
    absent |= dict.fromkeys(source.columns.of_attributes, ibis.literal(""))
    landed = landed.mutate(**{name: value for name, value in absent.items() if name not in landed.columns})
    return landed.select(*reading_types(source), *beside)
