"""Buckets of a day: the days of the account's own clock, of 23, 24, 25 hours, or half an hour more or less."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readings_by_hand import Rules, landed, source_of, target

from transforms.catalog.meter import Derivation
from transforms.period import Period, instant, micros

HOUR_US = 3_600_000_000


@pytest.fixture(scope="module")
def daily(backend):
    """Derive from (instant, value) of one account, in a period on its clock; gives the quantity and the ledger."""

    def run(zone, period, readings, derivation, *, unknown=()):
        bounds = period.window(zone)
        whose = [("A-1", reading) for reading in readings] + [("A-9", reading) for reading in unknown]
        rows = [{"account": account, "at_us": micros(at), "value": value} for account, (at, value) in whose]
        scope = {("A-1", ""): target("A-1", "C-1", (bounds.start_us, bounds.end_us), time_zone=zone)}
        rules = Rules(backend, landed(rows), source_of(), scope, bounds, Derivation.model_validate(derivation))
        return rules.exact().get(("C-1",)), rules.ledger()

    return run


def every_half_hour(zone, period):
    bounds = period.window(zone)
    return [(instant(at), 1) for at in range(bounds.start_us, bounds.end_us, HOUR_US // 2)]


def peak(function="count"):
    return {"function": "peak", "bucket": "day", "bucket_function": function}


@pytest.mark.parametrize(
    ("zone", "first", "half_hours"),
    [
        ("UTC", "2025-03-30", 48),
        ("Europe/Berlin", "2025-03-30", 46),
        ("Europe/Berlin", "2025-10-26", 50),
        ("America/New_York", "2025-11-02", 50),
        ("Australia/Lord_Howe", "2025-04-06", 49),
        ("Australia/Lord_Howe", "2025-10-05", 47),
        ("Asia/Kathmandu", "2025-03-30", 48),
    ],
)
def test_a_day_is_as_long_as_it_was_on_the_accounts_clock(daily, zone, first, half_hours):
    day = date.fromisoformat(first)
    only = Period(day, day + timedelta(days=1))
    assert daily(zone, only, every_half_hour(zone, only), peak())[0] == half_hours
    # Of the days around it, each has 48: the lowest or the highest of the three is the changed one.
    three = Period(day - timedelta(days=1), day + timedelta(days=2))
    lowest = {"function": "percentile", "percentile": "1", "bucket": "day", "bucket_function": "count"}
    samples = every_half_hour(zone, three)
    found = (daily(zone, three, samples, lowest)[0], daily(zone, three, samples, peak())[0])
    assert found == (min(48, half_hours), max(48, half_hours))


def test_a_day_of_seconds_is_an_hour_off_after_the_change_and_a_day_of_the_clock_is_not(daily):
    # The last half hour of 30 March and the first of the 31st, on a clock that went an hour forward.
    march = Period.parse("2025-03")
    midnight = datetime(2025, 3, 30, 22, tzinfo=UTC)
    readings = [(midnight - timedelta(minutes=30), 5), (midnight, 7), (midnight + timedelta(minutes=30), 2)]
    of_seconds = {"function": "peak", "bucket_seconds": 86400, "bucket_function": "sum"}
    assert daily("Europe/Berlin", march, readings, peak("sum"))[0] == 9
    assert daily("Europe/Berlin", march, readings, of_seconds)[0] == 14


def test_the_ledger_of_a_meter_by_days_holds_every_reading_as_any_other_does(daily):
    day = Period(date(2025, 3, 30), date(2025, 3, 31))
    noon = datetime(2025, 3, 30, 12, tzinfo=UTC)
    others = [(noon - timedelta(days=2), 1), (noon + timedelta(days=2), 1)]
    filtered = peak("sum") | {"filter": {"minimum": "0"}}
    found = daily("Europe/Berlin", day, [(noon, 3), (noon, -4), *others], filtered, unknown=[(noon, 8)])
    assert found == (
        3,
        {("used", ""): 1, ("out_of_scope", "filtered"): 1, ("quarantined", "unknown_account"): 1},
    )


AUTUMN = Period(date(2025, 10, 25), date(2025, 10, 28))
ZONES = st.sampled_from(["Europe/Berlin", "UTC", "America/St_Johns", "Asia/Kathmandu", "Pacific/Kiritimati"])
OFFSETS = st.integers(0, 3 * 48 - 1)


@settings(max_examples=15)  # each example is a query
@given(
    zone=ZONES, told=st.lists(st.tuples(OFFSETS, st.integers(-5, 5)), min_size=1, max_size=30),
    function=st.sampled_from(["sum", "count", "maximum", "average"]),
)  # fmt: skip
def test_the_peak_of_days_is_what_the_calendar_of_python_finds(daily, zone, told, function):
    ways = {"sum": sum, "count": len, "maximum": max, "average": lambda values: Fraction(sum(values), len(values))}
    start = AUTUMN.window(zone).start
    readings = [(start + timedelta(minutes=30 * offset), value) for offset, value in told]
    days = defaultdict(list)
    for at, value in readings:
        days[at.astimezone(ZoneInfo(zone)).date()].append(value)
    found, ledger = daily(zone, AUTUMN, readings, peak(function))
    assert ledger == {("used", ""): len(told)}
    assert found == max(map(ways[function], days.values()))
