"""Derive: one exact quantity per charge of a meter and billing period, and the ledger of every reading."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc
import sqlalchemy as sa
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend

from pipeline import artefact
from pipeline.catalog.catalog import Catalog
from pipeline.engine import engine, landing_engine
from pipeline.quantities.carry import Carried, can_use_days, from_days, from_readings, from_repeats
from pipeline.quantities.situation import Situation, require_ended, situation_of
from pipeline.readings.reading import require_attributes
from transforms.catalog.meter import WEIGHTED, Meter
from transforms.derivations.record import groups_of
from transforms.period import Period
from transforms.quantities import derive as rules
from transforms.quantities import place
from transforms.quantities.reconcile import LedgerLine
from transforms.quantities.scope import Name, strangers
from transforms.readings.fate import Fate

STRANGERS_MAX = 100_000  # names that an artefact and a ledger hold; of more, the rest waits for a run by hand
COUNTS = ("denominator", "readings", "first_at_us", "last_at_us")
DIGITS = ("numerator", "remainder")  # kept as text: a weighted sum needs more than the 38 digits of a decimal column


@dataclass(frozen=True)
class Derived:
    """The quantities of a period, and where each of the `landed` readings is; `silent` charges have no reading.

    `gaps` tells for how many seconds of its period no reading of a charge holds, where time is what counts; `strangers`
    are the names that readings bear and that lead to no charge, up to STRANGERS_MAX of them.
    """

    quantities: pa.Table
    landed: int
    lines: list[LedgerLine]
    silent: list[str]
    gaps: dict[str, int]
    strangers: list[Name]

    @property
    def used(self) -> int:
        """How many readings are used."""
        return sum(line.rows for line in self.lines if line.place == "used")


def derive(store: sa.Engine, catalog: Catalog, meter: Meter, period: Period, home: Path, *, at: datetime) -> Path:
    """Derive a meter's quantities of a period; gives the artefact's path. `at` is the instant of asking."""
    require_ended(period, at)
    situation = situation_of(store, catalog, meter, period)
    derived = run(situation, home)
    about = {
        "meter": meter.meter,
        "period": str(period),
        "source": situation.source.source,
        "files": [file.file_id for file in situation.files],
        "from_us": situation.from_us,
        "until_us": situation.until_us,
        "landed": derived.landed,
        "lines": [asdict(line) for line in derived.lines],
        "silent": derived.silent,
        "gaps": derived.gaps,
        "strangers": derived.strangers,
        "changes_seen": situation.changes_seen,
    }
    return artefact.write(home / "work" / meter.meter / str(period), "quantities", derived.quantities, about)


def rederive(
    store: sa.Engine,
    catalog: Catalog,
    meter: Meter,
    period: Period,
    home: Path,
    files: Collection[str],
    *,
    without: Collection[Name] = (),
    before: int | None = None,
) -> Derived:
    """Derive again from these landed files alone, those included that others have replaced since.

    `without` these names: as if nobody knew them; `before` what was changed of subscriptions after this number.
    """
    situation = situation_of(store, catalog, meter, period, replaced=files, before=before)
    return run(situation.only(files).without(without), home)


def run(situation: Situation, home: Path) -> Derived:
    """Carry the readings of a period to quantities and ledger, in an engine of one's own."""
    names = scoped(situation)
    require_attributes(situation.source, situation.meter.derive, situation.files, home)
    with engine() as backend:
        return finished(_carried(backend, situation, names, home), situation)


def _carried(backend: BaseBackend, situation: Situation, names: ir.Table, home: Path) -> Carried:
    """Use what was kept of the days when they landed; only the engine that lands keeps anything."""
    if not isinstance(backend, Backend):
        return from_readings(backend, situation, names, home)
    return (from_days if can_use_days(situation) else from_repeats)(backend, situation, names, home)


def finished(carried: Carried, situation: Situation) -> Derived:
    """Name what the engine gave by charges and accounts."""
    sums = carried.sums
    # Counted apart from the fates: what a join loses or doubles shows as unexplained.
    landed = carried.scanned - sum(_rows(sums, fate) for fate in rules.OF_NO_PERIOD)
    lines = _lines(sums, carried.unknown, situation)
    silent, gaps = _silent(sums, situation), _gaps(carried, situation)
    return Derived(_exact(carried, situation), landed, lines, silent, gaps, _strangers(carried, situation))


def scoped(situation: Situation) -> ir.Table:
    """Give the table that readings are joined with; the hashes in it are made by the engine that landed them."""
    with landing_engine() as backend:
        points = backend.to_pyarrow(place.points_of(situation.scope))
    return ibis.memtable(place.scope_table(situation.scope, situation.targets, points))


def _rows(sums: pa.Table, fate: Fate) -> int:
    return pc.sum(sums.filter(pc.field("fate") == fate)["rows"]).as_py() or 0


def _lines(sums: pa.Table, unknown: list[Mapping[str, Any]], situation: Situation) -> list[LedgerLine]:
    others = sums.filter(pc.field("fate") != Fate.USED).select(["slot", "fate", "rows"]).to_pylist()
    accounts = {account for account, _ in situation.scope}
    return rules.ledger(_rows(sums, Fate.USED), others, unknown, situation.targets, accounts)


def _strangers(carried: Carried, situation: Situation) -> list[Name]:
    """List whose readings lead to no charge, whatever the period that they are of: once one leads here, it matters."""
    inside = pc.field("first_at_us") < situation.until_us
    if situation.from_us is not None:
        inside &= pc.field("last_at_us") >= situation.from_us
    heard = {situation.targets[slot] for slot in set(_numbers(carried.sums.filter(inside)["slot"]))}
    unknown = {(row["account"], row["subscription"]) for row in carried.unknown}
    return sorted(unknown | strangers(situation.scope, heard))[:STRANGERS_MAX]


def _silent(sums: pa.Table, situation: Situation) -> list[str]:
    """List the charges that should have readings and have none."""
    heard = set(sums.filter(pc.field("fate") == Fate.USED)["slot"].to_pylist())
    live = (target for slot, target in enumerate(situation.targets) if slot not in heard)
    return sorted(target.charge_number for target in live if target.covered.start < target.covered.end)


def _gaps(carried: Carried, situation: Situation) -> dict[str, int]:
    """Tell for how many seconds of its part of the period none of a charge's readings holds."""
    gaps: dict[str, int] = {}
    for row in carried.found.to_pylist() if situation.meter.derive.function in WEIGHTED else []:
        target = situation.targets[row["slot"]]
        missing = (target.covered.end_us - target.covered.start_us - row["held_us"]) // 1_000_000
        if missing > 0:
            gaps[target.charge_number] = gaps.get(target.charge_number, 0) + missing
    return dict(sorted(gaps.items()))


def _exact(carried: Carried, situation: Situation) -> pa.Table:
    """Name the charges and their bounds, write digits as text, add the samples seen; in the order of the charges."""
    found, used = carried.found, carried.sums.filter(pc.field("fate") == Fate.USED)
    sampled = situation.source.interval_us is not None
    targets = [situation.targets[slot] for slot in _numbers(found["slot"])]
    groups = list(groups_of(situation.meter.derive))
    columns: dict[str, Any] = {
        "charge_number": pa.array([target.charge_number for target in targets], pa.string()),
        "start_us": pa.array([target.covered.start_us for target in targets], pa.int64()),
        "end_us": pa.array([target.covered.end_us for target in targets], pa.int64()),
        **{name: found[name].cast(pa.string()) for name in groups},
        **{name: found[name].cast(pa.string()) for name in DIGITS},
        **{name: found[name].cast(pa.int64()) for name in COUNTS},
        "samples_seen": _beside(found, used, ["slot", *groups], "seen"),
        "points": _beside(found, used if sampled else None, ["slot", *groups], "points"),
    }
    table = pa.table(columns)
    return table.sort_by([(name, "ascending") for name in ("charge_number", *groups)])


def _numbers(column: "pa.ChunkedArray[Any]") -> list[int]:
    return [int(number) for number in column.to_pylist() if number is not None]


def _beside(found: pa.Table, others: pa.Table | None, key: list[str], name: str) -> "pa.Array[Any]":
    """Look a count up for every record; 0 where there is none, as of one that only carries a value in."""
    counts = {} if others is None else dict(zip(_keys(others, key), others[name].to_pylist(), strict=True))
    return pa.array([counts.get(each, 0) for each in _keys(found, key)], pa.int64())


def _keys(table: pa.Table, names: list[str]) -> list[tuple[object, ...]]:
    return list(zip(*(table[name].to_pylist() for name in names), strict=True))
