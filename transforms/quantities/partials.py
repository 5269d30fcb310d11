"""Daily partials: what the readings of a day (of UTC) add up to, point by point, kept when they land.

At the end of a period, whole days are added up from their partials. A day that the period or the charge's part of it
does not hold whole is ragged: its readings are looked at again. Both ways give the same records.
"""

from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir

from transforms.catalog.meter import RANKED, WEIGHTED, Derivation, Function
from transforms.catalog.source import Source
from transforms.derivations import held, ranked
from transforms.derivations.record import groups_of
from transforms.identity import digest
from transforms.period import DAY_SECONDS, DAY_US, Window
from transforms.quantities.place import bounds_of
from transforms.quantities.tally import TOTALS, counted_by, figures_of, merged_by

KEY = ("day", "point", "mark")


def kept_for(derivation: Derivation, source: Source) -> bool:
    """Tell whether partials are kept: where what can be added up is asked of samples at a declared interval.

    Such samples are many to a charge and day, and few figures stand for them; sparse events would be about as many as
    their partials. Buckets must divide the day and hold several samples each.
    """
    if source.interval_seconds is None:
        return False
    if derivation.function in RANKED:
        length = derivation.bucket_seconds or 1
        return DAY_SECONDS % length == 0 and length % source.interval_seconds == 0 and length > source.interval_seconds
    return derivation.function in TOTALS or derivation.function in WEIGHTED


def aligned(derivation: Derivation, windows: Iterable[Window]) -> bool:
    """Tell whether buckets, which begin with these periods, also begin at midnight UTC, where days are cut."""
    return all(window.start_us % _bucket_us(derivation) == 0 for window in windows)


def _bucket_us(derivation: Derivation) -> int:
    return (derivation.bucket_seconds or 1) * 1_000_000


def rules_of(derivation: Derivation, source: Source) -> str:
    """Name all that a partial depends on besides the readings, in 16 hex digits: equal rules share their partials."""
    settled = source.model_dump_json(include={"source", "duplicates", "interval_seconds", "columns", "value"})
    wanted = derivation.model_dump_json(include={"filter", "group_by", "gap_seconds_max", "bucket_seconds"})
    kind = "held" if derivation.function in WEIGHTED else "added" if derivation.bucket_seconds is None else "bucketed"
    return digest("partials", settled, wanted, kind)[:16]


def daily(marked: ir.Table, derivation: Derivation, interval_us: int | None) -> ir.Table:
    """Add up marked readings by day, point, mark and group; where there are buckets, by bucket besides.

    Account and subscription say whose the point is.
    """
    dated = marked.mutate(day=marked.at_us // DAY_US)
    key = [*KEY, *groups_of(derivation)]
    if derivation.bucket_seconds is not None:
        return _with_days(
            _added(dated.mutate(bucket=dated.at_us // _bucket_us(derivation)), [*key, "bucket"], interval_us), key
        )
    found = _added(dated, key, interval_us)
    if derivation.function not in WEIGHTED:
        return found
    return found.left_join(held.of_day(dated, derivation, key), key).drop([f"{name}_right" for name in key])


def _added(dated: ir.Table, key: Sequence[str], interval_us: int | None) -> ir.Table:
    named = {"account": dated.account.min(), "subscription": dated.subscription.min()}
    return counted_by(dated, key, interval_us, **figures_of(dated), **named)


def _with_days(buckets: ir.Table, key: Sequence[str]) -> ir.Table:
    """Add a row for each day, without a bucket: it counts all that the day holds, with its best buckets' figures."""
    buckets = buckets.mutate(most=buckets.rows)
    best = {name: buckets[name].max() for name in ("total", "most", "account", "subscription")}
    days = merged_by(buckets, key, **best, bucket=ibis.null("int64"))
    return buckets.union(days.select(*buckets.columns))


def days_of(rows: ir.Table) -> ir.Table:
    """Keep the rows that count days, apart from those of their buckets."""
    return rows.filter(rows.bucket.isnull()) if "bucket" in rows.columns else rows


def parts_of(whole: ir.Table, derivation: Derivation, *, one_point_each: bool) -> ir.Table:
    """Turn placed partials into what the derivation takes in the place of readings.

    Where every target has one point, no other partial holds any of the same bucket; and of sums, counts and highest
    values the highest of a period is the highest of some day.
    """
    if derivation.function in WEIGHTED:
        return whole.mutate(value=whole.closing).drop("closing")
    if "bucket" not in whole.columns:
        return whole
    if one_point_each and derivation.function is Function.PEAK and not ranked.by_ratio(derivation):
        return days_of(whole)
    buckets = whole.filter(whole.bucket.notnull())
    return buckets if one_point_each else buckets.drop("bucket")


def beside_days(readings: ir.Table, days: ir.Table, derivation: Derivation) -> ir.Table:
    """Give placed readings of ragged days the shape of `parts_of`, to stand beside it."""
    shaped = held.alone(readings) if derivation.function in WEIGHTED else readings
    if "bucket" in days.columns:
        key = ("fate", "slot", "account", "subscription", *groups_of(derivation), "bucket")
        shaped = ranked.added(readings.mutate(bucket=readings.at_us // _bucket_us(derivation)), key, derivation)
    names = [name for name in days.columns if name in shaped.columns]
    absent = {name: ibis.null(days[name].type()) for name in days.columns if name not in shaped.columns}
    return shaped.select(*names, **absent).select(*days.columns).cast(days.schema())


def ragged_days(windows: Iterable[Window]) -> list[int]:
    """List the days (counted from 1970) in which any of these windows begins or ends, midnight of UTC apart."""
    bounds = {bound for window in windows for bound in (window.start_us, window.end_us)}
    return sorted({bound // DAY_US for bound in bounds if bound % DAY_US})


def is_ragged(placed: ir.Table, default: Window) -> ir.BooleanValue:
    """Tell of placed rows that have a `day` whether their own bounds cut it."""
    bounds = bounds_of(placed, default).values()
    return ibis.or_(*((bound // DAY_US == placed.day) & (bound % DAY_US != 0) for bound in bounds))
