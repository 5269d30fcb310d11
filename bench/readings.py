"""Synthetic readings of two shapes, as raw files and as what lands of them.

Sparse events bear an id, in no order, of charges with few readings and many (zipf); one in a hundred is delivered
twice, by different files, and one in fifty a week late. Dense samples come every five minutes from every charge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from pipeline.engine import landing_engine
from pipeline.quantities.derive import scoped
from pipeline.quantities.situation import Situation
from pipeline.readings.landing import write_readings
from pipeline.store.manifest import LandedFile
from transforms.catalog.meter import CARRIED_IN, Derivation, Function, Meter
from transforms.catalog.source import Source
from transforms.period import Period
from transforms.quantities.scope import Name, Target
from transforms.readings.hashed import halves
from transforms.readings.landed import schema_name
from transforms.readings.readings import SEPARATOR, point

PERIOD = Period.parse("2014-02")
WINDOW = PERIOD.window("UTC")
DAY = timedelta(days=1)
FROM_US, DAYS = WINDOW.start_us - DAY // timedelta(microseconds=1), 29  # a day more: readings are carried in
EVENTS_A_CHARGE, CHARGES_MAX, ACCOUNTS_MAX = 12, 775_000, 100_000
SAMPLES = 288 * DAYS  # of a charge
SPARSE = """
    SELECT 'evt-' || lpad(hash(event)::VARCHAR, 20, '0') AS event_id, 'A-' || charge % {accounts} AS account,
        'S-' || charge AS subscription, make_timestamp(at_us) AS at,
        ((hash(event + 13) % 1000000::UBIGINT) / 1000)::DECIMAL(18, 6) AS value
    FROM (
        SELECT event, floor(exp(hash(event + 3) / 2.0**64 * ln({charges} + 1)))::BIGINT - 1 AS charge,
            {from_us} + (hash(event + 7) % ({days} * 86400)::UBIGINT)::BIGINT * 1000000 AS at_us,
            (at_us - {from_us}) // ({days} * 86400000000 // 4) + (i % 100 = 0 OR event % 50 = 7)::BIGINT AS delivered
        FROM (SELECT i, i - (i % 100 = 0)::BIGINT AS event FROM range(1, {readings} + 1) numbers(i))
    ) WHERE delivered = {file}
"""
DENSE = """
    SELECT 'A-' || i % {charges} AS account,
        make_timestamp({from_us} + ({file} * 288 + i // {charges}) * 300000000) AS at,
        ((hash(i + {file} * 9973) % 1000000::UBIGINT) / 1000)::DECIMAL(18, 6) AS value
    FROM range({charges} * 288) numbers(i)
"""
COLUMNS = {"at": "at", "value": "value", "account": "account"}
VALUE = {"digits": 18, "decimals": 6}


@dataclass(frozen=True)
class Shape:
    """A source with so many raw `files` of synthetic readings, made by a query, of so many `charges`."""

    source: Source
    readings: int
    charges: int
    files: int
    query: str

    @property
    def columns(self) -> list[str]:
        """The columns of the raw files."""
        event_id = self.source.columns.event_id
        return [*([event_id] if event_id else []), *self.names, "at", "value"]

    @property
    def names(self) -> list[str]:
        """The raw columns that say whose a reading is."""
        return ["account", *(["subscription"] if self.source.columns.subscription else [])]

    @cached_property
    def scope(self) -> dict[Name, Target]:
        """Whose the readings are: one charge for each name, for the whole period."""
        numbers = range(self.charges)
        if self.source.columns.subscription is None:
            return {(f"A-{n}", ""): _target(n) for n in numbers}
        return {(f"A-{n % ACCOUNTS_MAX}", f"S-{n}"): _target(n) for n in numbers}

    @property
    def _folder(self) -> str:
        return f"{self.source.source}/{schema_name(self.source)}"

    def raw(self, home: Path) -> str:
        """Name the raw files, as a pattern."""
        return str(home / "raw" / self.source.source / "*.parquet")

    def make(self, home: Path) -> None:
        """Write the raw files and, with the rules of landing, the landed ones."""
        (home / "raw" / self.source.source).mkdir(parents=True)
        (home / "readings" / self._folder).mkdir(parents=True)
        with landing_engine() as backend:
            for file in range(self.files):
                path = home / "raw" / self.source.source / f"{file}.parquet"
                backend.raw_sql(f"COPY ({self._query(file)}) TO '{path}'")
                self._land(backend, path, home)
            (home / "names").mkdir(exist_ok=True)
            situation = self.situation(Derivation(function=Function.SUM), home)
            pq.write_table(backend.to_pyarrow(scoped(situation)), home / "names" / f"{self.source.source}.parquet")

    def _query(self, file: int) -> str:
        figures = {"readings": self.readings, "charges": self.charges, "accounts": ACCOUNTS_MAX}
        return self.query.format(**figures, from_us=FROM_US, days=DAYS, file=file)

    def _land(self, backend: Backend, path: Path, home: Path) -> None:
        landed = _landed(backend.read_parquet(path, file_row_number=True), self.source, int(path.stem))
        write_readings(backend, landed, self.source, home / "readings" / self._folder / path.name)

    def scoped(self, home: Path) -> ir.Table:
        """Give the table that readings are joined with, as `pipeline.quantities.derive.scoped` made it."""
        return ibis.memtable(pq.read_table(home / "names" / f"{self.source.source}.parquet"))

    def situation(self, derivation: Derivation, home: Path) -> Situation:
        """Say what a derivation of the period depends on."""
        names = {"meter": "all", "owner": "bench", "source": self.source.source}
        mapped = {"charge": "all", "unit": "each"}
        meter = Meter.model_validate(names | {"derive": derivation, "map": mapped})
        from_us = None if derivation.function in CARRIED_IN else WINDOW.start_us
        files = [self._file(home / "readings", f"{self._folder}/{file}.parquet") for file in range(self.files)]
        targets = list(self.scope.values())
        return Situation(meter, self.source, PERIOD, self.scope, targets, WINDOW, from_us, WINDOW.end_us, files)

    def _file(self, readings: Path, path: str) -> LandedFile:
        metadata = pq.read_metadata(readings / path)
        rows, last = metadata.num_rows, metadata.num_row_groups - 1
        low, high = _bound(metadata, 0, "min"), _bound(metadata, last, "max")  # in order of time
        return LandedFile(self.source.source, path, rows, rows, 0, low, high, path)


def _bound(metadata: pq.FileMetaData, group: int, which: str) -> int:
    at = metadata.schema.names.index("at_us")
    return int(getattr(metadata.row_group(group).column(at).statistics, which))


def _target(number: int) -> Target:
    return Target(f"A-{number % ACCOUNTS_MAX}", f"C-{number}", WINDOW, WINDOW, "UTC")


def _landed(raw: ir.Table, source: Source, file: int) -> ir.Table:
    """Make of good rows what `parse` makes, by the same hashes, without reading them from text."""
    row = raw.file_row_number + 1
    subscription = raw.subscription if source.columns.subscription else ibis.literal("")
    identity = (ibis.literal(file, "int64"), row)
    if source.columns.event_id:
        identity = halves(ibis.literal(source.source + SEPARATOR) + raw.event_id)
    return raw.select(
        "account",
        "value",
        row=row,
        subscription=subscription,
        point=point(raw.account, subscription),
        at_us=raw["at"].epoch_seconds().cast("int64") * 1_000_000,
        id_high=identity[0],
        id_low=identity[1],
        revision=ibis.literal(0, "int64"),
    )


def shapes(readings: int) -> dict[str, Shape]:
    """Give both shapes, by name, each of about so many readings."""
    charges = min(max(1, readings // EVENTS_A_CHARGE), CHARGES_MAX)
    sparse = {"columns": COLUMNS | {"event_id": "event_id", "subscription": "subscription"}, "duplicates": "exact"}
    dense = {"columns": COLUMNS, "duplicates": "exact", "interval_seconds": 300}
    return {
        "sparse": Shape(_source("sparse", sparse), readings, charges, 5, SPARSE),
        "dense": Shape(_source("dense", dense), readings, max(1, readings // SAMPLES), DAYS, DENSE),
    }


def _source(name: str, rules: Mapping[str, object]) -> Source:
    return Source.model_validate({"source": name, "files": "*.parquet", "value": VALUE, **rules})
