"""Billing periods: half-open [start, end), cut in the account's own time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_ZONE_BEHIND_UTC = timedelta(hours=12)  # UTC-12: the last place on Earth where a month ends


@dataclass(frozen=True, order=True)
class Window:
    """A half-open span of time, both ends in UTC."""

    start: datetime
    end: datetime

    @property
    def start_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return micros(self.start)

    @property
    def end_us(self) -> int:
        """Microseconds since 1970-01-01 UTC, exclusive."""
        return micros(self.end)

    def clip(self, start: datetime | None, end: datetime | None) -> "Window":
        """Cut the window to [start, end); None leaves a side open. What lies outside gives an empty window."""
        first = self.start if start is None else max(self.start, start)
        last = self.end if end is None else min(self.end, end)
        return Window(first, max(first, last))


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, the billing period of a monthly charge; written `2014-02`."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Month":
        """Read `2014-02`; ValueError says what was expected."""
        match = re.fullmatch(r"(?!0000)([0-9]{4})-(0[1-9]|1[0-2])", text)
        if not match:
            raise ValueError(f"{text!r} is not a billing period; write year and month, such as 2014-02")
        return cls(int(match[1]), int(match[2]))

    @classmethod
    def of(cls, instant: datetime) -> "Month":
        """Tell the month in which an instant falls, on the clock that the instant itself carries."""
        return cls(instant.year, instant.month)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.month:02}"

    def next(self) -> "Month":
        """Tell the month after this one."""
        return Month(self.year + self.month // 12, self.month % 12 + 1)

    def window(self, time_zone: str) -> Window:
        """Cut the month in a time zone (IANA name); 28 to 31 days of 23, 24 or 25 hours."""
        return Window(_midnight(self, time_zone), _midnight(self.next(), time_zone))

    def ended_everywhere(self, at: datetime) -> bool:
        """Tell whether the month is over in every time zone at that instant."""
        return at >= _midnight(self.next(), "UTC") + LAST_ZONE_BEHIND_UTC


def _midnight(month: Month, time_zone: str) -> datetime:
    return datetime(month.year, month.month, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def micros(instant: datetime) -> int:
    """Count the microseconds since 1970-01-01 UTC, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """Turn microseconds since 1970-01-01 UTC back into an instant."""
    return EPOCH + timedelta(microseconds=at_us)
