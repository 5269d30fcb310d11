"""The spread of a period: how far the highest reading is above the lowest."""

import ibis.expr.types as ir

from transforms.custom.rule import expression


@expression
def spread(readings: ir.Table) -> ir.Value:
    """Give the largest value less the smallest."""
    return readings.value.max() - readings.value.min()
