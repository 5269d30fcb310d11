"""Keep daily partials on disk: one small Parquet file a day, named by the rules and by the landed files it is made of.

A late file changes that name for its own days alone, so only they are added up again. The folder may be deleted at any
time: what is missing is made again from the readings.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ibis.expr.types as ir
import pyarrow.parquet as pq
import sqlalchemy as sa
from ibis.backends.duckdb import Backend

from pipeline.catalog import Catalog
from pipeline.durable import aside, publish
from pipeline.engine import landing_engine
from pipeline.reading import marked, readings_of
from pipeline.store import manifest
from pipeline.store.manifest import LandedFile
from transforms.identity import digest
from transforms.meter import Derivation
from transforms.partials import daily, kept_for, rules_of
from transforms.period import DAY_US
from transforms.source import Source

NAME_DIGITS = 32
FOREVER_US = 2**62


@dataclass(frozen=True)
class Day:
    """A day of UTC, counted from 1970, with the landed files that may hold readings of it."""

    number: int
    files: tuple[LandedFile, ...]

    @property
    def name(self) -> str:
        """The name of its partial: the same files give the same name."""
        return f"{self.number}-{digest('day', *(file.file_id for file in self.files))[:NAME_DIGITS]}.parquet"


def days_of(files: Iterable[LandedFile], from_us: int | None, until_us: int) -> Iterator[Day]:
    """List the days of a span (from the first reading on, where that is None) that any file may hold readings of."""
    held: defaultdict[int, list[LandedFile]] = defaultdict(list)
    for file in files:
        if file.at_us_min is not None and file.at_us_max is not None:
            first = file.at_us_min if from_us is None else max(file.at_us_min, from_us)
            for number in range(first // DAY_US, min(file.at_us_max, until_us - 1) // DAY_US + 1):
                held[number].append(file)
    return (Day(number, tuple(held[number])) for number in sorted(held))


def keep_partials(store: sa.Engine, catalog: Catalog, source: Source, home: Path) -> int:
    """Make the partials that a source's meters lack, after something has landed; says how many days they have."""
    meters = [meter for meter in catalog.meters.values() if meter.source_name == source.source]
    derivations = {rules_of(meter.derive, source): meter.derive for meter in meters if kept_for(meter.derive, source)}
    if not derivations:
        return 0
    with store.begin() as connection:
        days = list(days_of(manifest.files(connection, source.source, FOREVER_US), None, FOREVER_US))
    with landing_engine() as backend:
        return sum(len(kept(backend, source, derivation, days, home)) for derivation in derivations.values())


def kept(backend: Backend, source: Source, derivation: Derivation, days: Iterable[Day], home: Path) -> list[Path]:
    """Give the paths of the days' partials; those that are not there yet are made."""
    folder = home / "partials" / source.source / rules_of(derivation, source)
    found = []
    for day in days:
        path = folder / day.name
        if not path.exists():
            _make(backend, source, derivation, day, home, path)
        found.append(path)
    return found


def _make(backend: Backend, source: Source, derivation: Derivation, day: Day, home: Path, path: Path) -> None:
    with aside(path.parent) as written:
        added = daily(marked_of_day(backend, source, derivation, day, home), derivation, source.interval_us)
        pq.write_table(backend.to_pyarrow(added.order_by("point", "mark")), written)
        publish(written, path)


def marked_of_day(backend: Backend, source: Source, derivation: Derivation, day: Day, home: Path) -> ir.Table:
    """Give the readings of a day, marked for a derivation."""
    span = (day.number * DAY_US, (day.number + 1) * DAY_US)
    readings = readings_of(backend, source, day.files, home, *span)
    return marked(backend, readings, source, derivation.filter)
