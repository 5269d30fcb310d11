"""Numbers and stamps held against a second computation: Python's own decimals, time stamps and time zones."""

import random
from datetime import UTC, datetime, timedelta
from decimal import Context, Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from transforms.catalog.source import Source
from transforms.period import micros

TRIES = 400


def source(**more):
    columns = {"at": "t", "value": "v", "account": "a"}
    return Source.model_validate({"source": "s", "files": "*.csv", "columns": columns} | more)


@pytest.fixture(params=range(2))
def chance(request):
    """Random figures, the same in every run."""
    return random.Random(request.param)  # noqa: S311 no secret depends on it


def number(chance):
    """Text that is a number, or nearly."""
    whole, fraction = ("".join(chance.choices("0123456789", k=chance.randint(0, 21))) for _ in range(2))
    sign, mark = chance.choice(["", "", "-", "+"]), chance.choice([".", ".", "", ","])
    return sign + whole + mark + fraction + chance.choice(["", "", "", "e", " "])


def expected(text, total, decimals):
    """What a number is, by Python: a decimal, or the reason why it is none."""
    if not text.strip():
        return "missing_value"
    try:
        found = Decimal(text)
    except ArithmeticError:
        return "unreadable_value"
    needed = -found.normalize(Context(prec=100)).as_tuple().exponent if found else 0
    if needed > decimals:
        return "too_many_decimals"
    return found if abs(found) < Decimal(10) ** (total - decimals) else "value_out_of_range"


@pytest.mark.parametrize(("total", "decimals"), [(38, 18), (18, 6), (18, 0), (9, 9), (30, 12), (38, 30), (20, 2)])
def test_every_number_is_what_python_reads_to_the_last_digit(parsed, chance, total, decimals):
    texts = [number(chance) for _ in range(TRIES)]
    found = parsed([{"value": text} for text in texts], source(value={"digits": total, "decimals": decimals}))
    read = [reading["value"] if reading["reason"] is None else reading["reason"] for reading in found]
    assert dict(zip(texts, read, strict=True)) == {text: expected(text, total, decimals) for text in texts}


def test_the_text_of_a_double_is_kept_to_its_last_digit(parsed, chance):
    texts = [f"{chance.uniform(0, 10 ** chance.randint(0, 9)):.{chance.randint(0, 18)}f}" for _ in range(TRIES)]
    found = parsed([{"value": text} for text in texts], source())
    assert [reading["value"] for reading in found] == [Decimal(text) for text in texts]


def moment(chance):
    return datetime(1971, 1, 1) + timedelta(microseconds=chance.randint(0, 129 * 365 * 86_400_000_000))


def test_a_stamp_that_says_its_offset_is_the_instant_that_python_reads(parsed, chance):
    stamps = [(moment(chance), chance.randint(-14 * 60, 14 * 60)) for _ in range(TRIES)]
    signs = ["-" if by < 0 else "+" for _, by in stamps]
    shifts = [f"{abs(by) // 60:02}:{abs(by) % 60:02}" for _, by in stamps]
    texts = [at.isoformat() + sign + shift for (at, _), sign, shift in zip(stamps, signs, shifts, strict=True)]
    found = parsed([{"at": text} for text in texts], source(time={"zone": "Asia/Kathmandu"}))
    wanted = [micros(at.replace(tzinfo=UTC)) - shift * 60_000_000 for at, shift in stamps]
    assert [reading["at_us"] for reading in found] == wanted


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]


@pytest.mark.parametrize("fold", [0, 1])
@pytest.mark.parametrize("zone", ZONES)
def test_a_local_stamp_is_the_instant_that_python_reads_in_every_zone(parsed, zone, fold):
    chance = random.Random(zone)  # noqa: S311 no secret depends on it
    rules = {"zone": zone, "fold": ("first", "second")[fold], "gap": "shift"}
    stamps = [moment(chance) for _ in range(TRIES)]
    stamps += [each + timedelta(minutes=15 * step) for each in changes(zone) for step in range(-8, 9)]
    found = parsed([{"at": at.isoformat()} for at in stamps], source(time=rules))
    assert [reading["at_us"] for reading in found] == [instant_of(at, ZoneInfo(zone), fold) for at in stamps]


def instant_of(at, zone, fold):
    """A time that was never shown is counted on with the offset before it, fold 0 to Python, by either rule."""
    there = at.replace(tzinfo=zone, fold=fold).astimezone(UTC)
    shown = there.astimezone(zone).replace(tzinfo=None) == at
    return micros(there if shown else at.replace(tzinfo=zone).astimezone(UTC))


def changes(zone):
    """The local times of 2011 at which the clock of a zone changed, to the hour; Samoa left a whole day out."""
    hours = [datetime(2011, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(366 * 24)]
    clocks = [each.astimezone(ZoneInfo(zone)) for each in hours]
    return [two.replace(tzinfo=None) for one, two in pairwise(clocks) if one.utcoffset() != two.utcoffset()]
