"""Carry the readings of a period to quantities: from the readings themselves, or from what their days add up to."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend

from pipeline.quantities.situation import Situation
from pipeline.readings import repeats
from pipeline.readings.days import Day, days_of, whole_days
from pipeline.readings.partials import kept as kept_partials
from pipeline.readings.partials import marked_of_day
from pipeline.readings.reading import marked, readings_of, within
from transforms import custom
from transforms.catalog.columns import attributes_among
from transforms.catalog.meter import Derivation
from transforms.derivations.record import as_parts, groups_of, used
from transforms.period import Window
from transforms.quantities import derive as rules
from transforms.quantities import partials, place, tally
from transforms.quantities.scope import Target

SHARED_BOUNDS_MAX = 16  # of eight zones' periods; each costs every reading a comparison


@dataclass(frozen=True)
class Carried:
    """What an engine gives: the quantities, the tally, the readings that no name fits, and how many were looked at."""

    found: pa.Table
    sums: pa.Table
    unknown: list[Mapping[str, Any]]
    scanned: int


def from_readings(backend: BaseBackend, situation: Situation, scoped: ir.Table, home: Path) -> Carried:
    """Look at every reading that can matter, and for every repeat among them."""
    source, files, span = situation.source, situation.files, (situation.from_us, situation.until_us)
    days = readings_of(backend, source, files, home, *whole_days(*span))
    rows = marked(backend, days, source, situation.meter.derive.filter)
    return _from_rows(backend, situation, scoped, within(days, *span), within(rows, *span))


def from_repeats(backend: Backend, situation: Situation, scoped: ir.Table, home: Path) -> Carried:
    """Look at every reading that can matter; the repeats among them are known since they landed."""
    source, files, span = situation.source, situation.files, (situation.from_us, situation.until_us)
    readings, days = readings_of(backend, source, files, home, *span), days_of(files, home, *span)
    rows = repeats.marked(backend, readings, source, situation.meter.derive.filter, days, home)
    return _from_rows(backend, situation, scoped, readings, within(rows, *span))


def _from_rows(
    backend: BaseBackend, situation: Situation, scoped: ir.Table, readings: ir.Table, rows: ir.Table
) -> Carried:
    placed = as_parts(place.placed(rows, scoped, situation.default))
    if situation.meter.derive.bucket is not None:
        placed = rules.on_local_clock(placed, situation.targets)
    return _carried(backend, placed, _tallied(backend, rows, scoped, situation), readings.count(), situation)


def _tallied(backend: BaseBackend, rows: ir.Table, scoped: ir.Table, situation: Situation) -> ir.Table:
    """Tally marked readings point by point, and place these tallies: they are far fewer than the readings.

    Where a bound of their own cuts a tally, the readings of that point are placed one by one.
    """
    derivation, interval_us, default = situation.meter.derive, situation.source.interval_us, situation.default
    bounds = _shared_bounds(backend, scoped, situation)
    added = ibis.memtable(backend.to_pyarrow(tally.by_point(rows, derivation, interval_us, bounds)))
    points = place.placed(added.mutate(at_us=added.first_at_us), scoped, default)
    found = backend.to_pyarrow(points.select(*added.columns, "slot", "fate", cut=place.is_cut(points, default)))
    cut, points = found.filter(found["cut"]).select(["point"]), ibis.memtable(found)
    if not len(cut):
        return points
    one_by_one = place.placed(rows.semi_join(ibis.memtable(cut), "point"), scoped, default)
    uncut = points.anti_join(ibis.memtable(cut), "point")
    return _alike([uncut, tally.counted(one_by_one, derivation, interval_us)], derivation)


def _shared_bounds(backend: BaseBackend, scoped: ir.Table, situation: Situation) -> list[int]:
    """List the bounds that most targets share, of those that readings can lie on both sides of."""
    bounds = place.bounds_by_use(scoped)
    inside = [bounds.bound < situation.until_us]
    inside += [] if situation.from_us is None else [bounds.bound > situation.from_us]
    most = bounds.filter(*inside).order_by(ibis.desc("uses"), "bound").limit(SHARED_BOUNDS_MAX)
    return [int(row["bound"]) for row in backend.to_pyarrow(most).to_pylist()]


def can_use_days(situation: Situation) -> bool:
    """Tell whether partials are kept for a meter, and fit the clocks of its targets."""
    derivation = situation.meter.derive
    periods = [target.period for target in situation.targets]
    return partials.kept_for(derivation, situation.source) and partials.aligned(derivation, periods)


def from_days(backend: Backend, situation: Situation, scoped: ir.Table, home: Path) -> Carried:
    """Add up the partials of whole days, and the readings of those that are ragged."""
    derivation, source = situation.meter.derive, situation.source
    days = list(days_of(situation.files, home, situation.from_us, situation.until_us))
    if not days:
        return from_readings(backend, situation, scoped, home)
    kept = backend.read_parquet([str(path) for path in kept_partials(backend, source, derivation, days, home)])
    whole = place.placed(kept.mutate(at_us=kept.first_at_us), scoped, situation.default)
    handovers = list(place.handovers(situation.scope))
    ragged = partials.ragged_days([situation.default, *_windows(situation.targets), *handovers])
    if ragged:
        whole = whole.filter(~(whole.day.isin(ragged) & partials.is_ragged(whole, situation.default)))
    one_point_each = len(situation.targets) == len(situation.scope) + len(handovers)
    parts = [partials.parts_of(whole, derivation, one_point_each=one_point_each)]
    tallies = [partials.days_of(whole)]
    for day in (each for each in days if each.number in ragged):
        cut = _of_ragged_day(backend, situation, scoped, day, home)
        parts.append(partials.beside_days(cut, parts[0], derivation))
        tallies.append(tally.counted(cut, derivation, source.interval_us))
    return _carried(backend, _union(parts), _alike(tallies, derivation), partials.days_of(kept).rows.sum(), situation)


def _carried(
    backend: BaseBackend, parts: ir.Table, tallied: ir.Table, scanned: ir.Value, situation: Situation
) -> Carried:
    sums = backend.to_pyarrow(tally.merged(tallied, groups_of(situation.meter.derive)))
    strange, looked_at = sums["slot"].null_count > 0, parts.filter(*_in_span(parts, situation))
    return Carried(
        found=_quantities(backend, parts, ibis.memtable(sums), situation.meter.derive),
        sums=sums,
        unknown=backend.to_pyarrow(tally.unknown(looked_at)).to_pylist() if strange else [],
        scanned=int(backend.to_pyarrow(scanned).as_py() or 0),
    )


def _in_span(parts: ir.Table, situation: Situation) -> list[ir.BooleanValue]:
    """Leave out what lies beside the span in the days that hold its ends."""
    inside = [parts.first_at_us < situation.until_us]
    return inside if situation.from_us is None else [*inside, parts.last_at_us >= situation.from_us]


def _alike(tallies: Iterable[ir.Table], derivation: Derivation) -> ir.Table:
    return _union([each.select(*tally.columns_of(derivation)) for each in tallies])


def _union(tables: list[ir.Table]) -> ir.Table:
    return ibis.union(*tables) if tables[1:] else tables[0]


def _of_ragged_day(backend: Backend, situation: Situation, scoped: ir.Table, day: Day, home: Path) -> ir.Table:
    """Place the readings of a day of those whose bounds cut it."""
    rows = marked_of_day(backend, situation.source, situation.meter.derive, day, home)
    rows = rows.mutate(day=ibis.literal(day.number, "int64"))
    placed = as_parts(place.placed(rows, scoped, situation.default))
    return placed.filter(partials.is_ragged(placed, situation.default))


def _windows(targets: Iterable[Target]) -> Iterator[Window]:
    for target in targets:
        yield target.period
        yield target.covered


def _quantities(backend: BaseBackend, placed: ir.Table, counted: ir.Table, derivation: Derivation) -> pa.Table:
    if derivation.rule not in custom.FRAMES:
        found: pa.Table = backend.to_pyarrow(rules.quantities(placed, counted, derivation))
        return found
    wanted = [*groups_of(derivation), *attributes_among(placed.columns)]
    columns = dict.fromkeys(("slot", "at_us", "value", *wanted))
    return custom.by_frame(backend.to_pyarrow(used(placed).select(*columns)), derivation)
