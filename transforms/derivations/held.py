"""Derivations in which a reading matters beyond its own instant: until the next, or against the one before."""

import ibis
import ibis.expr.types as ir

from transforms.derivations.record import FILTERED, per_charge
from transforms.meter import Derivation

IN_ORDER = ("at_us", "value", "id_high", "id_low", "row")  # content decides before arrival does


def time_weighted_average(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Weigh each reading by the time that it holds, in microseconds, and divide by the time that any reading holds."""
    held = _held(classified, derivation)
    weight = held.weight.cast("decimal(38, 0)")
    # Whole part and fraction apart: their product with a weight stays within 38 digits, so the sum is exact.
    whole = held.value.cast("decimal(38, 0)")
    fraction = ((held.value - whole) * weight).sum()
    grouped = per_charge(held, (whole * weight).sum(), held.weight.sum(), fraction)
    return grouped.filter(grouped.denominator > 0)


def time_weighted_sum(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Add up each reading's value times the hours (days, seconds) that it holds."""
    weighted = time_weighted_average(classified, derivation)
    return weighted.mutate(denominator=ibis.literal(derivation.per.microseconds, "int64"))


def increase(classified: ir.Table, _: Derivation) -> ir.Table:
    """Add up by how much a counter rose from reading to reading; where it fell it began again at 0.

    The last reading before the charge's window is carried in; without one, the first reading only says where the
    counter stands.
    """
    known = _known(classified)
    before = known.value.lag().over(group_by="charge_number", order_by=IN_ORDER)
    rise = ibis.cases((before.isnull(), 0), (known.value < before, known.value), else_=known.value - before)
    risen = known.mutate(rise=rise)
    grouped = per_charge(risen, risen.rise.sum(where=risen.category == "used"))
    return grouped.filter(grouped.readings > 0)


def _known(classified: ir.Table) -> ir.Table:
    """Keep what is known of a charge up to its window's end: the billed readings, and those from before the window."""
    fit = classified.category.isin(["used", "before", "out_of_scope"]) & (classified.reason.fill_null("") != FILTERED)
    return classified.filter(fit & classified.charge_number.notnull() & (classified.at_us < classified.end_us))


def _held(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Add `weight`: how long each reading holds, in microseconds.

    It holds until the next, at most `gap_seconds_max`, within the charge's window; the reading that holds at the
    window's start is carried in from before it, and of readings with one time stamp the largest holds on.
    """
    known = _known(classified)
    following = known.at_us.lead().over(group_by="charge_number", order_by=IN_ORDER)
    until = following.fill_null(known.end_us)
    if derivation.gap_seconds_max is not None:
        until = ibis.least(until, known.at_us + derivation.gap_seconds_max * 1_000_000)
    weight = ibis.greatest(until, known.start_us) - ibis.greatest(known.at_us, known.start_us)
    return known.mutate(weight=weight)
