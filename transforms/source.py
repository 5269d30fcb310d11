"""A source: where raw metering data arrives, and what its columns, clocks and duplicates mean."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator, model_validator

from transforms.definition import Definition, Exact

NAME = r"^[a-z][a-z0-9_]{0,49}$"
Name = Annotated[str, Field(pattern=NAME)]
PLACEHOLDERS = ("account", "subscription")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is not a time zone; write an IANA name such as Europe/Berlin or UTC") from error
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]


class Fold(StrEnum):
    """What a local time means that the clock showed twice."""

    FIRST = "first"
    SECOND = "second"
    IN_ORDER = "in_order"  # the rows' own order tells: second from where the stamps do not rise any more
    REJECT = "reject"


class Gap(StrEnum):
    """What a local time means that the clock never showed."""

    SHIFT = "shift"  # counted on with the offset before the change
    REJECT = "reject"


class Duplicates(StrEnum):
    """What a repeated reading means. With event ids: the same id; without: the same content."""

    KEEP = "keep"  # a reading of its own
    EXACT = "exact"  # counted once when all of it is equal; conflicting rows of one id are quarantined
    REJECT = "reject"  # each of them is quarantined


class Csv(Definition):
    """Delimited text."""

    kind: Literal["csv"] = "csv"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    encoding: str = "utf-8"
    skip_lines: int = Field(default=0, ge=0)


class Parquet(Definition):
    """Apache Parquet."""

    kind: Literal["parquet"]


class JsonLines(Definition):
    """One JSON object on a line, in UTF-8; a column is the path of its keys, such as `usage.value`."""

    kind: Literal["json_lines"]


class Nem12(Definition):
    """Interval data of the Australian electricity market.

    Its columns are `nmi` (the metering point: an account), `suffix` (of the channel, such as E1: a subscription),
    `start` (of the interval), `value`, and `interval` (all three as one: an event id, so that an interval delivered
    twice counts once, and one whose value was replaced is quarantined). The market's clock never changes: the zone is
    Australia/Brisbane. Channels in another unit than `unit` (upper or lower case) are quarantined.
    """

    kind: Literal["nem12"]
    unit: str = "kWh"


class Columns(Definition):
    """The names of the source's columns; an account may stand in the file's path instead."""

    at: str
    value: str
    account: str | None = None
    subscription: str | None = None
    event_id: str | None = None

    def named(self) -> dict[str, str]:
        """Map our names to the source's, leaving out what the source does not have."""
        return {ours: theirs for ours, theirs in self if theirs is not None}


class Value(Definition):
    """How a number is written. More decimals than `decimals` are quarantined, never rounded away."""

    decimals: int = Field(default=18, ge=0, le=30)
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal["", ".", ",", " ", "'"] = ""
    nulls: tuple[str, ...] = ("", "NULL", "null")

    @model_validator(mode="after")
    def _marks_differ(self) -> "Value":
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("decimal_mark and thousands_mark must differ")
        return self


class Time(Definition):
    """How an instant is written: ISO 8601, seconds since 1970, or a strptime pattern without an offset."""

    format: str = "iso"
    zone: TimeZone = "UTC"
    fold: Fold = Fold.REJECT
    gap: Gap = Gap.REJECT

    @model_validator(mode="after")
    def _pattern(self) -> "Time":
        if self.format not in {"iso", "epoch_seconds", "epoch_milliseconds"} and "%" not in self.format:
            raise ValueError(
                f"format {self.format!r} is none of iso, epoch_seconds, epoch_milliseconds, "
                "and no pattern such as %d.%m.%Y %H:%M"
            )
        if unknown := set(re.findall(r"%-?(.?)", self.format)) - set("aAbBdfgHIjmMnpSyYzZ%"):
            raise ValueError(f"format {self.format!r}: %{min(unknown)} is no part of a pattern")
        if "%z" in self.format or "%Z" in self.format:
            raise ValueError("a pattern cannot read an offset; write `format: iso` for stamps that carry one")
        return self


class Source(Definition):
    """The content of `catalog/sources/<source>.yaml`, or of a meter's `source:` when it stands there."""

    source: Name
    description: str = ""
    owner: str = ""
    files: str
    format: Annotated[Csv | JsonLines | Nem12 | Parquet, Field(discriminator="kind")] = Csv()
    columns: Columns
    value: Value = Value()
    time: Time = Time()
    duplicates: Duplicates = Duplicates.REJECT
    quarantine_limit: Annotated[Exact, Field(ge=0, le=1)] = Decimal("0.05")

    @field_validator("format", mode="before")
    @classmethod
    def _csv_unless_it_says(cls, value: object) -> object:
        return {"kind": "csv", **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _market_clock(self) -> "Source":
        if isinstance(self.format, Nem12) and self.time.zone == "UTC":
            raise ValueError("NEM12 is written on the market's clock, 10 hours ahead: time.zone is Australia/Brisbane")
        return self

    @model_validator(mode="after")
    def _account_is_known(self) -> "Source":
        placeholders = re.findall(r"{(.*?)}", self.files)
        if unknown := [name for name in placeholders if name not in PLACEHOLDERS]:
            raise ValueError(f"files: {{{unknown[0]}}} is unknown; a path can hold {{account}} and {{subscription}}")
        if repeated := [name for name in PLACEHOLDERS if placeholders.count(name) > 1]:
            raise ValueError(f"files: {{{repeated[0]}}} stands there more than once")
        if "subscription" in placeholders and self.columns.subscription is not None:
            raise ValueError(
                "say where the subscription stands, once: columns.subscription, or {subscription} in files"
            )
        if ("account" in placeholders) == (self.columns.account is not None):
            raise ValueError("say where the account stands, once: columns.account, or {account} in files")
        return self

    def pattern(self) -> tuple[str, "re.Pattern[str]"]:
        """Give the glob that finds the files below the inbox, and the expression that reads their paths."""
        parts = re.split(r"({\w+}|\*\*/|\*)", self.files)
        special = {"**/": "(?:.*/)?", "*": "[^/]*"}
        named = {f"{{{name}}}": f"(?P<{name}>[^/]+)" for name in PLACEHOLDERS}
        expression = "".join({**special, **named}.get(part, re.escape(part)) for part in parts)
        return re.sub(r"{\w+}", "*", self.files), re.compile(expression)
