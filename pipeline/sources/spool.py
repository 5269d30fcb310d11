"""The spool: what was fetched, one file of JSON lines a piece, there whole or not at all."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from pipeline.durable import aside, publish
from pipeline.sources.files import RawFile
from transforms.catalog.source import Source


@dataclass(frozen=True)
class Position:
    """Up to where a source has been fetched: an instant, and the highest watermark where it has one."""

    until: datetime | None = None
    watermark: str | None = None


def spooled(
    records: Iterable[Mapping[str, object]],
    source: Source,
    spool: Path,
    kind: str,
    bounds: Callable[[], tuple[str, str]],
) -> list[RawFile]:
    """Write records below `spool/<source>`, named by their bounds, which are asked for when all are there.

    No record, no file. The same bounds have the same URI.
    """
    folder = spool / source.source
    with aside(folder) as written:
        with written.open("w", encoding="ascii", newline="\n") as file:
            count = sum(1 for record in records if file.write(json.dumps(record) + "\n"))
        if not count:
            return []
        final = folder / f"{'--'.join(quote(bound, safe=':+') for bound in bounds())}.jsonl"
        publish(written, final)
    return [RawFile(final, f"{kind}/{source.source}/{final.name}")]


def stamp(at: datetime) -> str:
    """Write an instant as ISO 8601 in UTC, such as 2025-03-01T00:00:00Z."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
