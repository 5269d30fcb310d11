"""The one row that every derivation makes of a charge's readings."""

import ibis
import ibis.expr.types as ir

FILTERED = "filtered"  # the reason of a reading whose value is not asked for
CHARGE = ("charge_number", "start_us", "end_us")
ONE = ibis.literal(1, "int64")
NOTHING = ibis.literal(0, "decimal(38, 0)")


def per_charge(
    readings: ir.Table, numerator: ir.Value, denominator: ir.Value = ONE, remainder: ir.Value = NOTHING
) -> ir.Table:
    """Aggregate readings to one row per charge; of readings that only take part, none is counted."""
    counted = readings.category == "used"
    return readings.group_by(*CHARGE).aggregate(
        numerator=numerator,
        remainder=remainder,
        denominator=denominator,
        readings=readings.count(where=counted),
        first_at_us=readings.at_us.min(where=counted),
        last_at_us=readings.at_us.max(where=counted),
    )


def used(classified: ir.Table) -> ir.Table:
    """Keep the readings that are billed."""
    return classified.filter(classified.category == "used")
