"""Columns that have parts: the key `team` of a column `Tags`, which holds JSON or a map, is called `Tags.team`."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.sources.json_values import object_of, text_at

WRONG = "unreadable_parts"


def part(held: "pa.Array[Any]", path: str) -> tuple["pa.Array[Any]", "pa.Array[Any] | None"]:
    """Give a column, or a part of it, and which rows have no parts although they should."""
    if not path:
        return held, None
    if pa.types.is_map(held.type):
        return pc.map_lookup(held, pa.scalar(path, held.type.key_type), "first"), None
    if pa.types.is_struct(held.type):
        return pc.struct_field(held, path), None
    return _of_json(held.cast(pa.string()), path)


def _of_json(held: "pa.Array[Any]", path: str) -> tuple["pa.Array[Any]", "pa.Array[Any]"]:
    """Read each text once; one that holds no object stands for itself."""
    texts = held.fill_null("").dictionary_encode()
    found = {text: part_of(text, path) for text in texts.dictionary.to_pylist() if text is not None}
    values = pa.array([text if value is None else value for text, value in found.items()], pa.string())
    wrong = pa.array([value is None for value in found.values()], pa.bool_())
    return values.take(texts.indices), wrong.take(texts.indices)


def part_of(text: str, path: str) -> str | None:
    """Give the part of a JSON object, empty where there is none; None where the text holds no object.

    >>> part_of('{"team": "web"}', "team"), part_of("NULL", "team"), part_of("web", "team")
    ('web', '', None)
    """
    if text.strip().casefold() in {"", "null"}:
        return ""
    try:
        return text_at(object_of(text), path)
    except (ValueError, RecursionError):
        return None
