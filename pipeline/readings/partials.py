"""Daily partials on disk, named by their rules; what keeps the days' files is `pipeline.readings.days`."""

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.duckdb import Backend

from pipeline.readings import repeats
from pipeline.readings.days import PARTIALS, Day
from pipeline.readings.days import kept as days_kept
from pipeline.readings.reading import readings_of
from transforms.catalog.meter import Derivation
from transforms.catalog.source import Source
from transforms.quantities.partials import daily, rules_of


def kept(backend: Backend, source: Source, derivation: Derivation, days: Iterable[Day], home: Path) -> list[Path]:
    """Give the paths of the days' partials; those that are not there yet are made."""
    folder = home / PARTIALS / source.source / rules_of(derivation, source)
    return days_kept(folder, days, partial(_added_up, backend, source, derivation, home))


def _added_up(
    backend: Backend, source: Source, derivation: Derivation, home: Path, days: list[Day]
) -> Iterator[tuple[Day, pa.Table]]:
    for day in days:
        added = daily(marked_of_day(backend, source, derivation, day, home), derivation, source.interval_us)
        days_first = [added.bucket.notnull()] if "bucket" in added.columns else []
        yield day, backend.to_pyarrow(added.order_by(*days_first, "point", "mark"))


def marked_of_day(backend: Backend, source: Source, derivation: Derivation, day: Day, home: Path) -> ir.Table:
    """Give the readings of a day, marked for a derivation."""
    readings = readings_of(backend, source, day.files, home, *day.span)
    return repeats.marked(backend, readings, source, derivation.filter, [day], home)
