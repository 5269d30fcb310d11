"""Landing: one raw file becomes one immutable Parquet file of readings, or is refused whole with a reason."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from pipeline.durable import aside, publish
from pipeline.engine import DISABLED, landing_engine
from pipeline.readings.repeated import read_once
from pipeline.readings.retyped import refuse_retyped
from pipeline.readings.statements import RAW_ROWS, Rules, parse_rows, read_values
from pipeline.sources.files import RawFile, RowReader, open_rows
from pipeline.store.manifest import LandedFile
from transforms.catalog.source import Source
from transforms.identity import digest
from transforms.readings.fate import LEFT_OUT
from transforms.readings.fingerprint import added_up, of_readings, of_rejected
from transforms.readings.landed import landed_columns, schema_name
from transforms.readings.readings import summary

Reject = tuple[int, str, str]
# Rows have numbers, so nobody need keep their order. A filter that is pushed down would parse every row a second time.
SETTINGS = ("SET preserve_insertion_order = false", f"SET disabled_optimizers = '{DISABLED},filter_pushdown'")
# Version 2 keeps numbers as differences: smaller, and read twice as fast. Columns of more values than the limit, in a
# row group of 122,880, get no dictionary: gathering a larger one takes longer than it saves.
PARQUET = {"compression": "lz4_raw", "parquet_version": "v2", "dictionary_size_limit": 8192}
READ_ONCE = ("at", "account", "value")  # take longer to read than to compare
REJECTS_MAX = 50_000  # rows at a time
CACHED_ROWS = 1 << 14  # of some columns; as many as stay in a processor's cache


@dataclass(frozen=True)
class Landing:
    """A raw file that has been read: what it would land as, and its header. Nothing is visible of it yet."""

    backend: Backend
    source: Source
    landed: LandedFile
    columns: list[str]
    written: Path
    rejected: ir.Table | None

    def write(self, home: Path) -> None:
        """Bring the readings under their content's name."""
        publish(self.written, home / "readings" / self.landed.path)

    def rejects(self) -> Iterator[Reject]:
        """Give row, reason and text of the rows that are no readings, quarantined or left out, in bounded memory."""
        page = self._page(0)
        while page:
            yield from page
            page = self._page(page[-1][0])

    def _page(self, after: int) -> list[Reject]:
        if self.rejected is None:
            return []
        page = self.rejected.filter(self.rejected.row > after).order_by("row").limit(REJECTS_MAX)
        columns = self.backend.to_pyarrow(page).to_pydict()
        return list(zip(columns["row"], columns["reason"], columns["raw"], strict=True))


@contextmanager
def landing(source: Source, raw: RawFile, sha256: str, home: Path) -> Iterator[Landing]:
    """Read a raw file under its source's rules; UnreadableFileError when it is to be quarantined whole.

    `sha256` is of its bytes: a part of the identities of readings without an event id.
    """
    with landing_engine() as backend, aside(home / "readings" / source.source) as written:
        for setting in SETTINGS:
            backend.raw_sql(setting)
        with _parsed(backend, source, raw, sha256) as (rows, parsed):
            write_readings(backend, parsed.filter(parsed.reason.isnull()), source, written)
        readings = backend.read_parquet(written)
        figures = backend.to_pyarrow(summary(readings)).to_pylist()[0]
        rejected = _rejected(backend, source, raw, sha256) if rows.count > figures["readings"] else None
        figures["left_out"] = 0 if rejected is None else _left_out(backend, rejected)
        content = _content(backend, source, readings, rejected)
        landed = _landed(source, rows.count, figures, content)
        found = Landing(backend, source, landed, rows.columns, written, rejected)
        refuse_retyped(source, landed, found.rejects())
        yield found


def write_readings(backend: Backend, readings: ir.Table, source: Source, path: Path) -> None:
    """Write readings to a Parquet file, sorted by time so that who reads it can pass most of them over."""
    ordered = readings.select(*landed_columns(source)).order_by("at_us", "row")
    backend.to_parquet(ordered, path, **PARQUET)


@contextmanager
def _parsed(backend: Backend, source: Source, raw: RawFile, sha256: str) -> Iterator[tuple[RowReader, ir.Table]]:
    """Open a raw file as a parsed table for one statement; where that cannot read it, the file's own error says so."""
    file_key = int.from_bytes(bytes.fromhex(sha256[:16]), "big", signed=True)
    with open_rows(raw, source) as rows:
        try:
            read = _read(backend, source, raw, rows)
            backend.con.register(RAW_ROWS, read.__arrow_c_stream__())  # type: ignore[no-untyped-call]
            columns = ibis.Schema.from_pyarrow(read.schema)
            parsed = parse_rows(backend, source, columns, file_key, raw.named)
            backend.raw_sql(f"CREATE OR REPLACE TEMP VIEW parsed AS {parsed}")
            yield rows, backend.table("parsed")
        except duckdb.Error:
            if rows.failure:
                raise rows.failure from None
            raise


def _read(backend: Backend, source: Source, raw: RawFile, rows: RowReader) -> pa.RecordBatchReader:
    """Give the rows as text, but for what is read already because it repeats itself."""
    names = [name for name in READ_ONCE if name in source.texts()]
    rules, named = Rules.of(source), tuple(raw.named.items())
    return read_once(backend, rows.arrow(), names, lambda name: read_values(rules, name, named))


def _rejected(backend: Backend, source: Source, raw: RawFile, sha256: str) -> ir.Table:
    """Read the file once more for the rows that are no readings: most files have none, and need not be kept as text."""
    with _parsed(backend, source, raw, sha256) as (_, parsed):
        bad = parsed.filter(parsed.reason.notnull()).select("row", "reason", "raw")
        return backend.create_table("rejected", bad, temp=True)


def _left_out(backend: Backend, rejected: ir.Table) -> int:
    return int(backend.to_pyarrow(rejected.filter(rejected.reason == LEFT_OUT).count()).as_py())


def _content(backend: Backend, source: Source, readings: ir.Table, rejected: ir.Table | None) -> list[int]:
    """Sum up what stood in the file, in whatever order."""
    parts = [of_readings(readings, source), *([] if rejected is None else [of_rejected(rejected)])]
    streams = (backend.raw_sql(backend.compile(part)).to_arrow_reader(CACHED_ROWS) for part in parts)
    return [figure for stream in streams for figure in added_up(stream)]


def _landed(source: Source, rows: int, figures: dict[str, int], content: list[int]) -> LandedFile:
    """Name the file by its content."""
    file_id = digest(source.source, str(rows), *map(str, content))
    return LandedFile(
        source=source.source,
        file_id=file_id,
        rows=rows,
        readings=figures["readings"],
        quarantined=rows - figures["readings"] - figures["left_out"],
        left_out=figures["left_out"],
        at_us_min=figures["at_us_min"],
        at_us_max=figures["at_us_max"],
        path=f"{source.source}/{schema_name(source)}/{file_id}.parquet",
    )
