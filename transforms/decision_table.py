"""Dynamic pricing as the catalog declares it: a decision table that finds the price of every record."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from transforms.definition import Definition
from transforms.pricing import FieldName, FlatFee, PerUnit, Price, Tiered, Volume
from transforms.upload.columns import is_forbidden

RowKey = tuple[str | None, tuple[str, ...]]
"""The subscription that a row was negotiated for, or None; and the attributes' values, in the order of their names."""


class Base(StrEnum):
    """What a row's price is the price of."""

    PER_UNIT = "per_unit"
    FLAT_FEE = "flat_fee"  # of the record, whatever its quantity


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


def _allowed(name: str) -> str:
    if is_forbidden(name):
        raise ValueError("CustomerReference is set by the billing platform alone; it can be no pricing attribute")
    return name


Instant = Annotated[datetime, BeforeValidator(_instant)]
Attribute = Annotated[str, Field(min_length=1), AfterValidator(_allowed)]
ListPrice = Annotated[FlatFee | PerUnit | Tiered | Volume, Field(discriminator="model")]


class DecisionRow(Definition):
    """The price of usage with these attributes that starts at `effective` or later, until another row of them begins.

    `minimum` and `maximum` bound the price; a row with a `subscription` was negotiated and holds for that one alone.
    """

    when: dict[str, str]
    effective: Instant
    price: Price
    minimum: Price | None = None
    maximum: Price | None = None
    subscription: Annotated[str, Field(min_length=1)] | None = None

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"the minimum {self.minimum} is above the maximum {self.maximum}")
        return self


class Dynamic(Definition):
    """Every record at the price that the table has for its attributes, which are custom fields of usage."""

    model: Literal["dynamic"]
    attributes: dict[Attribute, Annotated[FieldName, AfterValidator(_allowed)]] = Field(min_length=1)
    table: tuple[DecisionRow, ...] = Field(min_length=1)
    base: Base = Base.PER_UNIT
    fallback: Fallback = Fallback.FAIL
    list_price: ListPrice | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.fallback is Fallback.LIST_PRICE) != (self.list_price is not None):
            raise ValueError("fallback: list_price and a list_price go together; give both, or neither")
        for number, row in enumerate(self.table, start=1):
            if row.when.keys() != self.attributes.keys():
                raise ValueError(f"row {number} of the table must give {_listed(self.attributes)}, and nothing else")
        for problem in self._repeated():
            raise ValueError(problem)
        return self

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
