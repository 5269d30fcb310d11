"""Figures as a person reads them: every digit that they have, thousands set apart."""

from decimal import Decimal


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
