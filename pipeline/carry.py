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

from pipeline.partials import Day, days_of, marked_of_day
from pipeline.partials import kept as kept_partials
from pipeline.reading import marked, readings_of
from pipeline.situation import Situation
from transforms import custom, partials, place, tally
from transforms import derive as rules
from transforms.derivations.record import as_parts, groups_of, used
from transforms.fate import Fate
from transforms.meter import Derivation
from transforms.period import Window
from transforms.scope import Target
from transforms.source import attribute_column


@dataclass(frozen=True)
class Carried:
    """What an engine gives: the quantities, the tally, the readings that no name fits, and how many were looked at.

    `heard` counts the points behind each record, where the source says how far apart its samples are.
    """

    found: pa.Table
    sums: pa.Table
    unknown: list[Mapping[str, Any]]
    heard: pa.Table | None
    scanned: int


def from_readings(backend: BaseBackend, situation: Situation, scoped: ir.Table, home: Path) -> Carried:
    """Look at every reading that can matter."""
    derivation, source = situation.meter.derive, situation.source
    readings = readings_of(backend, source, situation.files, home, situation.from_us, situation.until_us)
    rows = marked(backend, readings, source, derivation.filter)
    placed = as_parts(place.placed(rows, scoped, situation.default))
    if derivation.bucket is not None:
        placed = rules.on_local_clock(placed, situation.targets)
    count = tally.counted if derivation.function in tally.TOTALS else tally.numbered
    counted = count(placed, groups_of(derivation), source.interval_us)
    return _carried(backend, placed, counted, readings.count(), situation)


def can_use_days(situation: Situation) -> bool:
    """Tell whether partials are kept for a meter, and fit the clocks of its targets."""
    derivation = situation.meter.derive
    periods = [target.period for target in situation.targets]
    return partials.kept_for(derivation, situation.source) and partials.aligned(derivation, periods)


def from_days(backend: Backend, situation: Situation, scoped: ir.Table, home: Path) -> Carried:
    """Add up the partials of whole days, and the readings of those that are ragged."""
    derivation, source = situation.meter.derive, situation.source
    days = list(days_of(situation.files, situation.from_us, situation.until_us))
    if not days:
        return from_readings(backend, situation, scoped, home)
    kept = backend.read_parquet([str(path) for path in kept_partials(backend, source, derivation, days, home)])
    whole = place.placed(kept.mutate(at_us=kept.first_at_us), scoped, situation.default)
    whole = whole.filter(~partials.is_ragged(whole, situation.default))
    parts, counts = [partials.parts_of(whole, derivation)], [tally.merged(whole, groups_of(derivation))]
    ragged = set(partials.ragged_days([situation.default, *_windows(situation.targets)]))
    for day in (each for each in days if each.number in ragged):
        cut = _of_ragged_day(backend, situation, scoped, day, home)
        parts.append(partials.beside_days(cut, parts[0], derivation))
        counts.append(tally.counted(cut, groups_of(derivation), source.interval_us))
    counted = tally.merged(_union(counts), groups_of(derivation))
    return _carried(backend, _union(parts), counted, kept.rows.sum(), situation)


def _carried(
    backend: BaseBackend, parts: ir.Table, counted: ir.Table, scanned: ir.Value, situation: Situation
) -> Carried:
    sums = backend.to_pyarrow(counted)
    groups, sampled = groups_of(situation.meter.derive), situation.source.interval_us is not None
    strange = Fate.UNKNOWN in sums["fate"].to_pylist()
    return Carried(
        found=_quantities(backend, parts, ibis.memtable(sums), situation.meter.derive),
        sums=sums,
        heard=backend.to_pyarrow(tally.heard(parts, groups)) if sampled else None,
        unknown=backend.to_pyarrow(tally.strangers(parts)).to_pylist() if strange else [],
        scanned=int(backend.to_pyarrow(scanned).as_py() or 0),
    )


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
    wanted = [*groups_of(derivation), *(name for name in placed.columns if name.startswith(attribute_column("")))]
    columns = dict.fromkeys(("slot", "at_us", "value", *wanted))
    return custom.by_frame(backend.to_pyarrow(used(placed).select(*columns)), derivation)
