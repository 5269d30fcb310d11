"""Wide files: a row holds a day of a meter, in a column for each interval, or one instant of many meters."""

import re
from enum import StrEnum

RANGE = re.compile(r"(.*)\{(\d+(?::\d\d)*)\.\.(\d+(?::\d\d)*)\}(.*)")
LIST = re.compile(r"(.*)\{([^{},]+(?:,[^{},]+)+)\}(.*)")
CLOCKS = {"0:00": "{}:{:02}", "00:00": "{:02}:{:02}", "00:00:00": "{:02}:{:02}:{:02}", "0000": "{:02}{:02}"}
COLUMNS_MAX = 9_999  # of a row: their places have four digits


class Wide(StrEnum):
    """What a column's name says of what it holds."""

    TIME = "time"  # the time of the day, as the source's stamps have it
    ORDINAL = "ordinal"  # which one of the day it is, counted from the day's start whatever the clock shows
    ACCOUNT = "account"  # whose readings stand there; a row holds one instant


def columns_of(value: str, interval_seconds: int) -> dict[str, str]:
    """Give the columns that a range such as HH{1..48} or {00:00..23:30} names, each with its text in the braces.

    ValueError when there is no range, or it does not come to its last column.
    """
    found = RANGE.fullmatch(value)
    texts = _texts(found[2], found[3], interval_seconds) if found else []
    if not found or texts[-1:] != [found[3]] or len(set(texts)) < len(texts):
        raise ValueError(
            f"columns.value: {value!r} is no range of a wide source; write HH{{1..48}}, HE{{01..25}} or, from "
            f"interval to interval ({interval_seconds} s), {{00:00..23:30}}; at most {COLUMNS_MAX} columns"
        )
    return {f"{found[1]}{text}{found[4]}": text for text in texts}


def accounts_of(value: str) -> dict[str, str]:
    """Give the columns that a list such as {North,South} or a range such as MT_{001..370} names, as `columns_of` does.

    ValueError when there is neither, or a column stands there twice.
    """
    found = LIST.fullmatch(value)
    if not found and (numbers := RANGE.fullmatch(value)) and ":" not in numbers[2] + numbers[3]:
        found, texts = numbers, _numbers(numbers[2], numbers[3])
    else:
        texts = found[2].split(",") if found else []
    if not found or len(set(texts)) < max(len(texts), 1):
        raise ValueError(
            f"columns.value: {value!r} names no columns of accounts; write {{North,South}} or MT_{{001..370}}, "
            f"each once; at most {COLUMNS_MAX} columns"
        )
    return {f"{found[1]}{text}{found[found.re.groups]}": text for text in texts}


def _texts(first: str, last: str, step: int) -> list[str]:
    """Count from one text to another: times of a day by the interval, other numbers by one, as wide as the first."""
    if form := CLOCKS.get(re.sub(r"\d", "0", first)):
        times = range(_seconds(first), _seconds(last) + 1, step)[:COLUMNS_MAX]
        return [form.format(each // 3600, each // 60 % 60, each % 60) for each in times]
    if ":" in first + last:
        return []
    return _numbers(first, last)


def _numbers(first: str, last: str) -> list[str]:
    """Count by one, as wide as the first."""
    return [f"{each:0{len(first)}}" for each in range(int(first), int(last) + 1)[:COLUMNS_MAX]]


def _seconds(time: str) -> int:
    """Read a time of the day such as 0:30, 00:30:00 or 0030."""
    parts = time.split(":") if ":" in time else [time[:-2], time[-2:]]
    return sum(int(part or 0) * each for part, each in zip(parts, (3600, 60, 1), strict=False))


def numbers_of_a_line(places: int) -> int:
    """Tell how many row numbers a line of so many intervals takes: its own times this, plus the place in the day."""
    return 1_000 if places < 1_000 else 10_000  # noqa: PLR2004 the first place of the next line would be taken
