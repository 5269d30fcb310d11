"""Extract: land what is new in a source, once. Raw files become immutable Parquet, visible through the manifest."""

import os
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from pipeline.durable import sha256
from pipeline.readings.landing import Landing, landing
from pipeline.readings.raw import keep_raw
from pipeline.readings.replay import ROWS, replay_whole, rows_of, set_aside
from pipeline.sources.drift import difference
from pipeline.sources.fetched import Position, fetch
from pipeline.sources.files import RawFile, UnreadableFileError
from pipeline.sources.files import arrivals as arrived_files
from pipeline.sources.remote import is_url
from pipeline.store import arrivals, manifest
from pipeline.store.arrivals import Arrival
from transforms.catalog.source import Source
from transforms.errors import MeterbridgeError
from transforms.readings.readings import SEPARATOR
from transforms.readings.reasons import advice

FIGURES = ("landed", "exists", "known", "quarantined", *ROWS)
SHOWN_MAX = 60  # characters of a text


class MissingFilesError(MeterbridgeError):
    """A source never gave a file: its pattern or the inbox is wrong; the message says where it looked."""


@dataclass(frozen=True)
class Extracted:
    """What became of a source's files.

    `landed` anew, `exists` by content, `known` by place and bytes, `quarantined` whole. `reasons` of rows that are set
    aside are told by the first of each.
    """

    source: str
    landed: int
    exists: int
    known: int
    quarantined: int
    readings: int
    rows_quarantined: int
    rows_left_out: int
    warnings: tuple[str, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Taken:
    """What became of one file."""

    figures: dict[str, int]
    warning: str | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def extract(
    store: sa.Engine, source: Source, inbox: Path, home: Path, *, until: datetime, retry: bool = False
) -> Extracted:
    """Take every file whose place or bytes are new; `until` is the instant up to which the source has then been taken.

    `retry` takes files again that were quarantined whole. MissingFilesError when the source never gave a file.
    """
    outcomes: Counter[str] = Counter(replay_whole(store, source, home) if retry else {})
    found, position = _found(store, source, inbox, home, until)
    with store.begin() as connection:
        versions = arrivals.known_versions(connection, source.source)
    warnings: list[str] = []
    reasons: dict[str, str] = {}
    for raw in found:
        known = raw.version is not None and (raw.uri, raw.version) in versions
        taken = _Taken({"known": 1}) if known else _take(store, source, raw, home)
        outcomes.update(taken.figures)
        warnings += [f"{raw.uri}: {taken.warning}"] if taken.warning else []
        reasons = taken.reasons | reasons
    with store.begin() as connection:
        manifest.extracted(connection, source.source, position.until or until, position.watermark)
    _forget_spool(source, found)
    return Extracted(
        source.source, **{name: outcomes[name] for name in FIGURES}, warnings=tuple(warnings), reasons=reasons
    )


def _found(
    store: sa.Engine, source: Source, inbox: Path, home: Path, until: datetime
) -> tuple[list[RawFile], Position]:
    """Find the source's files, or fetch what came since it was taken last."""
    with store.begin() as connection:
        position = Position(*manifest.position(connection, source.source))
        never = not arrivals.any_arrived(connection, source.source)
    if source.files is None:
        return fetch(source, position, until, home / "fetched")
    found = arrived_files(source, inbox)
    # An inbox that is not mounted has no files either, and that would pass for a quiet day.
    if not found and (never or not (is_url(source.files) or os.access(inbox, os.R_OK | os.X_OK))):
        raise MissingFilesError(
            f"source {source.source}: nothing matches {source.files!r} below {inbox}: is `files` right, and is the "
            "inbox mounted, and readable?"
        )
    return found, Position(until, position.watermark)


def _take(store: sa.Engine, source: Source, raw: RawFile, home: Path) -> _Taken:
    with raw.local() as path:
        hashed = sha256(path)
        with store.begin() as connection:
            if arrivals.has_arrived(connection, source.source, hashed, raw.uri, raw.version):
                return _Taken({"known": 1})
        local = keep_raw(path, home, source.source, hashed)
    arrival = Arrival(source.source, hashed, raw.uri, local.stat().st_size, version=raw.version)
    try:
        with landing(source, replace(raw, path=local), hashed, home) as read:
            return _land(store, read, arrival, home)
    except UnreadableFileError as error:
        with store.begin() as connection:
            arrivals.arrive(connection, replace(arrival, reason=str(error)))
        return _Taken({"quarantined": 1}, f"quarantined whole, {error}")


def _land(store: sa.Engine, read: Landing, arrival: Arrival, home: Path) -> _Taken:
    landed = read.landed
    with store.begin() as connection:
        known = arrivals.latest_columns(connection, arrival.source)
        warning = difference(read.columns, read.source, known)
        arrival = replace(arrival, file_id=landed.file_id, columns=read.columns, warning=warning)
        if manifest.has_landed(connection, arrival.source, landed.file_id):  # what is visible is never written again
            arrivals.arrive(connection, arrival)
            return _Taken({"exists": 1}, warning)
    read.write(home)
    with store.begin() as connection:
        new = manifest.land(connection, landed, read.rejects())
        arrivals.arrive(connection, arrival)
        reasons = manifest.reasons(connection, landed) if new and landed.quarantined else []
    if not new:
        return _Taken({"exists": 1}, warning)
    figures = {"landed": 1, **rows_of(landed)}
    told = {reason: _first(arrival.uri, rows, row, raw) + advice(reason) for reason, rows, row, raw in reasons}
    return _Taken(figures, warning, told)


def _first(uri: str, rows: int, row: int, raw: str) -> str:
    """Show the first row of a file that is set aside for a reason, and how many are."""
    shown = ", ".join(repr(text[:SHOWN_MAX]) for text in raw.split(SEPARATOR))
    return f"row {row} of {uri} (the first of {rows}) holds {shown}"


def _forget_spool(source: Source, fetched: list[RawFile]) -> None:
    """Remove what was fetched: its bytes are kept, and its position too."""
    for raw in fetched:
        if source.files is None and raw.path is not None:
            raw.path.unlink(missing_ok=True)


def describe(extracted: Extracted) -> str:
    """Say in one line what became of a source's files, and in one more each what is unusual about them."""
    others = set_aside(extracted.rows_quarantined, extracted.rows_left_out)
    line = (
        f"{extracted.source}: {extracted.landed} files landed with {extracted.readings} readings "
        f"({others}), {extracted.known + extracted.exists} known, "
        f"{extracted.quarantined} quarantined whole"
    )
    told = [f"{reason}: {first}" for reason, first in sorted(extracted.reasons.items())]
    return "\n".join([line, *(f"  {each}" for each in (*extracted.warnings, *told))])
