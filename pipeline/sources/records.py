"""The records in an API's answer: a list, or lists within the entries of a list."""

from collections.abc import Iterator
from typing import Any

from pipeline.sources.json_lines import at_path
from pipeline.sources.unavailable import AnswerError

MISSING = "nothing stands there"  # unlike null, which APIs write for a list without entries


def records(answer: object, paths: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Give the objects of the list at the first path, each once for every entry of the list at the next path in it.

    AnswerError where there is no list, or what is in it is no object.
    """
    first, *further = paths or ("",)
    for record in _entries(answer, first):
        if not isinstance(record, dict):
            raise AnswerError(f"records: an entry of {first or 'the answer'} is no object")
        yield from _exploded(record, further)


def _exploded(record: dict[str, Any], paths: list[str]) -> Iterator[dict[str, Any]]:
    if not paths:
        yield record
        return
    for entry in _entries(record, paths[0]):
        yield from _exploded(_replaced(record, paths[0], entry), paths[1:])


def _entries(found: object, path: str) -> list[Any]:
    entries = at_path(found, path, MISSING) if path else found
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise AnswerError(f"records: {path or 'the answer'} is no list; {_shape(found)}")
    return entries


def _shape(found: object) -> str:
    return f"the keys are {', '.join(map(repr, found))}" if isinstance(found, dict) else "it has no keys"


def _replaced(record: dict[str, Any], path: str, entry: object) -> dict[str, Any]:
    """Put one entry in the place of its list."""
    key, _, rest = (path, "", "") if path in record else path.partition(".")
    return {**record, key: _replaced(record[key], rest, entry) if rest else entry}
