"""Local clocks: what a time stamp without an offset means, hour of the clock change included."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from transforms.period import Window, micros

FIRST_YEAR, LAST_YEAR = 1970, 2100
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Offset:
    """A stretch of local time with one offset from UTC; all figures in microseconds, times on the local clock.

    A local time before `previous_end_us` was shown twice (clocks went back); one from `end_us` on, and before the next
    stretch begins, was never shown (clocks went forward).
    """

    start_us: int
    end_us: int
    shift_us: int
    previous_shift_us: int
    previous_end_us: int


@dataclass(frozen=True)
class Stretch:
    """A stretch of time, from one instant until another, in which a clock is `shift_us` ahead of UTC."""

    from_us: int
    until_us: int
    shift_us: int


@lru_cache(maxsize=1024)
def stretches(time_zone: str, window: Window) -> tuple[Stretch, ...]:
    """Cut a window where a time zone's offset changes."""
    found = []
    for offset in offsets(time_zone):
        start = max(offset.start_us - offset.shift_us, window.start_us)
        end = min(offset.end_us - offset.shift_us, window.end_us)
        if start < end:
            found.append(Stretch(start, end, offset.shift_us))
    return tuple(found)


@lru_cache(maxsize=64)
def offsets(time_zone: str) -> tuple[Offset, ...]:
    """List the stretches of a time zone (IANA name), in order, from 1970 to 2100."""
    zone = ZoneInfo(time_zone)
    changes = [datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), *_changes(zone), datetime(LAST_YEAR, 1, 1, tzinfo=UTC)]
    shifts = [_shift(zone, change) for change in changes]
    stretches = []
    for index, (start, end, shift) in enumerate(zip(changes, changes[1:], shifts, strict=False)):
        previous = shifts[index - 1] if index else shift
        start_us, end_us = micros(start), micros(end)
        stretches.append(Offset(start_us + shift, end_us + shift, shift, previous, start_us + previous))
    return tuple(stretches)


def _shift(zone: ZoneInfo, at: datetime) -> int:
    shift = at.astimezone(zone).utcoffset() or timedelta(0)
    return shift // timedelta(microseconds=1)


def _changes(zone: ZoneInfo) -> list[datetime]:
    """Find every instant at which the offset changes, to the second."""
    day = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC)
    found = []
    while day.year < LAST_YEAR:
        if _shift(zone, day) != _shift(zone, day + DAY):
            found.append(_bisect(zone, day, day + DAY))
        day += DAY
    return found


def _bisect(zone: ZoneInfo, low: datetime, high: datetime) -> datetime:
    before = _shift(zone, low)
    while high - low > SECOND:
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _shift(zone, middle) == before else (low, middle)
    return high
