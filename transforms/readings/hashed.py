"""Text to integers that are the same on every machine and in every version: MD5, in halves of 64 bits."""

import ibis
import ibis.expr.types as ir

from transforms.readings.builtins import md5_number

HALF_BITS = 64
HALF = 2**HALF_BITS - 1


def halves(text: ir.StringValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """Hash text to two int64, (high, low): every engine and file format has signed integers of 64 bits."""
    number, half = md5_number(text), ibis.literal(HALF, "uint64")
    return _signed((number & half) >> 1, number & 1), _signed(number >> HALF_BITS + 1, number >> HALF_BITS & 1)


def _signed(upper: ir.IntegerValue, lowest: ir.IntegerValue) -> ir.IntegerValue:
    """Move 0..2^64-1, given as its upper 63 bits and the lowest one, to -2^63..2^63-1 without leaving 64 bits."""
    upper, lowest = (part.cast("uint64").cast("int64") for part in (upper, lowest))
    return (upper - 2 ** (HALF_BITS - 2)) * 2 + lowest
