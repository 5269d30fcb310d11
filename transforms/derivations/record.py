"""The one row that every derivation makes of a target's readings, or of those of one group of attributes."""

import ibis
import ibis.expr.types as ir

from transforms.catalog.columns import attribute_column
from transforms.catalog.meter import Derivation
from transforms.readings.fate import Fate

DIGITS_MAX = 38  # of a decimal
ONE = ibis.literal(1, "int64")
NOTHING = ibis.literal(0, f"decimal({DIGITS_MAX}, 0)")


def key_of(derivation: Derivation) -> tuple[str, ...]:
    """Name the columns whose values have a record of their own."""
    return ("slot", *groups_of(derivation))


def groups_of(derivation: Derivation) -> tuple[str, ...]:
    """Name the columns of the attributes that a derivation groups by."""
    return tuple(attribute_column(name) for name in derivation.group_by)


def per_record(
    readings: ir.Table,
    derivation: Derivation,
    numerator: ir.Value,
    denominator: ir.Value = ONE,
    remainder: ir.Value = NOTHING,
) -> ir.Table:
    """Aggregate parts to one row per record; of readings that only take part, none is counted."""
    counted = readings.fate == Fate.USED
    return readings.group_by(*key_of(derivation)).aggregate(
        numerator=numerator,
        remainder=remainder,
        denominator=denominator,
        readings=readings.rows.sum(where=counted).fill_null(0),
        first_at_us=readings.first_at_us.min(where=counted),
        last_at_us=readings.last_at_us.max(where=counted),
    )


def as_parts(readings: ir.Table) -> ir.Table:
    """Let every reading stand for itself: a part has so many `rows`, their total, lowest, highest, first and last."""
    one = {"rows": ONE, "total": "value", "low": "value", "high": "value"}
    return readings.mutate(**one, first_at_us="at_us", last_at_us="at_us")


def used(placed: ir.Table) -> ir.Table:
    """Keep the readings that are billed."""
    return placed.filter(placed.fate == Fate.USED)


def wide(value: ir.DecimalValue) -> ir.DecimalValue:
    """Give a narrow value all digits: the difference of two that just fit would overflow."""
    return value.cast(f"decimal({DIGITS_MAX}, {value.type().scale})")
