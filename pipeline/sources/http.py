"""A JSON API: asked piece by piece and page by page, each piece a file, each number the digits that were given."""

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.patience import Patience
from pipeline.sources.api import Api
from pipeline.sources.files import RawFile
from pipeline.sources.pages import paged
from pipeline.sources.spool import Position, spooled, stamp
from pipeline.sources.unavailable import AnswerError
from transforms.catalog.origins import Http
from transforms.catalog.source import Source
from transforms.period import micros

DEFAULT = Patience()
UNIT_MICROSECONDS = {"epoch_seconds": 1_000_000, "epoch_milliseconds": 1_000}


def fetch(
    source: Source, origin: Http, position: Position, until: datetime, spool: Path, patience: Patience = DEFAULT
) -> tuple[list[RawFile], Position]:
    """Ask for all pieces from the position to `until`; with `step_seconds`, to the last whole step before `until`.

    SourceUnavailableError when the API does not answer, or not as the source says.
    """
    start = position.until or origin.since
    files: list[RawFile] = []
    with closing(Api(source.source, origin, patience)) as api:
        for end in _ends(origin, start, until):
            files += _piece(api, source, origin, start, end, spool)
            start, position = end, Position(end)
    return files, position


def _ends(origin: Http, start: datetime, until: datetime) -> Iterator[datetime]:
    """Cut what is asked for into pieces, each from the end of the one before."""
    step = timedelta(seconds=origin.step_seconds or 0)
    until = start + (until - start) // step * step if step else until
    while start < until:
        start = min(start + timedelta(seconds=origin.piece_seconds), until)
        yield start


def _piece(api: Api, source: Source, origin: Http, start: datetime, end: datetime, spool: Path) -> list[RawFile]:
    parameters = _parameters(origin, start, end)
    found = paged(lambda page: api.ask(parameters | page), origin.page, origin.records)
    try:
        return spooled(found, source, spool, "http", lambda: (stamp(start), stamp(end)))
    except AnswerError as error:
        api.refuse(str(error), "compare records and page of the source with the API's description")


def _parameters(origin: Http, start: datetime, end: datetime) -> dict[str, str]:
    last = end - timedelta(seconds=origin.step_seconds or 0)
    bounds = {"{start}": start, "{end}": end, "{last}": last}
    filled = dict(origin.parameters)
    for placeholder, at in bounds.items():
        written = _written(at, origin.time_format)
        filled = {name: value.replace(placeholder, written) for name, value in filled.items()}
    return filled


def _written(at: datetime, time_format: str) -> str:
    if time_format == "iso":
        return stamp(at)
    unit = UNIT_MICROSECONDS[time_format]
    whole, rest = divmod(micros(at), unit)
    return f"{whole}.{rest:0{len(str(unit)) - 1}}" if rest else str(whole)
