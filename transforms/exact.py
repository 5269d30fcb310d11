"""Exact arithmetic: fractions until the one rounding that a rule names, decimals after it."""

from decimal import Decimal
from enum import StrEnum
from fractions import Fraction


class Rounding(StrEnum):
    """How a value that lies between two representable ones is settled; `up` and `down` speak of magnitude."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    UP = "up"
    DOWN = "down"


def round_exact(value: Fraction | Decimal | int, decimals: int, mode: Rounding) -> Decimal:
    """Round once, exactly, to `decimals` places; the result always carries that many places.

    >>> round_exact(Fraction(2, 3), 4, Rounding.HALF_UP)
    Decimal('0.6667')
    >>> round_exact(Decimal("-0.0001"), 2, Rounding.UP)
    Decimal('-0.01')
    """
    scaled = Fraction(value) * 10**decimals
    whole, rest = divmod(abs(scaled.numerator), scaled.denominator)
    digits = whole + _step(whole, rest, scaled.denominator, mode)
    sign = 1 if scaled.numerator < 0 and digits else 0
    return Decimal((sign, tuple(int(digit) for digit in str(digits)), -decimals))


def _step(whole: int, rest: int, divisor: int, mode: Rounding) -> int:
    """Tell whether the magnitude grows by one: 1 or 0."""
    if mode is Rounding.DOWN or rest == 0:
        return 0
    if mode is Rounding.UP:
        return 1
    if 2 * rest == divisor:
        return whole % 2 if mode is Rounding.HALF_EVEN else 1
    return int(2 * rest > divisor)
