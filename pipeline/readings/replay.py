"""Replay: land kept raw bytes again under the rules that hold now. The same bytes give the same identities."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import sqlalchemy as sa

from pipeline.readings.landing import Landing, landing
from pipeline.readings.raw import RawBytesError, raw_path
from pipeline.sources.files import RawFile, UnreadableFileError
from pipeline.store import arrivals, manifest
from pipeline.store.arrivals import Arrival
from pipeline.store.manifest import LandedFile
from transforms.catalog.source import Source

ROWS = ("readings", "rows_quarantined", "rows_left_out")


@dataclass(frozen=True)
class Replayed:
    """What became of a source's raw files that were read again.

    `landed` otherwise than before, `same` as before, `quarantined` whole still; readings and rows of those that landed.
    """

    source: str
    landed: int
    same: int
    quarantined: int
    readings: int
    rows_quarantined: int
    rows_left_out: int


def replay(store: sa.Engine, source: Source, home: Path, *, file_id: str | None = None) -> Replayed:
    """Read files again of which anything is quarantined or left out, or the one that landed as `file_id`.

    What somebody has dismissed is left alone, unless it is that file: `file_id` is then its place in the inbox.

    RawBytesError when the bytes of one are not there.
    """
    with store.begin() as connection:
        if file_id is not None:
            found = arrivals.known_as(connection, source.source, file_id)
        else:
            found = arrivals.quarantined_whole(connection, source.source)
            found += arrivals.landed_in_part(connection, source.source)
    if file_id is not None and not found:
        raise RawBytesError(
            f"source {source.source}: no raw file has landed as {file_id}, and none at that path is quarantined: "
            "`meterbridge status` shows such paths, the table landed_files the ids of all others"
        )
    figures = _replay(store, source, home, found)
    names = ("landed", "same", "quarantined", *ROWS)
    return Replayed(source.source, *(figures[name] for name in names))


def replay_whole(store: sa.Engine, source: Source, home: Path) -> dict[str, int]:
    """Read the files again that are quarantined whole, and count them as extract does."""
    with store.begin() as connection:
        found = arrivals.quarantined_whole(connection, source.source)
    figures = _replay(store, source, home, found)
    return {name: figures[name] for name in ("landed", "quarantined", *ROWS)}


def _replay(store: sa.Engine, source: Source, home: Path, found: Iterable[Arrival]) -> Counter[str]:
    figures: Counter[str] = Counter()
    for arrival in found:
        figures.update(_again(store, source, home, arrival))
    return figures


def _again(store: sa.Engine, source: Source, home: Path, arrival: Arrival) -> dict[str, int]:
    raw = RawFile(_bytes(source, home, arrival), arrival.uri, _named(source, arrival.uri))
    try:
        with landing(source, raw, arrival.sha256, home) as read:
            return _take_place(store, read, arrival, home)
    except UnreadableFileError as error:
        if arrival.file_id is not None:  # what has landed is not given up for rules that cannot read it
            return {"same": 1}
        with store.begin() as connection:
            arrivals.settle(connection, replace(arrival, reason=str(error)))
        return {"quarantined": 1}


def _take_place(store: sa.Engine, read: Landing, arrival: Arrival, home: Path) -> dict[str, int]:
    """Let what was read now take the place of what the raw file landed as, or of its quarantine."""
    landed = read.landed
    if landed.file_id == arrival.file_id:
        return {"same": 1}
    with store.begin() as connection:
        visible = manifest.has_landed(connection, arrival.source, landed.file_id)
    if not visible:  # what is visible is never written again
        read.write(home)
    with store.begin() as connection:
        manifest.land(connection, landed, read.rejects())
        arrivals.settle(connection, replace(arrival, file_id=landed.file_id, reason=None, columns=read.columns))
        if arrival.file_id is not None:
            manifest.replace(connection, arrival.source, arrival.file_id, landed.file_id)
    return {"landed": 1, **rows_of(landed)}


def _bytes(source: Source, home: Path, arrival: Arrival) -> Path:
    path = raw_path(home, source.source, arrival.sha256)
    if not path.is_file():
        raise RawBytesError(f"{arrival.uri}: its bytes are not below {home / 'raw'}; restore them from a backup")
    return path


def _named(source: Source, uri: str) -> dict[str, str]:
    """Tell what the place of a raw file says of its account, by the pattern that holds now."""
    if source.files is None:
        return {}
    if match := source.pattern()[1].fullmatch(uri):
        return match.groupdict()
    raise RawBytesError(f"{uri}: files: {source.files!r} does not match it any more, and so cannot tell its account")


def rows_of(landed: LandedFile) -> dict[str, int]:
    """Count the rows of a landed file by what they are."""
    return dict(zip(ROWS, (landed.readings, landed.quarantined, landed.left_out), strict=True))


def set_aside(quarantined: int, left_out: int) -> str:
    """Say how many rows are no readings: faults, and those that the source leaves out."""
    return f"{quarantined} rows quarantined" + (f", {left_out} left out" if left_out else "")


def describe(replayed: Replayed) -> str:
    """Say in one line what became of the files."""
    others = set_aside(replayed.rows_quarantined, replayed.rows_left_out)
    return (
        f"{replayed.source}: {replayed.landed} files landed anew with {replayed.readings} readings "
        f"({others}), {replayed.same} as before, "
        f"{replayed.quarantined} still quarantined whole"
    )
