"""Time stamps as they are written, turned into instants: by format, zone, and the rules for clock changes."""

from functools import lru_cache

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms import clock
from transforms.catalog.columns import attributes_among
from transforms.catalog.time_rules import REST, Fold, Gap, Time, at_24, before_rest
from transforms.period import DAY_US
from transforms.readings.builtins import array_extract, epoch_us, substring, try_strptime

ISO = (
    r"^(\d{4}-\d{2}-\d{2})"
    r"(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s*(Z|z|UTC|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$"
)
# Most stamps: the cast holds them against calendar and clock, and to tell them costs a fifth of a regular expression.
USUAL_ISO = ("____-__-__T__:__:__Z", "____-__-__ __:__:__", "____-__-__T__:__:__")
# Other stamps that one cast reads; it takes the clock's reading and leaves the offset out.
COMMON_ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)?$"
HOUR = ("account", "subscription", "first_us", "twice")  # whose rows are looked at together
THOUSANDS = r"^([+-]?[0-9]+)[0-9]{3}(?:\.[0-9]*)?$"
SHOWINGS = 2  # of a local time at most
EPOCHS = {
    "epoch_seconds": (1_000_000, 6, 12),
    "epoch_milliseconds": (1_000, 3, 15),
    "epoch_microseconds": (1, 0, 18),
    "epoch_nanoseconds": (1, 0, 18),  # its last three digits are cut off before
}


def read_stamp(text: ir.StringValue) -> ir.IntegerValue:
    """Read an ISO 8601 stamp, in UTC where it says no offset, as microseconds since 1970; null where it is none."""
    local = epoch_us(_shown(text).try_cast("timestamp"))
    return local - _shift(text.re_extract(ISO, 3)).fill_null(0)


def read_clock(rows: ir.Table, time: Time) -> ir.Table:
    """Read the column `at`, each stamp by itself.

    Adds `local_us`, what the clock showed in microseconds since 1970 (null where unreadable), and `offset_us` where the
    stamp itself says its offset.
    """
    text = rows["at"].strip()
    if time.format in EPOCHS:
        count = text.re_extract(THOUSANDS, 1) if time.format == "epoch_nanoseconds" else text
        return rows.mutate(local_us=_epoch(count, *EPOCHS[time.format]), offset_us=ibis.literal(0, "int64"))
    if time.format != "iso":
        offset = ibis.literal(0, "int64") if time.reads_offset else ibis.null("int64")
        return rows.mutate(local_us=read_pattern(text, time.format), offset_us=offset)
    return rows.mutate(local_us=epoch_us(_iso_local(rows["at"])), offset_us=_iso_offset(rows["at"]))


def read_pattern(text: ir.StringValue, pattern: str) -> ir.IntegerValue:
    """Read a stamp by a pattern; what it does not read may be the end of a day, written as 24:00."""
    if (stamp := before_rest(pattern)) is not None:
        text, pattern = text.re_extract(stamp, 1), pattern.removesuffix(REST)
    day = epoch_us(try_strptime(text, at_24(pattern)))
    found = epoch_us(try_strptime(text, pattern))  # a case reads the second pattern only where it must
    return ibis.cases((found.isnull(), ibis.cases((day % DAY_US == 0, day + DAY_US))), else_=found)


def _epoch(text: ir.StringValue, scale: int, decimals: int, digits: int) -> ir.IntegerValue:
    """Read a count of seconds or parts of them; digits beyond the microsecond are cut off."""
    whole = ibis.cases((text.re_search(rf"^[0-9]{{1,{digits}}}$"), text)).try_cast("int64") * scale
    number = text.re_extract(rf"^([+-]?[0-9]+(?:\.[0-9]{{0,{decimals}}})?)[0-9]*$", 1).try_cast("decimal(24, 6)")
    return ibis.cases((whole.notnull(), whole), else_=(number * scale).try_cast("int64"))


def _iso_local(at: ir.StringValue) -> ir.TimestampValue:
    readable = ibis.or_(at.like(USUAL_ISO), at.re_search(COMMON_ISO))
    return ibis.cases((readable, at), else_=_shown(at.strip())).try_cast("timestamp")


def _shown(text: ir.StringValue) -> ir.StringValue:
    """Give day and time of a stamp as one cast reads them; midnight where there is a day alone."""
    day, hour = text.re_extract(ISO, 1), text.re_extract(ISO, 2).replace(",", ".")
    return day + " " + hour.nullif("").fill_null("00:00")


def _iso_offset(at: ir.StringValue) -> ir.IntegerValue:
    """Turn `Z`, `UTC`, `+02`, `+0200` or `+02:00` into microseconds; null where there is none."""
    colon = array_extract(at, -len(":00")) == ":"
    long = array_extract(at, -len("+02:00")).isin(("+", "-")) & colon
    return ibis.cases(
        (at.endswith("Z"), 0),
        ((at.length() == len("2025-03-01T00:00:00")) & colon, None),  # 2025-03-01T00:00+02 is as long
        (long, _shift(at.right(len("+02:00")))),
        else_=_shift(at.strip().re_extract(ISO, 3)),
    ).cast("int64")


def _shift(text: ir.StringValue) -> ir.IntegerValue:
    digits = text.replace(":", "")
    hours, minutes = (substring(digits, start, 2).try_cast("int64") for start in (2, 4))
    ahead = (hours * 60 + minutes.fill_null(0)) * 60_000_000
    none = text.upper().isin(("Z", "UTC"))
    return ibis.cases((none, 0), (text.startswith("-"), -ahead), (text.startswith("+"), ahead))


def place_stamps(rows: ir.Table, time: Time, ahead_us: int = 0) -> ir.Table:
    """Turn what the clock showed, so many microseconds ahead of what is meant, into instants.

    Moves `local_us`; adds `at_us`, null where the zone's rules refuse it, and `at_reason`, why they do.
    """
    rows = rows.mutate(local_us=rows.local_us - ahead_us) if ahead_us else rows
    if time.zone == "UTC":
        return rows.mutate(at_us=rows.local_us - rows.offset_us.fill_null(0), at_reason=ibis.null("string"))
    days = ibis.memtable(_stretches_by_day(time.zone))
    rows = rows.mutate(local_day=rows.local_us // DAY_US)
    same_stretch = (rows.local_day == days.day, rows.local_us >= days.first_us, rows.local_us < days.next_us)
    joined = rows.left_join(days, same_stretch)
    twice = joined.local_us < joined.previous_end_us
    never = joined.local_us >= joined.end_us
    joined = joined.mutate(twice=twice & joined.offset_us.isnull(), never=never & joined.offset_us.isnull())
    joined = _second_showing(joined, time.fold)
    zone_shift = ibis.cases((joined.twice & ~joined.second, joined.previous_shift_us), else_=joined.shift_us)
    shift = joined.offset_us.fill_null(zone_shift)
    refused = ibis.cases(
        (joined.twice & (time.fold is Fold.REJECT), "ambiguous_at"),
        (joined.never & (time.gap is Gap.REJECT), "nonexistent_at"),
    )
    return joined.mutate(at_us=joined.local_us - shift, at_reason=refused)


def place_days(rows: ir.Table, time: Time, elapsed_us: ir.IntegerValue) -> ir.Table:
    """Turn what the clock showed, as the start of a day, into instants that are so much later; else as `place_stamps`.

    A day starts at its first instant, also where the clock shows its midnight twice or never, and is over when the
    clock shows the same time of the next: `at_reason` says so.
    """
    starts = place_stamps(rows.mutate(elapsed_us=elapsed_us), time)
    starts = starts.select(*rows.columns, "elapsed_us", start_us=starts.at_us)
    ends = place_stamps(starts, time, -DAY_US)
    at = ends.start_us + ends.elapsed_us
    return ends.mutate(at_us=at, at_reason=ibis.cases((at >= ends.at_us, "beyond_day_end")))


@lru_cache(maxsize=16)
def _stretches_by_day(zone: str) -> pa.Table:
    """Repeat every stretch of a zone's local time for each of its days: a join by day is many times as fast as asof.

    A local time belongs to the one with `first_us` <= it < `next_us`.
    """
    stretches = clock.offsets(zone)
    nexts = [*(each.start_us for each in stretches[1:]), stretches[-1].end_us]
    found = [
        (day, each.start_us, following, each.end_us, each.shift_us, each.previous_shift_us, each.previous_end_us)
        for each, following in zip(stretches, nexts, strict=True)
        for day in range(each.start_us // DAY_US, (following - 1) // DAY_US + 1)
    ]
    names = ("day", "first_us", "next_us", "end_us", "shift_us", "previous_shift_us", "previous_end_us")
    columns = zip(*found, strict=True)
    return pa.table({name: pa.array(column, pa.int64()) for name, column in zip(names, columns, strict=True)})


def _second_showing(joined: ir.Table, fold: Fold) -> ir.Table:
    """Add `second`: whether a time that the clock showed twice is meant the second time, by the fold rule.

    In order: from the first row on whose stamp does not rise above the one before it in the file, the oldest first.
    """
    if fold is not Fold.IN_ORDER:
        return joined.mutate(second=ibis.literal(fold is Fold.SECOND))
    joined = _oldest_first(_by_series(joined))
    hour = (*HOUR, "series")
    falls = joined.local_us <= joined.local_us.lag().over(group_by=hour, order_by="turn")
    marked = joined.mutate(falls=falls.cast("int8").fill_null(0))
    return marked.mutate(second=marked.falls.max().over(group_by=hour, order_by="turn", rows=(None, 0)) > 0)


def _oldest_first(joined: ir.Table) -> ir.Table:
    """Add `turn`: the row's number, counted backwards where most stamps fall from row to row."""
    meter = ("account", "subscription")
    rise = (joined.local_us - joined.local_us.lag().over(group_by=meter, order_by="row")).sign()
    stepped = joined.mutate(rise=rise)
    falling = stepped.rise.sum().over(group_by=meter) < 0
    return stepped.mutate(turn=ibis.ifelse(falling, -stepped["row"], stepped["row"]))


def _by_series(joined: ir.Table) -> ir.Table:
    """Add `series`: whose rows follow one another. Where a stamp stands there more than twice, attributes tell."""
    attributes = [joined[name] for name in attributes_among(joined.columns)]
    if not attributes:
        return joined.mutate(series=ibis.null("array<string>"))
    counted = joined.mutate(shown=joined.count().over(group_by=(*HOUR, "local_us")))
    several = counted.shown.max().over(group_by=HOUR) > SHOWINGS
    return counted.mutate(series=ibis.cases((several, ibis.array(attributes))))
