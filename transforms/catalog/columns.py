"""The columns of a source: what they are called there and in readings, and how its numbers are written."""

from collections.abc import Collection, Iterable
from typing import Literal

from pydantic import Field, model_validator

from transforms.catalog.definition import Definition, Name

ATTRIBUTE = "attribute_"  # how the columns of readings begin that hold attributes


class Columns(Definition):
    """The names of the source's columns; an account may stand in the file's path instead.

    `at_time` is for a time that stands apart from its date in `at`, `at_interval` for the number, from 1 on, of an
    interval of that day. Without `value` every reading counts 1. Of the
    readings of one event id (without ids: of one account, subscription and instant), those of the highest `revision`
    hold. `attributes` are what meters filter and group by.
    """

    at: str
    at_time: str | None = None
    at_interval: str | None = None
    value: str | None = None
    account: str | None = None
    subscription: str | None = None
    event_id: str | None = None
    revision: str | None = None
    attributes: dict[Name, str] = Field(default_factory=dict)

    def named(self) -> dict[str, str]:
        """Map our names to the source's, leaving out what the source does not have."""
        ours = {name: theirs for name, theirs in self if isinstance(theirs, str)}
        return ours | {attribute_column(name): theirs for name, theirs in self.attributes.items()}

    @property
    def of_attributes(self) -> list[str]:
        """Name the columns of readings that hold the attributes."""
        return [attribute_column(name) for name in self.attributes]


def column_and_part(name: str, present: Collection[str]) -> tuple[str, str]:
    """Tell in which column something stands, and in which part of it: `team` of `Tags` for `Tags.team`.

    >>> column_and_part("Tags.team", ["Id", "Tags"]), column_and_part("a.Tags.k8s.io/app", ["a.Tags"])
    (('Tags', 'team'), ('a.Tags', 'k8s.io/app'))
    >>> column_and_part("a.b", ["a", "a.b"]), column_and_part("a.b", ["c"])
    (('a.b', ''), ('a.b', ''))
    """
    column = name
    while column not in present and "." in column:
        column = column.rpartition(".")[0]
    return (column, name[len(column) + 1 :]) if column in present else (name, "")


def attribute_column(name: str) -> str:
    """Name the column of readings that holds an attribute."""
    return f"{ATTRIBUTE}{name}"


def attributes_among(columns: Iterable[str]) -> list[str]:
    """Find the columns of readings that hold an attribute."""
    return [name for name in columns if name.startswith(ATTRIBUTE)]


class Value(Definition):
    """How a number is written. More decimals than `decimals` are quarantined, never rounded away.

    A `duration`, such as 00:03:27 or 1-02:03:04 (a day and two hours), is read in seconds. `digits` bounds all of a
    value's digits; up to 18 of them are kept in half the space and added up twice as fast.
    """

    format: Literal["number", "duration"] = "number"
    digits: int = Field(default=38, ge=1, le=38)
    decimals: int = Field(default=18, ge=0, le=30)
    decimal_mark: Literal[".", ","] = "."
    thousands_mark: Literal["", ".", ",", " ", "'"] = ""
    nulls: tuple[str, ...] = ("", "NULL", "null")

    @model_validator(mode="after")
    def _marks_differ(self) -> "Value":
        if self.format == "duration" and self.thousands_mark:
            raise ValueError("thousands_mark has no meaning for a duration; leave it out")
        if self.decimal_mark == self.thousands_mark:
            raise ValueError("decimal_mark and thousands_mark must differ")
        if self.decimals > self.digits:
            raise ValueError(f"{self.decimals} decimals do not fit into {self.digits} digits")
        return self

    @property
    def type(self) -> str:
        """The type of the values in an engine and in Parquet."""
        return f"decimal({self.digits}, {self.decimals})"
