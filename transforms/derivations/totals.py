"""Derivations of the used readings alone, whatever the time between them, that daily totals do not hold."""

import ibis.expr.types as ir

from transforms.catalog.columns import attribute_column
from transforms.catalog.meter import Derivation
from transforms.derivations.record import key_of, per_record, used


def unique_count(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Count the different values, or texts of the attribute `of`: exactly, not by estimate."""
    readings = used(placed)
    counted = readings.value if derivation.of is None else readings[attribute_column(derivation.of)]
    return per_record(readings, derivation, counted.nunique())


def latest(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the last reading's value; of readings with one stamp the largest: content decides, not the order."""
    readings = used(placed)
    last = readings.mutate(last_us=readings.at_us.max().over(group_by=key_of(derivation)))
    return per_record(last, derivation, last.value.max(where=last.at_us == last.last_us))
