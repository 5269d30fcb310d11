"""Derivations that pick one sample of many by its rank: a percentile, a peak. Nothing is interpolated."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir

from transforms.derivations.ratio import with_ratio_order
from transforms.derivations.record import NOTHING, ONE, key_of, used
from transforms.meter import BucketFunction, Derivation
from transforms.period import DAY_US

HIGHEST = Decimal(100)
BAND = 2.0**-40  # a relative distance far above what rounding to a float can do, and far below what samples differ by


def percentile(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the smallest sample that so many per cent of all samples do not exceed: the nearest rank."""
    if derivation.percentile is None:
        raise ValueError("a percentile needs percentile: which one, above 0 and up to 100")
    return _nearest_rank(placed, derivation, derivation.percentile)


def peak(placed: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the highest bucket: of averages by rank, which compares them exactly."""
    if derivation.bucket_function is BucketFunction.AVERAGE:
        return _nearest_rank(placed, derivation, HIGHEST)
    samples = _samples(used(placed), derivation)
    highest = {"numerator": samples.numerator.max(), "remainder": NOTHING, "denominator": ONE}
    return samples.group_by(*key_of(derivation)).aggregate(**highest, **_readings_behind(samples))


def _nearest_rank(placed: ir.Table, derivation: Derivation, percent: Decimal) -> ir.Table:
    key = key_of(derivation)
    samples = _samples(used(placed), derivation)
    share = Fraction(percent) / 100
    summed = samples.group_by(*key).aggregate(
        # Of n samples the one at n x share, rounded up; without a division that could lose a digit.
        wanted=-((-samples.count() * share.numerator) // share.denominator),
        **_readings_behind(samples),
    )
    averaged = derivation.bucket_function is BucketFunction.AVERAGE
    picked = (_picked_ratio if averaged else _picked)(samples, summed.select(*key, "wanted"), key)
    found = summed.inner_join(picked, key)
    figures = ("numerator", "denominator", "readings", "first_at_us", "last_at_us")
    return found.select(*key, *figures, remainder=NOTHING)


def _readings_behind(samples: ir.Table) -> dict[str, ir.Value]:
    return {
        "readings": samples.readings.sum(),
        "first_at_us": samples.first_at_us.min(),
        "last_at_us": samples.last_at_us.max(),
    }


def _picked(samples: ir.Table, wanted: ir.Table, key: Sequence[str], order: Sequence[str] = ("numerator",)) -> ir.Table:
    """Pick the sample at the wanted place of each record."""
    ranked = samples.mutate(place=ibis.row_number().over(group_by=key, order_by=order) + 1)
    found = ranked.inner_join(wanted, key)
    return found.filter(found.place == found.wanted).select(*key, "numerator", "denominator")


def _picked_ratio(samples: ir.Table, wanted: ir.Table, key: Sequence[str]) -> ir.Table:
    """Pick among ratios: by a float that says nearly where, then exactly among those that the float cannot tell apart.

    The order by floats displaces a ratio by a few units in the last place at most; the band holds many of them.
    """
    near = samples.mutate(near=samples.numerator.cast("float64") / samples.denominator.cast("float64"))
    ranked = near.mutate(place=ibis.row_number().over(group_by=key, order_by="near") + 1)
    about = ranked.inner_join(wanted, key)
    about = about.filter(about.place == about.wanted).select(*key, "wanted", about="near")
    close = near.inner_join(about, key)
    band = close.about.abs() * BAND
    below = close.group_by(*key).aggregate(below=(close.near < close.about - band).sum())
    rivals = with_ratio_order(close.filter((close.near - close.about).abs() <= band).drop("near", "about", "wanted"))
    left = wanted.inner_join(below, key)
    left = left.select(*key, wanted=left.wanted - left.below)
    # Equal averages of 1 and of 2 readings are one figure; the denominator makes them one row, too.
    return _picked(rivals, left, key, ("ratio_whole", "ratio_rest", "denominator"))


def _samples(readings: ir.Table, derivation: Derivation) -> ir.Table:
    """Give one row per sample, worth numerator / denominator: a bucket with any reading in it, or else a reading.

    Buckets start with the billing period, on the account's clock, also where the charge starts later; days are the
    clock's own, of 23 to 25 hours.
    """
    if derivation.bucket_function is None:
        return readings.select(
            *key_of(derivation),
            numerator="value",
            denominator=ONE,
            readings="rows",
            first_at_us="first_at_us",
            last_at_us="last_at_us",
        )
    averaged = derivation.bucket_function is BucketFunction.AVERAGE
    return readings.group_by(*key_of(derivation), bucket=_bucket_number(readings, derivation)).aggregate(
        numerator=_bucket(readings, derivation.bucket_function),
        denominator=readings.rows.sum() if averaged else ONE,
        readings=readings.rows.sum(),
        first_at_us=readings.first_at_us.min(),
        last_at_us=readings.last_at_us.max(),
    )


def _bucket_number(readings: ir.Table, derivation: Derivation) -> ir.IntegerValue:
    """Give the number of a reading's bucket: a day of the account's clock, or a span since the billing period began."""
    if derivation.bucket_seconds is None:
        return (readings.at_us + readings.shift_us) // DAY_US
    return (readings.at_us - readings.period_start_us) // (derivation.bucket_seconds * 1_000_000)


def _bucket(readings: ir.Table, function: BucketFunction | None) -> ir.Value:
    if function is BucketFunction.COUNT:
        return readings.rows.sum()
    return readings.high.max() if function is BucketFunction.MAXIMUM else readings.total.sum()
