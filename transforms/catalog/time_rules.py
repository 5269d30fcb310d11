"""How a source writes its time stamps, and what its clock means by them."""

import re
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, model_validator

from transforms.catalog.definition import Definition

WORDS = ("iso", "epoch_seconds", "epoch_milliseconds", "epoch_microseconds", "epoch_nanoseconds")


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name!r} is not a time zone; write an IANA name such as Europe/Berlin or UTC") from error
    return name


TimeZone = Annotated[str, AfterValidator(_zone)]

REST = "*"  # at the end of a pattern: what follows upon the stamp is passed over
WORD, PAIR = r"\pL+", "[0-9]{1,2}"  # what a part of a pattern reads
PARTS = {"a": WORD, "A": WORD, "b": WORD, "B": WORD, "p": WORD, "Y": "[0-9]{4}", "j": "[0-9]{1,3}", "%": "%"}
PARTS |= dict.fromkeys("dHImMSy", PAIR) | dict.fromkeys("fgn", "[0-9]+") | {"z": "[+-][0-9]{2}(?::?[0-9]{2})?"}


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


class Marks(StrEnum):
    """Which end of its interval a stamp marks."""

    START = "start"
    END = "end"


class Time(Definition):
    """How an instant is written: ISO 8601, a count since 1970, or a strptime pattern; %z is an offset from UTC.

    Where stamps mark the end of an interval, `fold` and `gap` are about the local time at which it starts.
    """

    format: str = "iso"
    zone: TimeZone = "UTC"
    fold: Fold = Fold.REJECT
    gap: Gap = Gap.REJECT
    marks: Marks = Marks.START

    @model_validator(mode="after")
    def _pattern(self) -> "Time":
        if self.format not in WORDS and "%" not in self.format:
            raise ValueError(
                f"format {self.format!r} is none of {', '.join(WORDS)}, and no pattern such as %d.%m.%Y %H:%M"
            )
        if unknown := self._parts - {*PARTS, "Z"}:
            raise ValueError(f"format {self.format!r}: %{min(unknown)} is no part of a pattern")
        if "Z" in self._parts:
            raise ValueError("a pattern cannot read the name of a zone; write it as it stands, or an offset as %z")
        return self

    @property
    def _parts(self) -> set[str]:
        return set(re.findall(r"%-?(.?)", self.format))

    @property
    def reads_offset(self) -> bool:
        """Tell whether the pattern reads an offset from UTC, and so gives the instant, whatever the zone."""
        return "z" in self._parts

    @property
    def pattern(self) -> str:
        """The pattern without the sign that something follows upon the stamp."""
        return self.format.removesuffix(REST)

    @property
    def pattern_at_24(self) -> str:
        """The pattern as it reads a stamp whose hour is 24."""
        return re.sub("%-?(.)", lambda part: "24" if part[1] == "H" else part[0], self.pattern)

    @property
    def stamp_before_rest(self) -> str | None:
        """The expression whose first group is the stamp, where something follows upon it; no number is cut in two."""
        if not self.format.endswith(REST):
            return None
        pieces = re.split("(%-?.)", self.pattern)
        read = "".join(PARTS[each[-1]] if each.startswith("%") else re.escape(each) for each in pieces)
        return f"^({read})(?:[^0-9].*)?$"
