"""The records in an API's answer or a document: a list, or lists within the entries of a list."""

from collections.abc import Iterator
from typing import Any

from pipeline.sources.json_values import at_path
from pipeline.sources.unavailable import AnswerError

WHOLE = "the whole"
MISSING = "nothing stands there"  # unlike null, which APIs write for a list without entries


def records(answer: object, paths: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Give the objects of the list at the first path, each once for every entry of the list at the next path in it.

    A path that ends in `*` leads to an object, whose values are the entries. AnswerError where there is no list (or
    object), or what is in it is no object.
    """
    first, *further = paths or ("",)
    for record in _entries(answer, first):
        yield from _exploded(record, further, first)


def _exploded(record: object, paths: list[str], above: str) -> Iterator[dict[str, Any]]:
    if not isinstance(record, dict):
        raise AnswerError(f"records: an entry of {above or WHOLE} is no object")
    if not paths:
        yield record
        return
    for entry in _entries(record, paths[0]):
        yield from _exploded(_replaced(record, paths[0], entry), paths[1:], paths[0])


def _entries(found: object, path: str) -> list[Any]:
    place, values = _place(path)
    entries = at_path(found, place, MISSING) if place else found
    if entries is None:
        return []
    if values and isinstance(entries, dict):
        return list(entries.values())
    if values or not isinstance(entries, list):
        raise AnswerError(f"records: {place or WHOLE} is no {'object' if values else 'list'}; {_shape(found)}")
    return entries


def _place(path: str) -> tuple[str, bool]:
    """Tell where the entries are, and whether they are the values of an object."""
    return (path[:-1].removesuffix("."), True) if path.endswith("*") else (path, False)


def _shape(found: object) -> str:
    return f"the keys are {', '.join(map(repr, found))}" if isinstance(found, dict) else "it has no keys"


def _replaced(record: dict[str, Any], path: str, entry: object) -> object:
    """Put one entry in the place of its list or object."""
    place, _ = _place(path)
    if not place:
        return entry
    key, _, rest = (place, "", "") if place in record else place.partition(".")
    return {**record, key: _replaced(record[key], rest, entry) if rest else entry}
