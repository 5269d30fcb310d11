"""Readings that do not arrive as files: fetched from a database or an API into files, which land like any other."""

from datetime import datetime
from pathlib import Path

from pipeline.sources import http, sql
from pipeline.sources.files import RawFile
from pipeline.sources.spool import Position
from pipeline.sources.unavailable import SourceUnavailableError
from transforms.catalog.source import Source

__all__ = ["Position", "SourceUnavailableError", "fetch"]


def fetch(source: Source, position: Position, until: datetime, spool: Path) -> tuple[list[RawFile], Position]:
    """Fetch what came after the position and before `until` into files of JSON lines, and give the position then.

    Keep the position only after the files have landed: until then the same is fetched again, under the same URIs.
    SourceUnavailableError when the database or API does not answer as it should.
    """
    if source.sql is not None:
        return sql.fetch(source, source.sql, position, until, spool)
    if source.http is not None:
        return http.fetch(source, source.http, position, until, spool)
    raise ValueError(f"source {source.source} has files, and nothing to fetch")
