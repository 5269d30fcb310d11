"""A meter: one thing that is billed, from its source through a derivation to a charge's usage."""

from enum import StrEnum
from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator

from transforms.catalog.definition import Definition, Exact, Name
from transforms.catalog.field_name import FieldName
from transforms.catalog.policy import BilledUsage, Coverage
from transforms.catalog.source import Source
from transforms.catalog.units import Factor
from transforms.exact import Rounding
from transforms.limits import DECIMALS_MAX, DESCRIPTION_LENGTH_MAX
from transforms.period import DAY_SECONDS, DAY_US

WORDS = ("meter", "period", "function", "readings")  # what a text can speak of in braces, besides the attributes


class Function(StrEnum):
    """The derivations; each is one entry of `transforms.derivations.AGGREGATIONS`."""

    SUM = "sum"
    COUNT = "count"
    UNIQUE_COUNT = "unique_count"
    MAXIMUM = "maximum"
    MINIMUM = "minimum"
    AVERAGE = "average"
    LATEST = "latest"
    TIME_WEIGHTED_AVERAGE = "time_weighted_average"
    TIME_WEIGHTED_SUM = "time_weighted_sum"
    INCREASE = "increase"
    PERCENTILE = "percentile"
    PEAK = "peak"
    CUSTOM = "custom"


class Per(StrEnum):
    """The time that a time-weighted sum counts in; a day is 24 hours."""

    SECOND = "second"
    HOUR = "hour"
    DAY = "day"

    @property
    def microseconds(self) -> int:
        """Its length."""
        return {Per.SECOND: 1_000_000, Per.HOUR: 3_600_000_000, Per.DAY: DAY_US}[self]


class BucketFunction(StrEnum):
    """What becomes of the readings of one bucket."""

    AVERAGE = "average"
    SUM = "sum"
    COUNT = "count"
    MAXIMUM = "maximum"


class Filter(Definition):
    """Which readings count: both bounds belong to the values, and each attribute is one of the texts listed for it.

    All others stand in the ledger as `filtered`.
    """

    minimum: Exact | None = None
    maximum: Exact | None = None
    attributes: dict[Name, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _leaves_something(self) -> "Filter":
        if self.minimum is None and self.maximum is None and not self.attributes:
            raise ValueError("a filter needs a minimum, a maximum or attributes")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"no value is from {self.minimum} to {self.maximum}; the minimum comes first")
        return self


WEIGHTED = frozenset({Function.TIME_WEIGHTED_AVERAGE, Function.TIME_WEIGHTED_SUM})
CARRIED_IN = WEIGHTED | {Function.INCREASE}  # where a reading from before the period takes part
RANKED = frozenset({Function.PERCENTILE, Function.PEAK})
ENGINE_DIGITS = 38  # of a decimal
WRAPS_AT_MAX = 2**64  # the widest counter there is
LEAP_YEAR_SECONDS = 366 * DAY_SECONDS  # a longer bucket can hold no more

# Which functions a parameter has a meaning for, and what a function or a parameter cannot be without.
MEANT_FOR = {
    "gap_seconds_max": WEIGHTED,
    "per": {Function.TIME_WEIGHTED_SUM},
    "wraps_at": {Function.INCREASE},
    "percentile": {Function.PERCENTILE},
    "bucket": RANKED,
    "bucket_seconds": RANKED,
    "bucket_function": RANKED,
    "of": {Function.UNIQUE_COUNT},
    "rule": {Function.CUSTOM},
}
NEEDS = {
    "percentile": "percentile",
    "peak": "bucket_function",
    "bucket": "bucket_function",
    "bucket_seconds": "bucket_function",
    "custom": "rule",
}
BUCKETED = "one of bucket and bucket_seconds"


class Derivation(Definition):
    """How the readings of a charge and billing period become one value.

    `gap_seconds_max` bounds how long a reading holds; the time beyond it does not count. `wraps_at` is the value at
    which a counter is at 0 again. `percentile` is taken of the buckets where there are any, else of the readings. A
    bucket is a day on the account's clock, or so many seconds. `of` names the attribute whose different texts are
    counted. `rule` names a function of `transforms.custom`. Readings that differ in a `group_by` attribute make records
    of their own.
    """

    function: Function
    gap_seconds_max: int | None = Field(default=None, gt=0)
    per: Per = Per.HOUR
    wraps_at: int | None = Field(default=None, gt=0, le=WRAPS_AT_MAX)
    percentile: Annotated[Exact, Field(gt=0, le=100, decimal_places=6)] | None = None
    bucket: Literal["day"] | None = None
    bucket_seconds: int | None = Field(default=None, gt=0, le=LEAP_YEAR_SECONDS)
    bucket_function: BucketFunction | None = None
    of: Name | None = None
    rule: Name | None = None
    filter: Filter | None = None
    group_by: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _parameters_fit(self) -> "Derivation":
        stated = [name for name in MEANT_FOR if name in self.model_fields_set and getattr(self, name) is not None]
        if idle := [name for name in stated if self.function not in MEANT_FOR[name]]:
            raise ValueError(f"{idle[0]} has no meaning for {self.function.value}; leave it out")
        for name in (self.function.value, *stated):
            if (needed := NEEDS.get(name)) and needed not in stated:
                also = f", and {BUCKETED}" if name == Function.PEAK else ""
                raise ValueError(f"{name} needs {needed} beside it{also}")
        if self.bucket_function is not None and (self.bucket is None) == (self.bucket_seconds is None):
            raise ValueError(f"bucket_function needs {BUCKETED} beside it, which say how long a bucket is")
        return self

    @property
    def attributes(self) -> set[str]:
        """The attributes that the source must have."""
        filtered = set(self.filter.attributes) if self.filter else set()
        return filtered | set(self.group_by) | ({self.of} if self.of else set())


class QuantityRounding(Definition):
    """Where the derived quantity is cut before it is stored; the unit's own rounding comes later, when it is rated."""

    decimals: int = Field(default=DECIMALS_MAX, ge=0, le=DECIMALS_MAX)
    mode: Rounding = Rounding.HALF_UP


def _plain_words(text: str) -> str:
    if any(form or conversion for _, name, form, conversion in Formatter().parse(text) if name is not None):
        raise ValueError("a word in braces takes no format; write {readings} alone")
    return text


def words_of(text: str) -> set[str]:
    """List the words in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


Text = Annotated[str, Field(max_length=DESCRIPTION_LENGTH_MAX), AfterValidator(_plain_words)]


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
    custom_fields: dict[FieldName, Text] = Field(default_factory=dict)


def _named_or_own(value: object) -> str:
    return "own" if isinstance(value, dict | Source) else "named"


class Meter(Definition):
    """The content of `catalog/meters/<meter>.yaml`. `source` names one, or declares one of the meter's own.

    Each run of its DAG, `monthly` or `daily`, handles the billing periods that ended since the run before.
    """

    meter: Name
    description: str = ""
    owner: str
    source: Annotated[Annotated[Name, Tag("named")] | Annotated[Source, Tag("own")], Discriminator(_named_or_own)]
    derive: Derivation
    map: Mapping
    coverage: Coverage | None = None
    billed_usage: BilledUsage = BilledUsage.ADJUST
    approval_above: Annotated[Exact, Field(ge=0)] | None = None
    schedule: Literal["monthly", "daily"] = "monthly"

    @model_validator(mode="after")
    def _words_are_known(self) -> "Meter":
        known = (*WORDS, *self.derive.group_by)
        fields = {f"custom_fields.{name}": text for name, text in self.map.custom_fields.items()}
        for key, text in ({"description": self.map.description} | fields).items():
            if unknown := sorted(words_of(text) - set(known)):
                raise ValueError(
                    f"map.{key}: {{{unknown[0]}}} is unknown here; write one of {', '.join(known)} in braces"
                )
        return self

    @model_validator(mode="after")
    def _groups_are_told_apart(self) -> "Meter":
        told = {word for text in self.map.custom_fields.values() for word in words_of(text)}
        if untold := [name for name in self.derive.group_by if name not in told]:
            raise ValueError(
                f"derive.group_by: {untold[0]} must stand in a custom field, such as "
                f"map.custom_fields.{untold[0].upper()}__c: '{{{untold[0]}}}'; records would look alike otherwise"
            )
        return self

    @field_validator("source", mode="before")
    @classmethod
    def _own_source(cls, value: object, info: ValidationInfo) -> object:
        """Let a meter's own source bear the meter's name unless it says otherwise; a wrong name is told once."""
        return {"source": info.data.get("meter", "unnamed"), **value} if isinstance(value, dict) else value

    def misfit(self, source: Source) -> tuple[str, str] | None:
        """Tell what does not fit the meter's source: the key, and why."""
        if self.coverage and source.interval_seconds is None:
            text = f"coverage: source {source.source} must say how far apart its samples are (interval_seconds)"
            return "coverage", text
        whole = ENGINE_DIGITS - source.value.decimals
        if len(str(self.derive.wraps_at or "")) > whole:
            text = f"derive.wraps_at: beside value.decimals {source.value.decimals} there is room for {whole} digits"
            return "derive", f"{text}; give source {source.source} fewer decimals"
        return None

    @property
    def source_name(self) -> str:
        """The name of the source that this meter reads."""
        return self.source.source if isinstance(self.source, Source) else self.source
