"""Derivations in which a reading matters beyond its own instant: until the next, or against the one before.

Next and before are those of the same point: what is metered in two places for one charge stays two series.
"""

from collections.abc import Sequence
from decimal import Decimal

import ibis
import ibis.expr.types as ir

from transforms.catalog.meter import Derivation
from transforms.derivations.record import DIGITS_MAX, groups_of, per_record, wide
from transforms.readings.fate import Fate

WEIGHT_DIGITS = 14  # of the microseconds of a leap year
WEIGHT = f"decimal({DIGITS_MAX}, 0)"  # wide: of two narrow decimals DuckDB makes a product of 18 digits, and overflows
INNER = ("inner_weight", "inner_0", "inner_1")  # what a day's readings hold among themselves, where days were added up
IN_ORDER = ("at_us", "value")  # readings that are equal in both weigh and rise the same in any order


def time_weighted_average(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Weigh each reading by the time that it holds, in microseconds, and divide by the time that any reading holds.

    A further column, `held_us`, is that time: what the period lacks of it is in gaps.
    """
    held = _held(placed, derivation)
    inner = (held.fate == Fate.USED) if INNER[0] in held.columns else None
    parts = [part.sum() for part in _weighted(held.value, held.weight)]
    weight = held.weight.sum()
    if inner is not None:  # what the readings of a day hold among themselves was added up before
        parts = [part + held[name].sum(where=inner).fill_null(0) for name, part in zip(INNER[1:], parts, strict=False)]
        weight += held[INNER[0]].sum(where=inner).fill_null(0)
    grouped = per_record(held, derivation, parts[0], weight, *parts[1:])
    return grouped.filter(grouped.denominator > 0).mutate(held_us=grouped.denominator)


def of_day(readings: ir.Table, derivation: Derivation, key: Sequence[str]) -> ir.Table:
    """Add up by `key` what readings of a day hold among themselves: from the first to the last, which holds on.

    Columns: the key, closing (the value of the last), inner_weight and inner_0, inner_1 as `_weighted` parts them.
    """
    following = readings.at_us.lead().over(group_by=key, order_by=IN_ORDER)
    weight = _until(readings.at_us, following.fill_null(readings.at_us), derivation) - readings.at_us
    held = readings.mutate(weight=weight, closes=following.isnull())
    parts = zip(INNER[1:], _weighted(held.value, held.weight), strict=False)
    return held.group_by(*key).aggregate(
        closing=held.value.max(where=held.closes),
        inner_weight=held.weight.sum(),
        **{name: part.sum() for name, part in parts},
    )


def alone(readings: ir.Table) -> ir.Table:
    """Let readings stand beside days, each for a day of its own: none of them holds anything within itself."""
    parts = len(_weighted(readings.value, ibis.literal(0, WEIGHT)))
    nothing = {INNER[0]: ibis.literal(0, "int64")} | dict.fromkeys(INNER[1 : parts + 1], readings.value * 0)
    return readings.mutate(**nothing)


def _weighted(value: ir.DecimalValue, weight: ir.IntegerValue) -> list[ir.DecimalValue]:
    """Multiply without loss, in one part or two: all weights of a period together have WEIGHT_DIGITS digits."""
    all_digits, times = wide(value), weight.cast(WEIGHT)
    if value.type().precision + WEIGHT_DIGITS <= DIGITS_MAX:
        return [all_digits * times]
    # Whole part and fraction apart: the product of either with a weight stays within 38 digits.
    whole = all_digits.cast(times.type())
    return [whole * times, (all_digits - whole.cast(all_digits.type())) * times]


def time_weighted_sum(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Add up each reading's value times the hours (days, seconds) that it holds."""
    weighted = time_weighted_average(placed, derivation)
    return weighted.mutate(denominator=ibis.literal(derivation.per.microseconds, "int64"))


def increase(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Add up by how much a counter rose from reading to reading; where it fell it began again at 0, or wrapped.

    The last reading before the charge's window is carried in; without one, the first reading only says where the
    counter stands.
    """
    known = _known(placed)
    known = known.mutate(value=wide(known.value))
    before = known.value.lag().over(group_by=_series(derivation), order_by=IN_ORDER)
    began_again = _began_again(known.value, before, derivation)
    rise = ibis.cases((before.isnull(), 0), (known.value < before, began_again), else_=known.value - before)
    risen = known.mutate(rise=rise)
    grouped = per_record(risen, derivation, risen.rise.sum(where=risen.fate == Fate.USED))
    return grouped.filter(grouped.readings > 0)


def _began_again(value: ir.DecimalValue, before: ir.DecimalValue, derivation: Derivation) -> ir.DecimalValue:
    """Give by how much a counter rose that was at 0 in between: by what was left to its end too, if it has one."""
    if derivation.wraps_at is None:
        return value
    end = ibis.literal(Decimal(derivation.wraps_at), before.type())
    return ibis.cases((before < end, end - before + value), else_=value)


def _known(placed: ir.Table) -> ir.Table:
    """Keep what is known of a charge up to its window's end: the billed readings, and those from before the window."""
    return placed.filter((placed.mark == Fate.USED) & ~placed.refused & (placed.at_us < placed.end_us))


def _held(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Add `weight`: how long each reading, or the last of each day, holds, in microseconds.

    It holds until the next, at most `gap_seconds_max`, within the charge's window; the reading that holds at the
    window's start is carried in from before it, and of readings with one time stamp the largest holds on.
    """
    known = _known(placed)
    following = known.at_us.lead().over(group_by=_series(derivation), order_by=IN_ORDER)
    since = known.last_at_us
    until = _until(since, following.fill_null(known.end_us), derivation)
    weight = ibis.greatest(until, known.start_us) - ibis.greatest(since, known.start_us)
    return known.mutate(weight=weight)


def _series(derivation: Derivation) -> tuple[str, ...]:
    """Name what next and before are told by; where one charge follows another, a point is of both."""
    return ("slot", "point", *groups_of(derivation))


def _until(since: ir.IntegerValue, following: ir.IntegerValue, derivation: Derivation) -> ir.IntegerValue:
    if derivation.gap_seconds_max is None:
        return following
    return ibis.least(following, since + derivation.gap_seconds_max * 1_000_000)
