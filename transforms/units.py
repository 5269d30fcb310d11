"""Units of measure and currencies: what a quantity is counted in, and where it is rounded."""

from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from transforms.definition import Definition
from transforms.exact import Rounding, round_exact


def _fraction(value: object) -> object:
    """Read `1/1000` or `0.001` as the exact fraction that it is."""
    try:
        return Fraction(value) if isinstance(value, str) else value
    except ZeroDivisionError as error:
        raise ValueError("a factor cannot be divided by 0") from error


def _positive(value: Fraction) -> Fraction:
    if value <= 0:
        raise ValueError("a factor must be above 0")
    return value


Factor = Annotated[Fraction, BeforeValidator(_fraction), AfterValidator(_positive)]


class Unit(Definition):
    """A unit of measure (UOM) as the billing platform knows it; an alias is worth `factor` of it."""

    description: str = ""
    decimals: int = Field(default=0, ge=0, le=9)
    rounding: Rounding = Rounding.UP
    aliases: dict[str, Factor] = Field(default_factory=dict)

    def round(self, quantity: Decimal) -> Decimal:
        """Round a rated quantity the way this unit is billed."""
        return round_exact(quantity, self.decimals, self.rounding)


class Currency(Definition):
    """A currency and the rounding of its amounts (ISO 4217 minor units, unless finance decides otherwise)."""

    decimals: int = Field(default=2, ge=0, le=9)
    rounding: Rounding = Rounding.HALF_UP

    def round(self, amount: Decimal | Fraction) -> Decimal:
        """Round an amount of money once, at the end."""
        return round_exact(amount, self.decimals, self.rounding)


class Units(Definition):
    """The content of `catalog/units.yaml`."""

    units: dict[str, Unit]
    currencies: dict[str, Currency]

    def factor(self, unit: str, uom: str) -> Fraction:
        """Tell how much of `uom` one `unit` is; KeyError when no alias says so."""
        return Fraction(1) if unit == uom else self.units[uom].aliases[unit]
