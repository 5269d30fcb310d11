"""Keep the repeats among readings on disk, day by day, when they land: at a period's end nobody looks for them."""

from collections.abc import Iterable, Iterator
from functools import partial
from itertools import accumulate, groupby
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from pipeline.readings.days import REPEATS, Day
from pipeline.readings.days import kept as days_kept
from pipeline.readings.reading import SPAN_ROWS, readings_of
from transforms.catalog.meter import Filter
from transforms.catalog.source import Source
from transforms.identity import digest
from transforms.quantities import settle


def kept(backend: Backend, source: Source, days: Iterable[Day], home: Path) -> list[Path]:
    """Give the paths of the days' repeats, marked; those that are not there yet are made."""
    rules = source.model_dump_json(include={"source", "duplicates", "columns", "value"})
    folder = home / REPEATS / source.source / digest("repeats", rules)[:16]
    return days_kept(folder, days, partial(_repeats, backend, source, home))


def marked(
    backend: Backend, readings: ir.Table, source: Source, wanted: Filter | None, days: Iterable[Day], home: Path
) -> ir.Table:
    """Give what `reading.marked` does of readings of these days, with the repeats as they are kept."""
    paths = kept(backend, source, days, home) if settle.settles(source) else []
    some = [str(path) for path in paths if pq.read_metadata(path).num_rows]
    if not some:
        return settle.narrowed(settle.unsettled(readings), wanted)
    return settle.narrowed(settle.settled_by(readings, backend.read_parquet(some), source), wanted)


def _repeats(backend: Backend, source: Source, home: Path, days: list[Day]) -> Iterator[tuple[Day, pa.Table]]:
    for span in _spans(days):
        files = list(dict.fromkeys(file for day in span for file in day.files))
        readings = readings_of(backend, source, files, home, span[0].span[0], span[-1].span[1])
        suspected = ibis.memtable(backend.to_pyarrow(settle.suspects(readings, source)))
        repeated = settle.repeated(readings, suspected, source).order_by("at_us", "point", "id_high", "id_low", "row")
        found = backend.to_pyarrow(repeated)
        for day in span:
            first, end = day.span
            yield day, found.filter((pc.field("at_us") >= first) & (pc.field("at_us") < end))


def _spans(days: list[Day]) -> Iterator[list[Day]]:
    """Take days together, about SPAN_ROWS readings at a time: each look at the files costs something of its own."""
    rows = accumulate(day.rows for day in days)
    return (list(span) for _, span in groupby(days, lambda _: next(rows) // SPAN_ROWS))
