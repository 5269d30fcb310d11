"""Begun minutes, as calls are often billed: each one's seconds count as the minutes that they have begun."""

import ibis.expr.types as ir

from transforms.custom.rule import expression


@expression
def begun_minutes(readings: ir.Table) -> ir.Value:
    """Give the sum of values in seconds, each rounded up to a whole minute; in seconds, as they came."""
    return (readings.value + (60 - readings.value % 60) % 60).sum()
