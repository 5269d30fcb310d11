"""A meter: one thing that is billed, from its source through a derivation to a charge's usage."""

from enum import StrEnum
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, Tag, field_validator, model_validator

from transforms.definition import Definition
from transforms.exact import Rounding
from transforms.source import Name, Source
from transforms.units import Factor

STORED_DECIMALS = 9  # the billing platform keeps 13 digits before the point and 9 behind it
WORDS = ("meter", "period", "function", "readings")  # what a description or custom field can speak of, in braces
CUSTOM_FIELD = r"^[A-Za-z][A-Za-z0-9_]{0,40}__[cC]$"


class Function(StrEnum):
    """The derivations; each is one entry of `transforms.derive.AGGREGATIONS`."""

    SUM = "sum"
    COUNT = "count"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    AVERAGE = "average"
    TIME_WEIGHTED_AVERAGE = "time_weighted_average"


class Derivation(Definition):
    """What is made of the readings of a charge and billing period.

    `gap_seconds_max` bounds how long a reading holds in a time-weighted average; the time beyond it does not count.
    """

    function: Function
    gap_seconds_max: int | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _gap_has_a_use(self) -> "Derivation":
        if self.gap_seconds_max is not None and self.function is not Function.TIME_WEIGHTED_AVERAGE:
            raise ValueError(f"gap_seconds_max has no meaning for {self.function.value}; leave it out")
        return self


class QuantityRounding(Definition):
    """Where the derived quantity is cut before it is stored; the unit's own rounding comes later, when it is rated."""

    decimals: int = Field(default=STORED_DECIMALS, ge=0, le=STORED_DECIMALS)
    mode: Rounding = Rounding.HALF_UP


def _known_words(text: str) -> str:
    parts = [part for part in Formatter().parse(text) if part[1] is not None]
    if any(form or conversion for _, _, form, conversion in parts):
        raise ValueError("a word in braces takes no format; write {readings} alone")
    names = [name for _, name, _, _ in parts]
    if unknown := [name for name in names if name not in WORDS]:
        raise ValueError(f"{{{unknown[0]}}} is unknown here; write one of {', '.join(WORDS)} in braces")
    return text


Text = Annotated[str, Field(max_length=200), AfterValidator(_known_words)]


class Mapping(Definition):
    """How a quantity becomes usage: its charge, unit, exact factor, rounding and custom fields.

    `unit` is what the derived value is counted in; the factor to the charge's UOM comes from the unit's aliases, or is
    stated here.
    """

    charge: Name
    unit: str
    factor: Factor | None = None
    rounding: QuantityRounding = QuantityRounding()
    description: Text = ""
    custom_fields: dict[Annotated[str, Field(pattern=CUSTOM_FIELD)], Text] = Field(default_factory=dict)


def _named_or_own(value: object) -> str:
    return "own" if isinstance(value, dict | Source) else "named"


class Meter(Definition):
    """The content of `catalog/meters/<meter>.yaml`. `source` names one, or declares one of the meter's own."""

    meter: Name
    description: str = ""
    owner: str
    source: Annotated[Annotated[Name, Tag("named")] | Annotated[Source, Tag("own")], Discriminator(_named_or_own)]
    derive: Derivation
    map: Mapping

    @field_validator("source", mode="before")
    @classmethod
    def _own_source(cls, value: object, info: object) -> object:
        """Let a meter's own source bear the meter's name unless it says otherwise."""
        data = getattr(info, "data", {})
        return {"source": data.get("meter"), **value} if isinstance(value, dict) else value

    @property
    def source_name(self) -> str:
        """The name of the source that this meter reads."""
        return self.source.source if isinstance(self.source, Source) else self.source
