"""What stands in JSON: every scalar is the text that was written; no number passes through a float."""

import json
from typing import Any


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse an object that says one key twice: which of them is meant nobody can tell."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str, object_pairs_hook=_unique)


def object_of(text: str) -> dict[str, Any]:
    """Read an object. ValueError, or RecursionError, for what is none."""
    found = DECODER.decode(text)
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
