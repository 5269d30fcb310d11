"""Derivations of the used readings alone, whatever the time between them."""

from collections.abc import Callable

import ibis.expr.types as ir

from transforms.derivations.record import ONE, per_charge, used
from transforms.meter import Derivation


def of_used(
    numerator: Callable[[ir.Table], ir.Value], *, per_reading: bool = False
) -> Callable[[ir.Table, Derivation], ir.Table]:
    """Make a derivation of the used readings; `per_reading` divides by their number."""

    def aggregate(classified: ir.Table, _: Derivation) -> ir.Table:
        readings = used(classified)
        return per_charge(readings, numerator(readings), readings.count() if per_reading else ONE)

    return aggregate


def latest(classified: ir.Table, _: Derivation) -> ir.Table:
    """Give the last reading's value; of readings with one stamp the largest: content decides, not the order."""
    readings = used(classified)
    last = readings.mutate(last_us=readings.at_us.max().over(group_by="charge_number"))
    return per_charge(last, last.value.max(where=last.at_us == last.last_us))
