"""From raw text to readings: an instant, an exact value, an account, an identity; or a reason why not.

`parse` takes the text columns of one raw file, under our names (`at`, and where the source has them `at_time`,
`at_interval`, `value`, `account`, `subscription`, `event_id`, `revision`, `attribute_<name>` and `leave_out_<place>`),
with `row` (1 is the first data row) and `defect` (text, or null). It gives, row by row:

    row           int64
    account       text
    subscription  text, empty where the source names none
    point         int64, a hash of account and subscription
    at_us         int64, microseconds since 1970-01-01 UTC
    value         decimal of the source's type; 1 where the source has no values
    id_high, id_low   int64, the reading's identity: of its event id, else of (file, row)
    revision      int64, 0 where the source has none
    attribute_<name>  text, empty where there is none; one for each attribute of the source
    reason        text, null for a good reading
    raw           text, for the quarantine: what stood in the file; null for a good reading
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from string import whitespace

import ibis
import ibis.expr.types as ir

from transforms import clock
from transforms.catalog.source import Source
from transforms.catalog.wide import Wide, numbers_of_a_line
from transforms.period import micros
from transforms.readings.fate import LEFT_OUT
from transforms.readings.hashed import halves
from transforms.readings.numbers import read_numbers
from transforms.readings.stamps import place_days, place_stamps, read_clock, read_pattern, read_stamp

Path = Mapping[str, str | ir.Value]
FIRST_US, END_US = (micros(datetime(year, 1, 1, tzinfo=UTC)) for year in (clock.FIRST_YEAR, clock.LAST_YEAR))
SEPARATOR = "\x1f"  # never part of a name or number
ORDINAL = "^0{0,9}[1-9][0-9]{0,4}$"  # of an interval: no day has more than its seconds


def parse(raw: ir.Table, source: Source, *, file_key: int | ir.Value, path: Path) -> ir.Table:
    """Parse one raw file's text.

    `file_key` is the file's part of the identities (int64); `path` holds what its path says (account, subscription):
    as they are, or as what stands for them in a statement that serves many files.
    A column that `read_texts` has read already is as good as its text.
    """
    names = source.texts()
    rows = read_texts(raw, source, [name for name in names if f"raw_{name}" not in raw.columns], path)
    rows = _placed(_complete(rows, source, path), source)
    rows = rows.mutate(revision_read=_revision(rows, source))
    rows = rows.mutate(reason=_reason(rows, source))
    high, low = _identity(rows, source, file_key)
    text = ibis.literal(SEPARATOR).join([rows[f"raw_{name}"].fill_null("") for name in names])
    return rows.select(
        "row", "account", "subscription", "point", "at_us", *source.columns.of_attributes, "reason",
        value=rows.number,
        id_high=high,
        id_low=low,
        revision=rows.revision_read,
        raw=ibis.cases((rows.reason.notnull(), text)),
    )  # fmt: skip


def read_texts(rows: ir.Table, source: Source, names: Sequence[str], path: Path) -> ir.Table:
    """Read text columns, each by itself, so that equal texts need be read only once.

    What stood in the file is kept as `raw_<name>`. Of `at` comes what the clock showed, of `value` the number, of
    `account` the point, unless another column has a part in it.
    """
    text = {name: rows[name].fill_null("") for name in names}
    text |= {name: _stripped(text[name]) for name in names if name not in {"at", "value"}}  # most of these need no look
    rows = rows.mutate(**{f"raw_{name}": rows[name] for name in names}, **text)
    if "at" in names and not source.time_apart:
        rows = read_clock(rows, source.time)
    if "value" in names:
        rows = read_numbers(rows, source.value)
    if "account" in names and source.columns.subscription is None:
        rows = rows.mutate(point=point(rows.account, _constant(path.get("subscription", ""))))
    return rows


def point(account: ir.StringValue, subscription: ir.StringValue) -> ir.IntegerValue:
    """Name what is metered by one int64: a hash of account and subscription ('' where none); DuckDB computes it."""
    return halves(ibis.literal(SEPARATOR).join([account, subscription]))[1]


def summary(readings: ir.Table) -> ir.Table:
    """Sum up good readings in one row: `readings`, `at_us_min`, `at_us_max`."""
    at_us = readings.at_us
    return readings.aggregate(readings=readings.count(), at_us_min=at_us.min(), at_us_max=at_us.max())


def _complete(rows: ir.Table, source: Source, path: Path) -> ir.Table:
    """Give every column that a source need not have a place, and work out what takes two columns."""
    absent = {name: _constant(path.get(name, "")) for name in ("account", "subscription")}
    absent |= {name: ibis.null("string") for name in ("event_id", "revision")}
    absent |= {"number": ibis.literal(1).cast(source.value.type), "number_reason": ibis.null("string")}
    rows = rows.mutate(**{name: value for name, value in absent.items() if name not in rows.columns})
    if source.time_apart:
        rows = read_clock(rows.mutate(at=_stamp(_stripped(rows["at"]), rows.at_time)), source.time)
    return rows if "point" in rows.columns else rows.mutate(point=point(rows.account, rows.subscription))


def _constant(value: str | int | ir.Value) -> ir.Value:
    return value if isinstance(value, ir.Value) else ibis.literal(value)


def _placed(rows: ir.Table, source: Source) -> ir.Table:
    """Turn stamps into instants; an ordinal's is counted on from its day, by a column or by the row's number."""
    if not source.by_ordinal:
        return place_stamps(rows, source.time, source.ahead_us)
    if source.wide is Wide.ORDINAL:
        place = rows["row"] % numbers_of_a_line(len(source.wide_columns()))
        return place_days(rows, source.time, (place - 1) * (source.interval_us or 0))
    rows = _numbered(rows)
    return place_days(rows, source.time, (rows.place - 1) * (source.interval_us or 0))


def _numbered(rows: ir.Table) -> ir.Table:
    """Add `place`, an interval's number as its column says it; a day without a number of one is no instant."""
    place = ibis.cases((rows.at_interval.re_search(ORDINAL), rows.at_interval)).try_cast("int64")
    day = ibis.cases((rows.at_interval != "", rows["at"]), else_="")
    return rows.mutate(place=place, at=day, local_us=ibis.cases((place.notnull(), rows.local_us)))


def _stamp(day: ir.StringValue, time: ir.StringValue) -> ir.StringValue:
    """Join the texts of two columns; empty where either is, for a day without its time is no instant.

    A day alone comes out of a spreadsheet, and out of some databases, as its midnight.
    """
    return ibis.cases(((day == "") | (time == ""), ""), else_=day.replace("T00:00:00", "") + (ibis.literal(" ") + time))


def _stripped(text: ir.StringValue) -> ir.StringValue:
    """Take the space off both ends; looking whether there is any costs a tenth of it."""
    spaced = ibis.or_(text < "!", *map(text.endswith, whitespace))
    return ibis.cases((spaced, text.strip()), else_=text)


def _revision(rows: ir.Table, source: Source) -> ir.IntegerValue:
    """Rank a revision: by the source's words, as a whole number, or as an instant; null where it is none of them."""
    if source.columns.revision is None:
        return ibis.literal(0, "int64")
    if isinstance(source.revisions, str):
        return read_pattern(rows.revision, source.revisions)
    if source.revisions:
        ranks = ((rows.revision == word, rank) for rank, word in enumerate(source.revisions))
        return ibis.cases(*ranks).cast("int64")
    number = ibis.cases((rows.revision.re_search(r"^[+-]?[0-9]{1,19}$"), rows.revision)).try_cast("int64")
    return number.fill_null(read_stamp(ibis.cases((number.isnull(), rows.revision))))


def _identity(rows: ir.Table, source: Source, file_key: int | ir.Value) -> tuple[ir.Value, ir.Value]:
    """Identify a reading by the source's event id, else by (file, row); never by account and time."""
    if source.columns.event_id is None:
        return _constant(file_key).cast("int64"), rows.row
    return halves(ibis.literal(source.source + SEPARATOR) + rows.event_id)


def _reason(rows: ir.Table, source: Source) -> ir.StringValue:
    """Say why a row is no reading; null for a good one. The first reason that holds is given."""
    unread = "unknown_revision" if isinstance(source.revisions, tuple) else "unreadable_revision"
    reasons = [
        *((left_out, LEFT_OUT) for left_out in _left_out(rows, source)),
        (rows.defect.notnull(), rows.defect),
        (rows.local_us.isnull() & (rows["at"].strip() == ""), "missing_at"),
        (rows.local_us.isnull(), "unreadable_at"),
        (rows.at_reason.notnull(), rows.at_reason),
        (rows.at_us.isnull() | ~rows.at_us.between(FIRST_US, END_US - 1), "at_out_of_range"),
        (rows.account == "", "missing_account"),
        ((rows.event_id == "").fill_null(False), "missing_event_id"),  # noqa: FBT003 a value, not a flag
        (rows.number_reason.notnull(), rows.number_reason),
        (rows.revision_read.isnull(), unread),
    ]
    return ibis.cases(*reasons)


def _left_out(rows: ir.Table, source: Source) -> Iterator[ir.BooleanValue]:
    """Tell by each column of `leave_out` which rows are none; one that could not be split has no text there."""
    for name, texts in source.tells_left_out().items():
        yield rows[name].isin(texts) & (rows.defect.isnull() | (rows[name] != ""))
