"""Landing: one raw file becomes one immutable Parquet file of readings, or is refused whole with a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from pipeline.durable import aside, publish
from pipeline.engine import landing_engine
from pipeline.retyped import refuse_retyped
from pipeline.sources.files import RawFile, open_rows
from pipeline.store.manifest import LandedFile
from transforms.identity import digest
from transforms.readings import parse, reading_columns, summary
from transforms.source import Source

Reject = tuple[int, str, str]
ANY_ORDER = "SET preserve_insertion_order = false"  # rows have numbers; keeping their order costs time and memory
REJECTS_MAX = 50_000  # rows at a time


@dataclass(frozen=True)
class Landing:
    """A raw file that has been read: what it would land as, and its header. Nothing is visible of it yet."""

    backend: Backend
    table: ir.Table
    source: Source
    landed: LandedFile
    columns: list[str]

    def write(self, home: Path) -> None:
        """Write the readings under their content's name, sorted by time so that a reader can pass most of them over."""
        readings = home / "readings"
        good = self.table.filter(self.table.reason.isnull()).order_by("at_us", "row")
        with aside((readings / self.landed.path).parent) as written:
            self.backend.to_parquet(good.select(*reading_columns(self.source)), written, compression="snappy")
            publish(written, readings / self.landed.path)

    def rejects(self) -> Iterator[Reject]:
        """Give row, reason and text of the rows that are no readings, in bounded memory."""
        rejected = self.table.filter(self.table.reason.notnull()).select("row", "reason", "raw")
        page = self._page(rejected, 0) if self.landed.quarantined else []
        while page:
            yield from page
            page = self._page(rejected, page[-1][0])

    def _page(self, rejected: ir.Table, after: int) -> list[Reject]:
        page = rejected.filter(rejected.row > after).order_by("row").limit(REJECTS_MAX)
        columns = self.backend.to_pyarrow(page).to_pydict()
        return list(zip(columns["row"], columns["reason"], columns["raw"], strict=True))


@contextmanager
def landing(source: Source, raw: RawFile, sha256: str) -> Iterator[Landing]:
    """Read a raw file under its source's rules; UnreadableFileError when it is to be quarantined whole.

    `sha256` is of its bytes: a part of the identities of readings without an event id.
    """
    with landing_engine() as backend:
        backend.raw_sql(ANY_ORDER)
        table, columns = _read(backend, source, raw, sha256)
        landed = _landed(backend, table, source)
        found = Landing(backend, table, source, landed, columns)
        refuse_retyped(source, landed, found.rejects())
        yield found


def _read(backend: Backend, source: Source, raw: RawFile, sha256: str) -> tuple[ir.Table, list[str]]:
    """Parse the whole file into a table of the engine, or fail without having written anything."""
    file_key = int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)
    with open_rows(raw, source) as rows:
        backend.con.register("raw_rows", rows.arrow())
        parsed = parse(backend.table("raw_rows"), source, file_key=file_key, path=raw.named)
        try:
            return backend.create_table("landing", parsed, temp=True), rows.columns
        except duckdb.Error:
            if rows.failure:
                raise rows.failure from None
            raise


def _landed(backend: Backend, table: ir.Table, source: Source) -> LandedFile:
    """Count the table's rows and name it by its content."""
    found = backend.to_pyarrow(summary(table, source)).to_pylist()[0]
    content = (str(int(found[name] or 0)) for name in ("rows", "high", "low"))
    file_id = digest(source.source, *content)
    return LandedFile(
        source=source.source,
        file_id=file_id,
        rows=found["rows"],
        readings=found["readings"],
        quarantined=found["rows"] - found["readings"],
        at_us_min=found["at_us_min"],
        at_us_max=found["at_us_max"],
        path=f"{source.source}/{source.value.precision}/{file_id}.parquet",
    )
