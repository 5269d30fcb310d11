"""Tally readings: how many have which fate, for each target, with all that a plain total needs."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from transforms.catalog.meter import Derivation, Function
from transforms.derivations.record import NOTHING, ONE, groups_of, used
from transforms.readings.fate import Fate

# A total that the tally holds: what is divided by what.
TOTALS = {
    Function.SUM: ("total", None),
    Function.COUNT: ("rows", None),
    Function.MAXIMUM: ("high", None),
    Function.MINIMUM: ("low", None),
    Function.AVERAGE: ("total", "rows"),
}
COUNTS = ("rows", "first_at_us", "last_at_us", "seen")
MERGED = {
    "rows": "sum",
    "first_at_us": "min",
    "last_at_us": "max",
    "seen": "sum",
    "total": "sum",
    "low": "min",
    "high": "max",
}


def by_point(marked: ir.Table, derivation: Derivation, interval_us: int | None, bounds: Sequence[int]) -> ir.Table:
    """Count marked readings by point, mark and the columns grouped by, apart between any of these bounds."""
    passed = sum(((marked.at_us >= bound).cast("int8") for bound in bounds), ibis.literal(0, "int8"))
    key = ("point", "mark", "passed", *groups_of(derivation))
    return _counted(marked.mutate(passed=passed), key, derivation, interval_us)


def counted(placed: ir.Table, derivation: Derivation, interval_us: int | None) -> ir.Table:
    """Count placed readings by slot, fate, point and the columns grouped by, with what the derivation needs of them."""
    return _counted(placed, ("slot", "fate", "point", *groups_of(derivation)), derivation, interval_us)


def _counted(readings: ir.Table, key: Sequence[str], derivation: Derivation, interval_us: int | None) -> ir.Table:
    figures = figures_of(readings) if derivation.function in TOTALS else {}
    return counted_by(readings, key, interval_us, **figures)


def columns_of(derivation: Derivation) -> tuple[str, ...]:
    """Name the columns that tallies of a derivation have in common."""
    figures = MERGED if derivation.function in TOTALS else COUNTS
    return ("slot", "fate", "point", *groups_of(derivation), *figures)


def counted_by(readings: ir.Table, key: Sequence[str], interval_us: int | None, **others: ir.Value) -> ir.Table:
    """Count readings by a key.

    Columns besides, and besides the others asked for: rows; first_at_us, last_at_us; seen, the number of sampling
    intervals that hold any reading, counted point by point (null where the source declares none).
    """
    # Points are hashes: no two of a charge differ by as little as the numbers of intervals do.
    seen = ((readings.at_us // interval_us) ^ readings.point).nunique() if interval_us else ibis.null("int64")
    at = {"first_at_us": readings.at_us.min(), "last_at_us": readings.at_us.max()}
    return readings.group_by(*key).aggregate(rows=readings.count(), **at, seen=seen, **others)


def figures_of(readings: ir.Table) -> dict[str, ir.Value]:
    """Name what plain totals and buckets need of values: total, low and high."""
    return {"total": readings.value.sum(), "low": readings.value.min(), "high": readings.value.max()}


def merged(tally: ir.Table, groups: Sequence[str]) -> ir.Table:
    """Add up tallies of different points or days, by slot, fate and the columns `groups`, and count the `points`."""
    key = ("slot", "fate", *groups)
    points = merged_by(tally, (*key, "point"))  # first, since this is cheaper than to count what is different
    return merged_by(points, key, points=points.count())


def merged_by(tally: ir.Table, key: Sequence[str], **others: ir.Value) -> ir.Table:
    """Add up tallies by a key, with others in the place of what is added up under these names, or besides."""
    columns = {name: (tally[name], how) for name, how in MERGED.items() if name in tally.columns and name not in others}
    added = {name: getattr(column, how)().cast(column.type()) for name, (column, how) in columns.items()}
    return tally.group_by(*key).aggregate(**added, **others)


def unknown(placed: ir.Table) -> ir.Table:
    """Count the readings of the period that no name of the scope fits, by account and subscription.

    Each row of `placed` stands for `rows` readings. A name whose readings are all of other periods has 0.
    """
    found = placed.filter(placed.slot.isnull())
    inside = ibis.ifelse(found.fate == Fate.UNKNOWN, found.rows, 0)
    return found.group_by("account", "subscription").aggregate(rows=inside.sum())


def totals(tally: ir.Table, function: Function, groups: Sequence[str]) -> ir.Table:
    """Give the quantities of a function of TOTALS, as `transforms.quantities.derive.quantities` does."""
    numerator, denominator = TOTALS[function]
    found = used(tally)
    return found.select(
        "slot",
        *groups,
        numerator=found[numerator],
        remainder=NOTHING,
        denominator=found[denominator] if denominator else ONE,
        readings=found.rows,
        first_at_us=found.first_at_us,
        last_at_us=found.last_at_us,
    )
