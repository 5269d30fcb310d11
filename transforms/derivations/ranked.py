"""Derivations that pick one sample of many by its rank: a percentile, a peak. Nothing is interpolated."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir

from transforms.catalog.meter import BucketFunction, Derivation
from transforms.derivations.ratio import with_ratio_order
from transforms.derivations.record import NOTHING, ONE, key_of, used
from transforms.period import DAY_US

HIGHEST = Decimal(100)
WORTH: dict[BucketFunction | None, str] = {BucketFunction.COUNT: "most", BucketFunction.MAXIMUM: "high"}
BAND = 2.0**-40  # a relative distance far above what rounding to a float can do, and far below what samples differ by


def percentile(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the smallest sample that so many per cent of all samples do not exceed: the nearest rank."""
    if derivation.percentile is None:
        raise ValueError("a percentile needs percentile: which one, above 0 and up to 100")
    return _nearest_rank(placed, derivation, derivation.percentile)


def peak(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the highest bucket: of averages by rank, which compares them exactly."""
    if by_ratio(derivation):
        return _nearest_rank(placed, derivation, HIGHEST)
    samples = _samples(used(placed), derivation)
    highest = {"numerator": samples.numerator.max(), "remainder": NOTHING, "denominator": ONE}
    return samples.group_by(*key_of(derivation)).aggregate(**highest)


def by_ratio(derivation: Derivation) -> bool:
    """Tell whether what is compared are averages."""
    return derivation.bucket_function is BucketFunction.AVERAGE


def _nearest_rank(placed: ir.Table, derivation: Derivation, percent: Decimal) -> ir.Table:
    samples = _samples(used(placed), derivation)
    pick = _picked_ratio if by_ratio(derivation) else _picked
    return pick(samples, key_of(derivation), Fraction(percent) / 100).mutate(remainder=NOTHING)


def _picked(samples: ir.Table, key: Sequence[str], share: Fraction) -> ir.Table:
    """Pick the sample at the wanted place of each record."""
    found = _ranked(samples, key, share, "numerator")
    return found.filter(found.place == found.wanted).select(*key, "numerator", "denominator")


def _ranked(samples: ir.Table, key: Sequence[str], share: Fraction, order: str) -> ir.Table:
    """Add each sample's `place` in its record, counted from 1, and which place is `wanted`."""
    return samples.mutate(
        place=ibis.row_number().over(group_by=key, order_by=order) + 1,
        # Of n samples the one at n x share, rounded up; without a division that could lose a digit.
        wanted=-((-samples.count().over(group_by=key) * share.numerator) // share.denominator),
    )


def _picked_ratio(samples: ir.Table, key: Sequence[str], share: Fraction) -> ir.Table:
    """Pick among ratios: by a float that says nearly where, then exactly among those that the float cannot tell apart.

    The order by floats displaces a ratio by a few units in the last place at most; the band holds many of them. The
    rivals within it have the places that the floats gave them, only in another order.
    """
    near = samples.numerator.cast("float64") / samples.denominator.cast("float64")
    ranked = _ranked(samples.select(*key, "numerator", "denominator", near=near), key, share, "near")
    about = ranked.filter(ranked.place == ranked.wanted).select(*key, about="near")
    rivals = ranked.inner_join(about, key)
    rivals = rivals.filter((rivals.near - rivals.about).abs() <= rivals.about.abs() * BAND)
    rivals = with_ratio_order(rivals.select(*key, "numerator", "denominator", "place", "wanted"))
    # Equal averages of 1 and of 2 readings are one figure; the denominator makes them one row, too.
    order = ("ratio_whole", "ratio_rest", "denominator")
    below = ibis.row_number().over(group_by=key, order_by=order)
    exact = rivals.mutate(lowest=rivals.place.min().over(group_by=key), below=below)
    return exact.filter(exact.lowest + exact.below == exact.wanted).select(*key, "numerator", "denominator")


def _samples(parts: ir.Table, derivation: Derivation) -> ir.Table:
    """Give one row per sample, worth numerator / denominator: a bucket with any reading in it, or else a reading."""
    function = derivation.bucket_function
    samples = parts if function is None else _buckets(parts, derivation)
    return samples.select(
        *key_of(derivation),
        numerator=WORTH.get(function, "total"),
        denominator="rows" if by_ratio(derivation) else ONE,
    )


def _buckets(parts: ir.Table, derivation: Derivation) -> ir.Table:
    """Add up parts by bucket; parts that bear their `bucket` are whole ones, or the best of a day.

    Buckets start with the billing period, on the account's clock, also where the charge starts later; days are the
    clock's own, of 23 to 25 hours.
    """
    if "bucket" in parts.columns:
        return parts
    return added(parts.mutate(bucket=_bucket_number(parts, derivation)), (*key_of(derivation), "bucket"), derivation)


def added(parts: ir.Table, key: Sequence[str], derivation: Derivation) -> ir.Table:
    """Add up by a key what samples need of parts."""
    worth = WORTH.get(derivation.bucket_function, "total")
    figures = {"most": parts.rows.sum(), "high": parts.high.max(), "total": parts.total.sum()}
    at = {"first_at_us": parts.first_at_us.min(), "last_at_us": parts.last_at_us.max()}
    return parts.group_by(*key).aggregate(rows=parts.rows.sum(), **{worth: figures[worth]}, **at)


def _bucket_number(readings: ir.Table, derivation: Derivation) -> ir.IntegerValue:
    """Give the number of a reading's bucket: a day of the account's clock, or a span since the billing period began."""
    if derivation.bucket_seconds is None:
        return (readings.at_us + readings.shift_us) // DAY_US
    return (readings.at_us - readings.period_start_us) // (derivation.bucket_seconds * 1_000_000)
