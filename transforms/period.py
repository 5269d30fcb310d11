"""Billing periods: half-open [start, end) of local dates, cut in the account's own time zone.

A cycle says how a charge's periods follow one another; they tile time without gap or overlap.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY_SECONDS = 86_400
DAY_US = DAY_SECONDS * 1_000_000
LAST_ZONE_BEHIND_UTC = timedelta(hours=12)  # UTC-12: the last place on Earth where a day ends
FIRST_DAY, LAST_DAY = date(2, 1, 1), date(9998, 12, 31)  # every clock's midnight can be told, and the days around it
DAYS_OF_MONTH_MAX = 31
MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
CALENDAR = re.compile(r"(?!0000)([0-9]{4})(?:-(0[1-9]|1[0-2])|-Q([1-4])|-H([12]))?")
SPAN = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})--([0-9]{4}-[0-9]{2}-[0-9]{2})")
EXPECTED = "write 2014-02, 2014-Q1, 2014-H1, 2014, or the first day and the day after the last: 2014-02-15--2014-03-15"


@dataclass(frozen=True, order=True)
class Window:
    """A half-open span of time, both ends in UTC."""

    start: datetime
    end: datetime

    @cached_property
    def start_us(self) -> int:
        """Microseconds since 1970-01-01 UTC."""
        return micros(self.start)

    @cached_property
    def end_us(self) -> int:
        """Microseconds since 1970-01-01 UTC, exclusive."""
        return micros(self.end)

    def clip(self, start: datetime | None, end: datetime | None) -> "Window":
        """Cut the window to [start, end); None leaves a side open. What lies outside gives an empty window."""
        first = self.start if start is None else max(self.start, start)
        last = self.end if end is None else min(self.end, end)
        if first is self.start and last is self.end:
            return self  # as most are, and what is known of one is known of all
        return Window(first, max(first, last))


@dataclass(frozen=True, order=True)
class Period:
    """A billing period: local dates, from `start` until before `end`."""

    start: date
    end: date

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Read `2014-02`, `2014-Q1`, `2014-H1`, `2014` or `2014-02-15--2014-03-15`; ValueError says what to write."""
        try:
            period = cls._spanned(text) or cls._of_calendar(text)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{text!r} is not a billing period ({error}); {EXPECTED}") from error
        if period is None:
            raise ValueError(f"{text!r} is not a billing period; {EXPECTED}")
        if period.start < FIRST_DAY or period.end > LAST_DAY:
            raise ValueError(f"billing period {text} is not within {FIRST_DAY} and {LAST_DAY}, as every period must be")
        return period

    @classmethod
    def _spanned(cls, text: str) -> "Period | None":
        if not (match := SPAN.fullmatch(text)):
            return None
        start, end = (date.fromisoformat(part) for part in match.groups())
        if end <= start:
            raise ValueError("it ends before it starts")
        return cls(start, end)

    @classmethod
    def _of_calendar(cls, text: str) -> "Period | None":
        if not (match := CALENDAR.fullmatch(text)):
            return None
        year, month, quarter, half = (int(part or 0) for part in match.groups())
        if quarter:
            return Cycle(3).starting(year, quarter * 3 - 2)
        if half:
            return Cycle(6).starting(year, half * 6 - 5)
        return Cycle().starting(year, month) if month else Cycle(12).starting(year, 1)

    def __str__(self) -> str:
        """Write the period as `parse` reads it, as short as may be."""
        year, month, span = self.start.year, self.start.month, f"{self.start}--{self.end}"
        months = self.months
        if (self.start.day, self.end.day) != (1, 1) or (month - 1) % months:
            return span
        names = {1: f"-{month:02}", 3: f"-Q{month // 3 + 1}", 6: f"-H{month // 6 + 1}", 12: ""}
        return f"{year:04}{names[months]}" if months in names else span

    @property
    def before(self) -> "tuple[Period, ...]":
        """The periods that end where this one starts, of every cycle that has this one; of any other period none.

        There may be two: 30 November to 28 February is a quarter for a cycle of the 30th and for one of the 31st, and
        the quarter before it began on 30 or on 31 August.
        """
        day_before = self.start - timedelta(days=1)
        return tuple(sorted({cycle.period_of(day_before) for cycle in self._cycles()}))

    @property
    def months(self) -> int:
        """How many months it lasts, from whichever days of them."""
        return (self.end.year - self.start.year) * 12 + self.end.month - self.start.month

    def _cycles(self) -> "Iterator[Cycle]":
        """Give the cycles that have this period; their day is no earlier than those that it starts and ends on."""
        months = self.months
        if months in MONTHS.values():
            days = range(max(self.start.day, self.end.day), DAYS_OF_MONTH_MAX + 1)
            cycles = (Cycle(months, day, (self.start.month - 1) % months + 1) for day in days)
            yield from (cycle for cycle in cycles if cycle.has(self))

    def window(self, time_zone: str) -> Window:
        """Cut the period in a time zone (IANA name), from midnight to midnight: days have 23, 24 or 25 hours."""
        return _window(self.start, self.end, time_zone)

    @property
    def over_at(self) -> datetime:
        """The instant from which on the period is over in every time zone."""
        return midnight(self.end, "UTC") + LAST_ZONE_BEHIND_UTC

    def ended_everywhere(self, at: datetime) -> bool:
        """Tell whether the period is over in every time zone at that instant."""
        return at >= self.over_at


@dataclass(frozen=True, order=True)
class Cycle:
    """How periods follow one another: every so many months, from a day (1 to 31) of a month (1 to 12) of each year.

    A day that a month does not have is its last: a cycle of the 31st goes from 31 January to 28 February to 31 March.
    """

    months: int = 1
    day: int = 1
    month: int = 1

    @property
    def beginning(self) -> str:
        """On which days periods begin, in words."""
        which = "every month" if self.months == 1 else f"month {self.month} and every {self.months} months from it"
        return f"day {self.day} of {which}"

    def starting(self, year: int, month: int) -> Period:
        """Give the period that starts in a month, whether or not this cycle has one there."""
        return Period(self._day(year * 12 + month - 1), self._day(year * 12 + month - 1 + self.months))

    def period_of(self, day: date) -> Period:
        """Find the period that a local date is in."""
        number = day.year * 12 + day.month - 1
        number -= (number - (self.month - 1)) % self.months
        if self._day(number) > day:
            number -= self.months
        return self.starting(number // 12, number % 12 + 1)

    def has(self, period: Period) -> bool:
        """Tell whether a period is one of this cycle's."""
        return self.period_of(period.start) == period

    def ended(self, after: datetime, until: datetime) -> Iterator[Period]:
        """List the periods that came to be over everywhere after one instant, and by another."""
        period = self.period_of((after - LAST_ZONE_BEHIND_UTC).astimezone(UTC).date())
        while period.over_at <= until:
            yield period
            period = self.period_of(period.end)

    def ending_within(self, other: Period) -> Iterator[Period]:
        """List the periods whose last day is in another period."""
        period = self.period_of(other.start)
        while period.end <= other.end:
            yield period
            period = self.period_of(period.end)

    def _day(self, number: int) -> date:
        """Give the day on which a period starts, in a month counted from the year 0."""
        year, month = number // 12, number % 12 + 1
        return date(year, month, min(self.day, monthrange(year, month)[1]))


@lru_cache(maxsize=1024)  # many accounts share a clock
def _window(start: date, end: date, time_zone: str) -> Window:
    return Window(midnight(start, time_zone), midnight(end, time_zone))


def midnight(day: date, time_zone: str) -> datetime:
    """Tell when a local day begins."""
    return datetime.combine(day, time(), tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def micros(instant: datetime) -> int:
    """Count the microseconds since 1970-01-01 UTC, exactly."""
    return (instant - EPOCH) // timedelta(microseconds=1)


def instant(at_us: int) -> datetime:
    """Turn microseconds since 1970-01-01 UTC back into an instant."""
    return EPOCH + timedelta(microseconds=at_us)


def by_end(name: str) -> tuple[date, date]:
    """Give what puts a period after those that end before it: by its name a quarter would follow its year's months."""
    period = Period.parse(name)
    return period.end, period.start
