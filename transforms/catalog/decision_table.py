"""Dynamic pricing as the catalog declares it: a decision table that finds the price of every record."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from transforms.catalog.definition import Definition
from transforms.catalog.field_name import FieldName, allowed
from transforms.catalog.pricing import FlatFee, PerUnit, Price, Tier, Tiered, Volume, check_ascending

PERCENTAGE = re.compile(r"[+-][0-9]{1,4}(\.[0-9]{1,9})?%")
RowKey = tuple[str | None, tuple[str, ...]]
"""The subscription that a row was negotiated for, or None; and the attributes' values, in the order of their names."""


class Base(StrEnum):
    """What a row's price is the price of."""

    PER_UNIT = "per_unit"
    FLAT_FEE = "flat_fee"  # of the record, whatever its quantity
    TIERED = "tiered"  # of the record's units, by the row's tiers: each prices those that fall into it
    VOLUME = "volume"  # of the record's units, by the one of the row's tiers that all of them reach


IN_TIERS = (Base.TIERED, Base.VOLUME)


class Fallback(StrEnum):
    """What becomes of a record for which no row holds."""

    FAIL = "fail"
    LIST_PRICE = "list_price"


def _instant(value: object) -> object:
    """Read an ISO 8601 instant with its offset; a bare number would be taken for seconds since 1970."""
    if not isinstance(value, str):
        return value
    try:
        instant = datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError("write an instant with its offset, such as 2025-01-01T00:00:00+00:00") from error
    if instant.tzinfo is None:
        raise ValueError("an instant needs its offset, such as 2025-01-01T00:00:00+00:00")
    return instant


def _percentage(text: str) -> str:
    """Ask for the sign: where the page of a price list says 10%, nobody can tell which way it is meant."""
    if not PERCENTAGE.fullmatch(text):
        raise ValueError("write a percentage with its sign, such as -10% or +2.5%")
    if _share(text) < -1:
        raise ValueError(f"{text} takes off more than there is")
    return text


def _share(percentage: str) -> Decimal:
    return Decimal(percentage.removesuffix("%")).scaleb(-2)


Instant = Annotated[datetime, BeforeValidator(_instant)]
Attribute = Annotated[str, Field(min_length=1), AfterValidator(allowed)]
Adjustment = Annotated[str, AfterValidator(_percentage)]
Priced = FlatFee | PerUnit | Tiered | Volume
ListPrice = Annotated[Priced, Field(discriminator="model")]


class Bounded(Definition):
    """What bounds an amount of money; it is brought up to the minimum, or down to the maximum."""

    minimum: Price | None = None
    maximum: Price | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"the minimum {self.minimum} is above the maximum {self.maximum}")
        return self


class RowTier(Tier, Bounded):
    """A tier of a row; its bounds are those of its amount, for a record that enters it."""


class DecisionRow(Bounded):
    """The price of usage with these attributes that starts at `effective` or later, until another row of them begins.

    `minimum` and `maximum` bound the price; a row with `tiers` has its bounds in them. The `adjustment`, a percentage
    with its sign, changes the price, or the amount of each tier, before it is bounded. A row with a `subscription` was
    negotiated and holds for that one alone.
    """

    when: dict[str, str]
    effective: Instant
    price: Price | None = None
    tiers: tuple[RowTier, ...] = ()
    adjustment: Adjustment | None = None
    subscription: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _price_or_tiers(self) -> Self:
        if (self.price is None) != bool(self.tiers):
            raise ValueError("a row needs a price, or tiers; give one of the two")
        if self.tiers and (self.minimum, self.maximum) != (None, None):
            raise ValueError("the bounds of a row with tiers stand in its tiers")
        if self.tiers and self.tiers[-1].up_to is not None:
            raise ValueError("the last tier of a row must be open: leave its up_to out")
        check_ascending(self.tiers)
        return self

    @property
    def factor(self) -> Decimal:
        """What the adjustment multiplies by, exactly: 0.90 for -10%, and 1 without one."""
        return Decimal(1) if self.adjustment is None else 1 + _share(self.adjustment)

    @cached_property
    def tiered(self) -> Tiered:
        """The row's tiers, each of which prices the units that fall into it."""
        return Tiered(model="tiered", tiers=self.tiers)

    @cached_property
    def volume(self) -> Volume:
        """The row's tiers, of which one prices all units."""
        return Volume(model="volume", tiers=self.tiers)


class Dynamic(Definition):
    """Every record at the price that the table has for its attributes, which are custom fields of usage."""

    model: Literal["dynamic"]
    attributes: dict[Attribute, FieldName] = Field(min_length=1)
    table: tuple[DecisionRow, ...] = Field(min_length=1)
    base: Base = Base.PER_UNIT
    fallback: Fallback = Fallback.FAIL
    list_price: ListPrice | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.fallback is Fallback.LIST_PRICE) != (self.list_price is not None):
            raise ValueError("fallback: list_price and a list_price go together; give both, or neither")
        for problem in chain(self._wrong_rows(), self._repeated()):
            raise ValueError(problem)
        return self

    def _wrong_rows(self) -> Iterator[str]:
        needed = "tiers" if self.base in IN_TIERS else "a price"
        for number, row in enumerate(self.table, start=1):
            if row.when.keys() != self.attributes.keys():
                yield f"row {number} of the table must give {_listed(self.attributes)}, and nothing else"
            if bool(row.tiers) != (self.base in IN_TIERS):
                yield f"row {number} of the table must have {needed}, as base: {self.base} says"

    def _repeated(self) -> Iterator[str]:
        seen: dict[tuple[RowKey, datetime], int] = {}
        for number, row in enumerate(self.table, start=1):
            if (first := seen.setdefault((self._key(row), row.effective), number)) != number:
                yield f"rows {first} and {number} of the table have the same attributes and the same effective date"

    def _key(self, row: DecisionRow) -> RowKey:
        return row.subscription, self.values(row.when)

    def values(self, named: Mapping[str, str]) -> tuple[str, ...]:
        """Put the values of the attributes in the order of their names."""
        return tuple(named[name] for name in sorted(self.attributes))

    @cached_property
    def rows(self) -> Mapping[RowKey, tuple[DecisionRow, ...]]:
        """The rows of each key, the latest first."""
        found: defaultdict[RowKey, list[DecisionRow]] = defaultdict(list)
        for row in sorted(self.table, key=lambda row: row.effective, reverse=True):
            found[self._key(row)].append(row)
        return {key: tuple(rows) for key, rows in found.items()}


def _listed(names: Mapping[str, str]) -> str:
    return ", ".join(sorted(names))
