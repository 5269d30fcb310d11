"""Keep daily partials on disk, named by their rules; what keeps the days' files is `pipeline.days`."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
import sqlalchemy as sa
from ibis.backends.duckdb import Backend

from pipeline import repeats
from pipeline.catalog import Catalog
from pipeline.days import PARTIALS, Day, days_of
from pipeline.days import kept as days_kept
from pipeline.engine import landing_engine
from pipeline.reading import readings_of
from pipeline.store import manifest
from transforms.meter import Derivation
from transforms.partials import daily, kept_for, rules_of
from transforms.settle import settles
from transforms.source import Source

FOREVER_US = 2**62


def keep(store: sa.Engine, catalog: Catalog, source: Source, home: Path) -> int:
    """Make the repeats and partials that a source's meters lack, after something has landed; says of how many days."""
    meters = [meter for meter in catalog.meters.values() if meter.source_name == source.source]
    derivations = {rules_of(meter.derive, source): meter.derive for meter in meters if kept_for(meter.derive, source)}
    if not meters:
        return 0
    with store.begin() as connection:
        days = list(days_of(manifest.files(connection, source.source, FOREVER_US), home, None, None))
    with landing_engine() as backend:
        found = len(repeats.kept(backend, source, days, home)) if settles(source) else 0
        return found + sum(len(kept(backend, source, derivation, days, home)) for derivation in derivations.values())


def kept(backend: Backend, source: Source, derivation: Derivation, days: Iterable[Day], home: Path) -> list[Path]:
    """Give the paths of the days' partials; those that are not there yet are made."""
    folder = home / PARTIALS / source.source / rules_of(derivation, source)
    return days_kept(folder, days, partial(_added_up, backend, source, derivation, home))


def _added_up(
    backend: Backend, source: Source, derivation: Derivation, home: Path, days: list[Day]
) -> Iterator[tuple[Day, pa.Table]]:
    for day in days:
        added = daily(marked_of_day(backend, source, derivation, day, home), derivation, source.interval_us)
        yield day, backend.to_pyarrow(added.order_by("point", "mark"))


def marked_of_day(backend: Backend, source: Source, derivation: Derivation, day: Day, home: Path) -> ir.Table:
    """Give the readings of a day, marked for a derivation."""
    readings = readings_of(backend, source, day.files, home, *day.span)
    return repeats.marked(backend, readings, source, derivation.filter, [day], home)
