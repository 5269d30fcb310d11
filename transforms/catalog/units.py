"""Units of measure and currencies: what a quantity is counted in, and where it is rounded."""

import re
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from transforms.catalog.definition import Definition, Exact
from transforms.exact import Rounding, round_exact
from transforms.figures import exact_text

UNKNOWN_DECIMALS = 2
# Twelve digits of exponent would be a number that fills the memory.
WRITTEN = re.compile(r"-?\d{1,30}(\.\d{1,30})?(/\d{1,30}|[eE][+-]?\d{1,2})?", re.ASCII)


def _fraction(value: object) -> object:
    """Read `1/1000` or `0.001` as the exact fraction that it is; a float has lost the digits that were written."""
    if isinstance(value, float):
        raise ValueError("a float has lost the digits that were written; give text, such as 1/1000")  # noqa: TRY004 pydantic takes this kind
    if not isinstance(value, str):
        return value
    if not WRITTEN.fullmatch(value.strip()):
        raise ValueError("a factor is written as 1/1000 or 0.001")
    try:
        return Fraction(value)
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
    """A currency, the rounding of its amounts (ISO 4217 minor units, unless finance decides otherwise), and its limits.

    With an `increment`, such as 0.05 where no smaller coin is left, amounts are rounded to whole multiples of it.
    A bill run that comes to more than `approval_above`, or that differs from the period before, or changes what it
    corrects, by more than the share `approval_change_above`, waits for an approval.
    """

    decimals: int = Field(default=2, ge=0, le=9)
    rounding: Rounding = Rounding.HALF_UP
    increment: Annotated[Exact, Field(gt=0)] | None = None
    approval_above: Annotated[Exact, Field(ge=0)] | None = None
    approval_change_above: Annotated[Exact, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _increment_has_its_decimals(self) -> Self:
        if round_exact(self.step, self.decimals, Rounding.DOWN) != self.step:
            raise ValueError(f"increment {self.step} has more decimals than the currency: {self.decimals}")
        return self

    @property
    def step(self) -> Decimal:
        """What every rounded amount is a whole multiple of."""
        return Decimal(1).scaleb(-self.decimals) if self.increment is None else self.increment

    def round(self, amount: Decimal | Fraction) -> Decimal:
        """Round an amount of money once, at the end."""
        if self.increment is None:
            return round_exact(amount, self.decimals, self.rounding)
        steps = round_exact(Fraction(amount) / Fraction(self.increment), 0, self.rounding)
        return round_exact(Fraction(steps) * Fraction(self.increment), self.decimals, self.rounding)


class Units(Definition):
    """The content of `catalog/units.yaml`."""

    units: dict[str, Unit]
    currencies: dict[str, Currency]

    @model_validator(mode="after")
    def _worths_agree(self) -> Self:
        for number, (uom, unit) in enumerate(self.units.items(), start=1):
            if found := contradiction(uom, unit, dict(islice(self.units.items(), number, None))):
                raise ValueError(f"unit {uom!r}: {found}; use one worth, or another name")
        return self

    def decimals(self, currency: str) -> int:
        """Tell with how many decimals amounts of a currency are shown; 2 where it is not known any more."""
        known = self.currencies.get(currency)
        return known.decimals if known else UNKNOWN_DECIMALS

    def money(self, amount: Decimal, currency: str) -> str:
        """Show an amount with the decimals of its currency at least, and all that it has."""
        return exact_text(amount, self.decimals(currency))

    def with_currency(self, amount: Decimal, currency: str) -> str:
        """Show an amount as `money` does, and its currency."""
        return f"{self.money(amount, currency)} {currency}"

    def factor(self, unit: str, uom: str) -> Fraction:
        """Tell how much of `uom` one `unit` is; KeyError when no alias says so."""
        return Fraction(1) if unit == uom else self.units[uom].aliases[unit]


def contradiction(uom: str, unit: Unit, others: Mapping[str, Unit]) -> str | None:
    """Say where aliases of a unit, or of it and others, make one thing of two worths; None where they agree.

    An alias may be a unit itself, as the megabyte is beside the gigabyte: then both must give a byte one worth.
    """
    if uom in unit.aliases:
        return f"it is an alias of itself, worth {unit.aliases[uom]}"
    for name, other in others.items():
        for (larger, whole), (smaller, part) in (((uom, unit), (name, other)), ((name, other), (uom, unit))):
            if found := _disagreement(larger, whole, smaller, part):
                return found
    return None


def _disagreement(larger: str, whole: Unit, smaller: str, part: Unit) -> str | None:
    """Compare what the aliases of `smaller` are worth in `larger`, directly and by way of `smaller`."""
    if smaller not in whole.aliases:
        return None
    for alias, worth in part.aliases.items():
        stated = Fraction(1) if alias == larger else whole.aliases.get(alias)
        implied = worth * whole.aliases[smaller]
        if stated is not None and stated != implied:
            return f"1 {alias} is {stated} {larger}, but by way of {smaller} it is {implied} {larger}"
    return None
