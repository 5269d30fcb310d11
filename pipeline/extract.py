"""Extract: land what is new in a source, once. Raw files become immutable Parquet, visible through the manifest."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import sqlalchemy as sa
from ibis.backends.duckdb import Backend

from pipeline.durable import aside, publish, sha256
from pipeline.engine import engine
from pipeline.sources.files import RawFile, UnreadableFileError, arrivals, open_rows
from pipeline.store import manifest
from pipeline.store.manifest import LandedFile
from transforms.errors import MeterbridgeError
from transforms.identity import digest
from transforms.readings import fingerprint, parse
from transforms.source import Source

READING = ("row", "account", "subscription", "at_us", "value", "id_high", "id_low")


class MissingFilesError(MeterbridgeError):
    """A source never gave a file: its pattern or the inbox is wrong; the message says where it looked."""


@dataclass(frozen=True)
class Extracted:
    """What became of a source's files.

    `landed` anew, `exists` by content, `known` by path and bytes, `quarantined` whole.
    """

    source: str
    landed: int
    exists: int
    known: int
    quarantined: int
    readings: int
    rows_quarantined: int


def extract(
    store: sa.Engine, source: Source, inbox: Path, home: Path, *, until: datetime, retry: bool = False
) -> Extracted:
    """Take every file whose path or bytes are new; `until` is the instant up to which the source has then been taken.

    `retry` takes files again that were quarantined whole. MissingFilesError when the source never gave a file.
    """
    found = arrivals(source, inbox)
    with store.begin() as connection:
        if not found and not manifest.any_arrived(connection, source.source):
            raise MissingFilesError(f"source {source.source}: nothing matches {source.files!r} below {inbox}")
        if retry:
            manifest.forget_quarantined(connection, source.source)
    outcomes: Counter[str] = Counter()
    for raw in found:
        outcomes.update(_take(store, source, raw, home))
    with store.begin() as connection:
        manifest.extracted(connection, source.source, until)
    names = ("landed", "exists", "known", "quarantined", "readings", "rows_quarantined")
    return Extracted(source.source, *(outcomes[name] for name in names))


def _take(store: sa.Engine, source: Source, raw: RawFile, home: Path) -> dict[str, int]:
    hashed = sha256(raw.path)
    with store.begin() as connection:
        if manifest.has_arrived(connection, source.source, hashed, raw.uri):
            return {"known": 1}
    size = raw.path.stat().st_size
    try:
        with engine() as backend:
            return _land(store, backend, source, raw, hashed, size, home)
    except UnreadableFileError as error:
        with store.begin() as connection:
            manifest.arrive(connection, source.source, hashed, raw.uri, size, file_id=None, reason=str(error))
        return {"quarantined": 1}


def _land(
    store: sa.Engine, backend: Backend, source: Source, raw: RawFile, hashed: str, size: int, home: Path
) -> dict[str, int]:
    landing = _read(backend, source, raw, hashed)
    landed = _describe(backend, landing, source)
    with store.begin() as connection:
        if manifest.has_landed(connection, source.source, landed.file_id):  # what is visible is never written again
            manifest.arrive(connection, source.source, hashed, raw.uri, size, file_id=landed.file_id, reason=None)
            return {"exists": 1}
    readings = home / "readings"
    with aside(readings / source.source) as written:
        good = landing.filter(landing.reason.isnull()).order_by("row").select(*READING)
        backend.to_parquet(good, written)
        publish(written, readings / landed.path)
    rejected = landing.filter(landing.reason.notnull()).order_by("row").select("row", "reason", "raw")
    rejects = backend.to_pyarrow(rejected).to_pydict()
    with store.begin() as connection:
        new = manifest.land(connection, landed, zip(rejects["row"], rejects["reason"], rejects["raw"], strict=True))
        manifest.arrive(connection, source.source, hashed, raw.uri, size, file_id=landed.file_id, reason=None)
    if not new:
        return {"exists": 1}
    return {"landed": 1, "readings": landed.readings, "rows_quarantined": landed.quarantined}


def _read(backend: Backend, source: Source, raw: RawFile, hashed: str) -> ir.Table:
    """Parse the whole file into a table of the engine, or fail without having written anything."""
    file_key = int.from_bytes(bytes.fromhex(hashed[:16]), "big", signed=True)
    with open_rows(raw, source) as rows:
        backend.con.register("raw_rows", rows.arrow())
        try:
            return backend.create_table(
                "landing", parse(backend.table("raw_rows"), source, file_key=file_key, path=raw.named), temp=True
            )
        except duckdb.Error:
            if rows.failure:
                raise rows.failure from None
            raise


def _describe(backend: Backend, landing: ir.Table, source: Source) -> LandedFile:
    """Count the table's rows and name it by its content."""
    content = backend.to_pyarrow(fingerprint(landing)).to_pylist()[0]
    good = landing.reason.isnull()
    counts = landing.aggregate(
        rows=landing.count(),
        readings=good.sum(),
        at_us_min=landing.at_us.min(where=good),
        at_us_max=landing.at_us.max(where=good),
    )
    found = backend.to_pyarrow(counts).to_pylist()[0]
    readings = int(found["readings"] or 0)
    file_id = digest(source.source, *(str(int(content[name] or 0)) for name in ("rows", "high", "low")))
    return LandedFile(
        source=source.source,
        file_id=file_id,
        rows=found["rows"],
        readings=readings,
        quarantined=found["rows"] - readings,
        at_us_min=found["at_us_min"],
        at_us_max=found["at_us_max"],
        path=f"{source.source}/{file_id}.parquet",
    )


def describe(extracted: Extracted) -> str:
    """Say in one line what became of a source's files."""
    return (
        f"{extracted.source}: {extracted.landed} files landed with {extracted.readings} readings "
        f"({extracted.rows_quarantined} rows quarantined), {extracted.known + extracted.exists} known, "
        f"{extracted.quarantined} quarantined whole"
    )
