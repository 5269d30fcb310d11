"""The lines of a price: which tier took how many units at what price, exact and unrounded."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Context, Decimal, DivisionByZero, Inexact, InvalidOperation, Overflow
from functools import reduce
from typing import Any, Literal

from transforms.catalog.pricing import Tier

EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow, DivisionByZero])
"""Arithmetic of units and money: a digit that would be lost is an error."""

Format = Literal[
    "per_unit", "flat", "adjustment", "minimum", "maximum", "prepaid", "committed", "contributed", "exceeded"
]


@dataclass(frozen=True)
class TierLine:
    """The units in (above, up_to] and what they cost: units times price, or the price once for every other line.

    A line that is no price of units but changes the amount of its tier bears that change, up or down, as its price.
    """

    tier: int
    above: Decimal
    up_to: Decimal | None
    units: Decimal
    price: Decimal
    format: Format

    @property
    def amount(self) -> Decimal:
        """The exact, unrounded amount."""
        return EXACT.multiply(self.units, self.price) if self.format == "per_unit" else self.price


def tier_lines(number: int, tier: Tier, above: Decimal, units: Decimal) -> tuple[TierLine, ...]:
    """Price the units that fell into a tier: a line for its price per unit, and one for its flat amount."""
    lines = []
    if tier.price is not None:
        lines.append(TierLine(number, above, tier.up_to, units, tier.price, "per_unit"))
    if tier.flat is not None:
        lines.append(TierLine(number, above, tier.up_to, units, tier.flat, "flat"))
    return tuple(lines)


def exact_sum(values: Iterable[Decimal]) -> Decimal:
    """Add up without losing a digit; ArithmeticError where 200 digits are not enough."""
    return reduce(EXACT.add, values, Decimal(0))


def exact_sums(values: Iterable[tuple[str, Decimal]]) -> dict[str, Decimal]:
    """Add up by name (a currency, a unit), in the order of the names; ArithmeticError as for one sum."""
    found: defaultdict[str, list[Decimal]] = defaultdict(list)
    for name, value in values:
        found[name].append(value)
    return {name: exact_sum(each) for name, each in sorted(found.items())}


def worth(lines: Iterable[TierLine]) -> Decimal:
    """Tell what a breakdown comes to, unrounded."""
    return exact_sum(line.amount for line in lines)


def read(stored: Mapping[str, Any]) -> TierLine:
    """Read a line back that the store holds as `written` gives it."""
    up_to = None if stored["up_to"] is None else Decimal(stored["up_to"])
    above, units, price = (Decimal(stored[name]) for name in ("above", "units", "price"))
    return TierLine(int(stored["tier"]), above, up_to, units, price, stored["format"])


def written(line: TierLine) -> dict[str, str | None]:
    """Give a line as the store holds it: every figure is text."""
    return {name: None if value is None else str(value) for name, value in asdict(line).items()}
