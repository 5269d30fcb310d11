"""Derivations that pick one sample of many by its rank: a percentile, a peak. Nothing is interpolated."""

from decimal import Decimal
from fractions import Fraction

import ibis
import ibis.expr.types as ir

from transforms.derivations.ratio import with_ratio_order
from transforms.derivations.record import CHARGE, NOTHING, ONE, used
from transforms.meter import BucketFunction, Derivation

HIGHEST = Decimal(100)


def percentile(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the smallest sample that so many per cent of all samples do not exceed: the nearest rank."""
    if derivation.percentile is None:
        raise ValueError("a percentile needs percentile: which one, above 0 and up to 100")
    return _nearest_rank(classified, derivation, derivation.percentile)


def peak(classified: ir.Table, derivation: Derivation) -> ir.Table:
    """Give the highest bucket."""
    return _nearest_rank(classified, derivation, HIGHEST)


def _nearest_rank(classified: ir.Table, derivation: Derivation, percent: Decimal) -> ir.Table:
    samples, order = _in_order(_samples(used(classified), derivation), derivation)
    rank = ibis.row_number().over(group_by="charge_number", order_by=order) + 1
    ranked = samples.mutate(rank=rank, number=samples.count().over(group_by="charge_number"))
    share = Fraction(percent) / 100
    # The rank is number x share, rounded up; compared in integers, without a division.
    wanted = ranked.number * share.numerator
    picked = (ranked.rank * share.denominator >= wanted) & ((ranked.rank - 1) * share.denominator < wanted)
    return ranked.group_by(*CHARGE).aggregate(
        numerator=ranked.numerator.max(where=picked),
        remainder=NOTHING,
        denominator=ranked.denominator.max(where=picked),
        readings=ranked.readings.sum(),
        first_at_us=ranked.first_at_us.min(),
        last_at_us=ranked.last_at_us.max(),
    )


def _samples(readings: ir.Table, derivation: Derivation) -> ir.Table:
    """Give one row per sample, worth numerator / denominator: a bucket with any reading in it, or else a reading.

    Buckets start with the billing period, on the account's clock, also where the charge starts later.
    """
    if derivation.bucket_seconds is None:
        return readings.select(
            *CHARGE, numerator="value", denominator=ONE, readings=ONE, first_at_us="at_us", last_at_us="at_us"
        )
    into = (readings.at_us - readings.period_start_us) % (derivation.bucket_seconds * 1_000_000)
    averaged = derivation.bucket_function is BucketFunction.AVERAGE
    return readings.group_by(*CHARGE, bucket_us=readings.at_us - into).aggregate(
        numerator=_bucket(readings, derivation.bucket_function),
        denominator=readings.count() if averaged else ONE,
        readings=readings.count(),
        first_at_us=readings.at_us.min(),
        last_at_us=readings.at_us.max(),
    )


def _bucket(readings: ir.Table, function: BucketFunction | None) -> ir.Value:
    if function is BucketFunction.COUNT:
        return readings.count()
    return readings.value.max() if function is BucketFunction.MAXIMUM else readings.value.sum()


def _in_order(samples: ir.Table, derivation: Derivation) -> tuple[ir.Table, tuple[str, ...]]:
    """Give the samples with the columns that sort them."""
    if derivation.bucket_function is not BucketFunction.AVERAGE:
        return samples, ("numerator",)
    # Equal averages of 1 and of 2 readings are one figure; the denominator makes them one row, too.
    return with_ratio_order(samples), ("ratio_whole", "ratio_rest", "denominator")
