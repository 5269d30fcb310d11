"""Dates as a locale writes them, and the instants that they mean on an account's clock."""

import re
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from transforms.period import midnight

FIRST_YEAR, LAST_YEAR = 1970, 2099
ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)(?P<offset>Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
MONTH_FIRST = re.compile(r"(?P<month>[0-9]{1,2})/(?P<day>[0-9]{1,2})/(?P<year>[0-9]{4})")
DAY_FIRST = re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})")
DOTTED = re.compile(r"(?P<day>[0-9]{1,2})\.(?P<month>[0-9]{1,2})\.(?P<year>[0-9]{4})")


class Locale(StrEnum):
    """How dates are written; the sender declares it, and each takes YYYY-MM-DD, with a time or without, as well."""

    US = "en_US"
    GB = "en_GB"
    AU = "en_AU"
    DE = "de_DE"
    ISO = "iso"


WRITTEN = {
    Locale.US: "MM/DD/YYYY",
    Locale.GB: "DD/MM/YYYY",
    Locale.AU: "DD/MM/YYYY",
    Locale.DE: "DD.MM.YYYY",
    Locale.ISO: "YYYY-MM-DD",
}
"""How a person calls what each takes besides YYYY-MM-DD."""
PATTERNS = {
    Locale.US: (ISO, MONTH_FIRST),
    Locale.GB: (ISO, DAY_FIRST),
    Locale.AU: (ISO, DAY_FIRST),
    Locale.DE: (ISO, DOTTED),
    Locale.ISO: (ISO,),
}


class UnclearDateError(ValueError):
    """A clock shows this time twice, or never: it went back or forward."""


@lru_cache(maxsize=4096)
def read_date(text: str, locale: Locale) -> datetime:
    """Read a date or an instant; without an offset it is the account's clock, a date alone that day's beginning.

    ValueError for what is none in this locale, or not of the years 1970 to 2099.
    """
    match = next((found for pattern in PATTERNS[locale] if (found := pattern.fullmatch(text))), None)
    if match is None:
        raise ValueError(f"{text!r} is no date of {locale}")
    parts = match.groupdict()
    day = date(int(parts["year"]), int(parts["month"]), int(parts["day"]))
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{text!r} is not within {FIRST_YEAR} and {LAST_YEAR}")
    return datetime.fromisoformat(f"{day}T{parts.get('time') or '00:00:00'}{parts.get('offset') or ''}")


@lru_cache(maxsize=4096)
def instant_of(stamp: datetime, time_zone: str) -> datetime:
    """Tell which instant, in UTC, a date that was read means in a time zone; UnclearDateError without an offset."""
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    if stamp.time() == time():
        return midnight(stamp.date(), time_zone)
    zone = ZoneInfo(time_zone)
    first, second = (stamp.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first != second:
        raise UnclearDateError(f"{stamp.isoformat()} is shown twice or never in {time_zone}")
    return first
