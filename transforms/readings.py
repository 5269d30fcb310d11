"""From raw text to readings: an instant, an exact value, an account, an identity; or a reason why not.

`parse` takes the text columns of one raw file, under our names (`at`, `value`, and where the source has them `account`,
`subscription`, `event_id`), with `row` (1 is the first data row) and `defect` (text, or null). It gives, row by row:

    row           int64
    account       text
    subscription  text, empty where the source names none
    at_us         int64, microseconds since 1970-01-01 UTC
    value         decimal(38, decimals of the source)
    id_high, id_low   int64, the reading's identity: of its event id, else of (file, row)
    event_id      text or null
    reason        text, null for a good reading
    raw           text: what stood in the file, for the quarantine
"""

import re
from datetime import UTC, datetime
from decimal import Decimal

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from transforms import clock
from transforms.period import micros
from transforms.source import Fold, Gap, Source, Time, Value
from transforms.tables import small_table

ISO = (
    r"^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s*(Z|z|[+-](?:0\d|1[0-4])(?::?[0-5]\d)?)?)?$"
)
EXPONENT = r"[eE]([+-]?[0-9]+)$"
LONGEST_NUMBER = 100  # characters; longer than any meter writes, and short enough to refuse a bomb
FIRST_US, END_US = (micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (clock.FIRST_YEAR, clock.LAST_YEAR))
SEPARATOR = "\x1f"  # never part of a name or number
SIGN_BIT = Decimal(2**63)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def try_strptime(text: str, pattern: str) -> dt.timestamp:
    """Read a time stamp by a pattern; null where it does not fit (DuckDB)."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def epoch_us(at: dt.timestamp) -> dt.int64:
    """Count microseconds since 1970 (DuckDB); Ibis's own epoch_seconds is fractional there."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def md5_number_upper(text: str) -> dt.uint64:
    """Hash text, upper half (DuckDB)."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def md5_number_lower(text: str) -> dt.uint64:
    """Hash text, lower half (DuckDB)."""


def parse(raw: ir.Table, source: Source, *, file_key: int, path: dict[str, str]) -> ir.Table:
    """Parse one raw file's text.

    `file_key` is the file's part of the identities (int64); `path` holds what its path says (account, subscription).
    """
    named = _named(raw, path)
    read = named.mutate(number=_number(named.value, source.value), **_clock_reading(named["at"], source.time))
    placed = _place(read, source.time)
    high, low = _identity(placed, source, file_key)
    return placed.select(
        "row", "account", "subscription", "at_us", "event_id", "raw",
        value=placed.number.try_cast(f"decimal(38, {source.value.decimals})"),
        id_high=high,
        id_low=low,
        reason=_reason(placed, source),
    )  # fmt: skip


def fingerprint(readings: ir.Table) -> ir.Table:
    """Hash the content of readings whatever their order: one row of `rows`, `high`, `low`.

    Equal content has equal figures under any file name, row order or compression; `row` and the identity of rows
    without event id are left out on purpose.
    """
    names = ("account", "subscription", "at_us", "value", "event_id", "reason")
    parts = [readings[name].cast("string").fill_null("") for name in names]
    content = ibis.literal(SEPARATOR).join([*parts, ibis.cases((readings.reason.notnull(), readings.raw), else_="")])
    hashed = readings.select(high=md5_number_upper(content), low=md5_number_lower(content))
    wide = "decimal(38, 0)"
    return hashed.aggregate(rows=hashed.count(), high=hashed.high.cast(wide).sum(), low=hashed.low.cast(wide).sum())


def _named(raw: ir.Table, path: dict[str, str]) -> ir.Table:
    """Give every optional column a place: from the file, from its path, or empty."""
    read = [name for name in raw.columns if name not in {"row", "defect"}]
    text = ibis.literal(SEPARATOR).join([raw[name].fill_null("") for name in read])
    absent = {
        "account": ibis.literal(path.get("account", "")),
        "subscription": ibis.literal(path.get("subscription", "")),
    }
    absent |= {"event_id": ibis.null("string")}
    columns = {name: raw[name].fill_null("").strip() for name in read}
    return raw.select("row", "defect", raw=text, **(absent | columns))


def _number(text: ir.StringValue, value: Value) -> ir.StringValue:
    """Bring a number to the form 1234.5; what is not written as the source declares becomes null."""
    thousands, decimal = re.escape(value.thousands_mark), re.escape(value.decimal_mark)
    whole = rf"([0-9]+|[1-9][0-9]{{0,2}}({thousands}[0-9]{{3}})+)" if thousands else "[0-9]+"
    pattern = rf"^[+-]?({whole}({decimal}[0-9]*)?|{decimal}[0-9]+)([eE][+-]?[0-9]{{1,4}})?$"
    plain = text.replace(value.thousands_mark, "") if thousands else text
    fits = text.re_search(pattern) & (text.length() <= LONGEST_NUMBER)
    return ibis.cases((fits, plain.replace(value.decimal_mark, ".")))


def _clock_reading(text: ir.StringValue, time: Time) -> dict[str, ir.Value]:
    """Read the stamp as the clock showed it: `local_us`, and `offset_us` where the stamp itself says its offset."""
    if time.format.startswith("epoch"):
        scale, kept = (1_000_000, 6) if time.format == "epoch_seconds" else (1_000, 3)
        number = text.re_extract(rf"^([+-]?[0-9]+(?:\.[0-9]{{0,{kept}}})?)[0-9]*$", 1).try_cast("decimal(24, 6)")
        return {"local_us": (number * scale).try_cast("int64"), "offset_us": ibis.literal(0, "int64")}
    if time.format != "iso":
        return {"local_us": epoch_us(try_strptime(text, time.format)), "offset_us": ibis.null("int64")}
    day, hour = text.re_extract(ISO, 1), text.re_extract(ISO, 2).replace(",", ".")
    shown = ibis.cases((hour == "", day + " 00:00"), else_=day + " " + hour)
    return {"local_us": epoch_us(shown.try_cast("timestamp")), "offset_us": _iso_offset(text.re_extract(ISO, 3))}


def _iso_offset(text: ir.StringValue) -> ir.Value:
    """Turn `Z`, `+02`, `+0200` or `+02:00` into microseconds; null where there is none."""
    digits = text.replace(":", "")
    hours, minutes = (
        digits.substr(1, 2).try_cast("int64"),
        digits.substr(3, 2).nullif("").try_cast("int64").fill_null(0),
    )
    ahead = (hours * 60 + minutes) * 60_000_000
    return ibis.cases((text.upper() == "Z", 0), (text.startswith("-"), -ahead), (text.startswith("+"), ahead)).cast(
        "int64"
    )


def _place(read: ir.Table, time: Time) -> ir.Table:
    """Turn the clock's reading into an instant: `at_us`, null where the zone's rules refuse it, with `at_reason`."""
    if time.zone == "UTC":
        return read.mutate(at_us=read.local_us - read.offset_us.fill_null(0), at_reason=ibis.null("string"))
    stretches = small_table(clock.offsets(time.zone), dict.fromkeys(clock.Offset.__dataclass_fields__, "int64"))
    joined = read.asof_join(stretches, on=read.local_us >= stretches.start_us)
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


def _second_showing(joined: ir.Table, fold: Fold) -> ir.Table:
    """Add `second`: whether a time that the clock showed twice is meant the second time, by the fold rule.

    In order: from the first row on whose stamp does not rise above the one before it in the file.
    """
    if fold is not Fold.IN_ORDER:
        return joined.mutate(second=ibis.literal(fold is Fold.SECOND))
    hour = ("account", "subscription", "start_us", "twice")
    falls = joined.local_us <= joined.local_us.lag().over(group_by=hour, order_by="row")
    marked = joined.mutate(falls=falls.cast("int8").fill_null(0))
    return marked.mutate(second=marked.falls.max().over(group_by=hour, order_by="row", rows=(None, 0)) > 0)


def _identity(placed: ir.Table, source: Source, file_key: int) -> tuple[ir.Value, ir.Value]:
    """Identify a reading by the source's event id, else by (file, row); never by account and time."""
    if source.columns.event_id is None:
        return ibis.literal(file_key, "int64"), placed.row
    text = ibis.literal(source.source + SEPARATOR) + placed.event_id
    return _signed(md5_number_upper(text)), _signed(md5_number_lower(text))


def _signed(number: ir.Value) -> ir.Value:
    """Move 0..2^64-1 to -2^63..2^63-1: every engine and file format has signed 64-bit integers."""
    return (number.cast("decimal(20, 0)") - ibis.literal(SIGN_BIT, "decimal(20, 0)")).cast("int64")


def _reason(placed: ir.Table, source: Source) -> ir.StringValue:
    """Say why a row is no reading; null for a good one. The first reason that holds is given."""
    number, scale = placed.number, source.value.decimals
    digits = number.re_extract(r"^[+-]?([0-9.]*)", 1)
    written = digits.re_extract(r"\.([0-9]*)", 1).length() - digits.replace(".", "").re_extract("(0*)$", 1).length()
    exponent = number.re_extract(EXPONENT, 1).nullif("").cast("int64").fill_null(0)
    return ibis.cases(
        (placed.defect.notnull(), placed.defect),
        (placed["at"] == "", "missing_at"),
        (placed.local_us.isnull(), "unreadable_at"),
        (placed.at_reason.notnull(), placed.at_reason),
        (placed.at_us.isnull() | ~placed.at_us.between(FIRST_US, END_US - 1), "at_out_of_range"),
        (placed.account == "", "missing_account"),
        ((placed.event_id == "").fill_null(False), "missing_event_id"),  # noqa: FBT003 a value, not a flag
        (placed.value.isin(source.value.nulls), "missing_value"),
        (number.isnull(), "unreadable_value"),
        (written - exponent > scale, "too_many_decimals"),
        (number.try_cast(f"decimal(38, {scale})").isnull(), "value_out_of_range"),
    )
