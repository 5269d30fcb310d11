"""JSON lines: one object on a line. Every scalar is the text that was written; no number passes through a float."""

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pipeline.sources.batches import Opened, Row, batched, defective
from pipeline.sources.lines import numbered_lines
from transforms.catalog.source import Source

SAMPLE = 20  # lines whose objects say which columns a file has


def read(path: Path, source: Source) -> Opened:
    """Read a file of one JSON object a line; blank lines count for the numbers of the others."""
    paths = list(source.named().values())
    lines = numbered_lines(path)
    first = list(islice(lines, SAMPLE))
    columns = dict.fromkeys(name for _, line in first for name in _columns(line))
    rows = (_row(number, line, source, paths) for number, line in chain(first, lines))
    return Opened(list(columns), batched(rows, source))


def _columns(line: str) -> Iterator[str]:
    try:
        yield from paths_of(_object(line))
    except (ValueError, RecursionError):
        return


def paths_of(found: dict[str, Any], parent: str = "") -> Iterator[str]:
    """Give the paths of an object's scalars and lists."""
    for key, value in found.items():
        if isinstance(value, dict):
            yield from paths_of(value, f"{parent}{key}.")
        else:
            yield f"{parent}{key}"


def _row(number: int, line: str, source: Source, paths: list[str]) -> Row:
    try:
        found = _object(line)
        return Row(number, None, tuple(text_at(found, path) for path in paths))
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


def at_path(found: object, path: str, missing: object = None) -> object:
    """Find what stands at a path of keys and places such as `values.0`; `missing` where there is nothing.

    A key that is the whole path comes first.
    """
    if isinstance(found, dict) and path in found:
        return found[path]
    for key in path.split("."):
        found = _inside(found, key, missing)
    return found


def _inside(found: object, key: str, missing: object) -> object:
    if isinstance(found, dict):
        return found.get(key, missing)
    if isinstance(found, list) and key.isdecimal() and int(key) < len(found):
        return found[int(key)]
    return missing


def text_at(found: dict[str, Any], path: str) -> str:
    """Find a scalar; empty where there is none. ValueError for what is none, or cannot be kept."""
    value = at_path(found, path)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ValueError("not a scalar")  # noqa: TRY004 what was read is wrong, not the call
    value.encode()  # half of a character, written as an escape, cannot be kept
    return value
