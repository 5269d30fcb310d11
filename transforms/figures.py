"""Figures as text: every digit that they have, and none of it rounded."""

from decimal import Decimal


def plain(number: Decimal) -> str:
    """Write a number by the fewest digits, without an exponent: equal numbers, equal texts.

    >>> plain(Decimal("1.500")), plain(Decimal("1E+3"))
    ('1.5', '1000')
    """
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def decimals_of(number: Decimal) -> int:
    """Count the decimals of a number, without the zeros at its end."""
    return len(f"{number:f}".partition(".")[2].rstrip("0"))


def shown(number: Decimal, decimals: int = 0) -> str:
    """Write a number with so many decimals, or with more where it has more.

    >>> shown(Decimal("1234.500000000"), 2), shown(Decimal("0.00025"), 2)
    ('1,234.50', '0.00025')
    """
    return f"{number:,.{max(decimals, decimals_of(number))}f}"


def exact_text(number: Decimal, decimals: int = 0) -> str:
    """Write a number as `shown` does, for a machine: nothing but digits, a sign and a point."""
    return shown(number, decimals).replace(",", "")
