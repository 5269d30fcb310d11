"""JSON lines: one object on a line. Every scalar is the text that was written; no number passes through a float."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.sources.batches import Row, batched, defective
from pipeline.sources.lines import numbered_lines
from transforms.source import Source


def read(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    """Read a file of one JSON object a line; blank lines count for the numbers of the others."""
    paths = list(source.columns.named().values())
    return batched((_row(number, line, source, paths) for number, line in numbered_lines(path)), source)


def _row(number: int, line: str, source: Source, paths: list[str]) -> Row:
    try:
        found = _object(line)
        return Row(number, None, tuple(_text(found, path) for path in paths))
    except (ValueError, RecursionError):  # no JSON, nested beyond reason, or not the shape of a reading
        return defective(number, "unreadable_line", line, source)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says one key twice: which of them is meant nobody can tell."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_unique)


def _object(line: str) -> dict[str, Any]:
    found = DECODER.decode(line)
    if not isinstance(found, dict):
        raise ValueError("no object")  # noqa: TRY004 what was read is wrong, not the call
    return found


def _text(found: dict[str, Any], path: str) -> str:
    """Find a scalar by the path of its keys; empty where there is none. A key that is the whole path comes first."""
    value: object = found.get(path)
    if path not in found:
        value = found
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueError("not a scalar")  # noqa: TRY004 what was read is wrong, not the call
    value.encode()  # half of a character, written as an escape, cannot be kept
    return value
