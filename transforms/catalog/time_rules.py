"""How a source writes its time stamps, and what its clock means by them."""

import re
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, field_validator

from transforms.catalog.definition import Definition

KNOWN = ("iso", "epoch_seconds", "epoch_milliseconds", "epoch_microseconds", "epoch_nanoseconds")


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


def _pattern(text: str) -> str:
    if "%" not in text:
        raise ValueError(f"{text!r} is no pattern such as %d.%m.%Y %H:%M")
    if unknown := _parts(text) - {*PARTS, "Z"}:
        raise ValueError(f"{text!r}: %{min(unknown)} is no part of a pattern")
    if "Z" in _parts(text):
        raise ValueError("a pattern cannot read the name of a zone; write it as it stands, or an offset as %z")
    return text


def _parts(pattern: str) -> set[str]:
    return set(re.findall(r"%-?(.?)", pattern))


Pattern = Annotated[str, AfterValidator(_pattern)]


def at_24(pattern: str) -> str:
    """Give a pattern as it reads a stamp whose hour is 24."""
    return re.sub("%-?(.)", lambda part: "24" if part[1] == "H" else part[0], pattern)


def before_rest(pattern: str) -> str | None:
    """Give the expression whose first group is the stamp, where something follows upon it; no number is cut in two."""
    if not pattern.endswith(REST):
        return None
    pieces = re.split("(%-?.)", pattern.removesuffix(REST))
    read = "".join(PARTS[each[-1]] if each.startswith("%") else re.escape(each) for each in pieces)
    return f"^({read})(?:[^0-9].*)?$"


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

    @property
    def reads_offset(self) -> bool:
        """Tell whether the pattern reads an offset from UTC, and so gives the instant, whatever the zone."""
        return "z" in _parts(self.format)

    @field_validator("format")
    @classmethod
    def _known_or_a_pattern(cls, text: str) -> str:
        if text in KNOWN:
            return text
        if "%" not in text:
            raise ValueError(f"format {text!r} is none of {', '.join(KNOWN)}, and no pattern such as %d.%m.%Y %H:%M")
        return _pattern(text)
