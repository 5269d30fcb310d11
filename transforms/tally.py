"""Tally readings in one pass: how many have which fate, for each target, with all that a plain total needs."""

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from transforms.derivations.record import NOTHING, ONE, used
from transforms.fate import Fate
from transforms.meter import Function

MERGED = {
    "rows": "sum",
    "total": "sum",
    "low": "min",
    "high": "max",
    "first_at_us": "min",
    "last_at_us": "max",
    "seen": "sum",
}


def counted(placed: ir.Table, groups: Sequence[str], interval_us: int | None) -> ir.Table:
    """Add up readings by slot, fate and the columns `groups`."""
    return counted_by(placed, ("slot", "fate", *groups), interval_us)


def numbered(placed: ir.Table, groups: Sequence[str], interval_us: int | None) -> ir.Table:
    """Count readings as `counted` does, without what only totals need: rows and seen."""
    return placed.group_by("slot", "fate", *groups).aggregate(rows=placed.count(), seen=_seen(placed, interval_us))


def _seen(readings: ir.Table, interval_us: int | None) -> ir.Value:
    # Points are hashes: no two of a charge differ by as little as the numbers of intervals do.
    return ((readings.at_us // interval_us) ^ readings.point).nunique() if interval_us else ibis.null("int64")


def counted_by(readings: ir.Table, key: Sequence[str], interval_us: int | None, **others: ir.Value) -> ir.Table:
    """Add up readings by a key.

    Columns besides: rows; total, low and high of the values; first_at_us, last_at_us; seen, the number of sampling
    intervals that hold any reading, counted point by point (null where the source declares none).
    """
    return readings.group_by(*key).aggregate(
        rows=readings.count(),
        total=readings.value.sum(),
        low=readings.value.min(),
        high=readings.value.max(),
        first_at_us=readings.at_us.min(),
        last_at_us=readings.at_us.max(),
        seen=_seen(readings, interval_us),
        **others,
    )


def merged(tally: ir.Table, groups: Sequence[str]) -> ir.Table:
    """Add up tallies of different days."""
    figures = {name: getattr(tally[name], how)().cast(tally[name].type()) for name, how in MERGED.items()}
    return tally.group_by("slot", "fate", *groups).aggregate(**figures)


def heard(placed: ir.Table, groups: Sequence[str]) -> ir.Table:
    """Count the points that any used reading came from, by slot and the columns `groups`."""
    readings = used(placed)
    return readings.group_by("slot", *groups).aggregate(points=readings.point.nunique())


def strangers(placed: ir.Table) -> ir.Table:
    """Count the readings of the period that no name of the scope fits, by account and subscription.

    Each row of `placed` stands for `rows` readings.
    """
    unknown = placed.filter(placed.fate == Fate.UNKNOWN)
    return unknown.group_by("account", "subscription").aggregate(rows=unknown.rows.sum())


# A total that the tally holds: what is divided by what.
TOTALS = {
    Function.SUM: ("total", None),
    Function.COUNT: ("rows", None),
    Function.MAXIMUM: ("high", None),
    Function.MINIMUM: ("low", None),
    Function.AVERAGE: ("total", "rows"),
}


def totals(tally: ir.Table, function: Function, groups: Sequence[str]) -> ir.Table:
    """Give the quantities of a function of TOTALS, as `transforms.derive.quantities` does."""
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
