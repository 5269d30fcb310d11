"""Text to integers that are the same on every machine and in every version: MD5, in halves of 64 bits."""

import ibis
import ibis.expr.types as ir

from transforms.readings.builtins import md5_number

HALF_BITS = 64
HALF = 2**HALF_BITS - 1


def halves(text: ir.StringValue) -> tuple[ir.IntegerValue, ir.IntegerValue]:
    """Hash text to two int64, (high, low): every engine and file format has signed integers of 64 bits."""
    number = md5_number(text)
    return _signed(number & ibis.literal(HALF, "uint64")), _signed(number >> HALF_BITS)


def _signed(half: ir.IntegerValue) -> ir.IntegerValue:
    """Move 0..2^64-1 to -2^63..2^63-1 without leaving 64 bits: its upper 63 bits and the lowest one on their own."""
    half = half.cast("uint64")
    upper, lowest = (part.cast("uint64").cast("int64") for part in (half >> 1, half & 1))
    return (upper - 2 ** (HALF_BITS - 2)) * 2 + lowest
