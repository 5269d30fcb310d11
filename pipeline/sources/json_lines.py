"""JSON lines: one object on a line."""

from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from pipeline.sources.batches import Opened, Row, batched, defective
from pipeline.sources.json_values import object_of, text_at
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
        yield from paths_of(object_of(line))
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
        found = object_of(line)
        return Row(number, None, tuple(text_at(found, path) for path in paths))
    except (ValueError, RecursionError):  # no JSON, nested beyond reason, or not the shape of a reading
        return defective(number, "unreadable_line", line, source)
