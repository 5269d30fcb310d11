"""Coverage: whether enough of the samples are there that a charge's part of a period should have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from transforms.catalog.policy import BelowMinimum, Coverage
from transforms.exact import Rounding, round_exact
from transforms.usage.usage import UsageRecord

SHOWN_DECIMALS = 4


@dataclass(frozen=True)
class Judgement:
    """`held` tells why records (by key) are kept back, `warnings` what is reported, `failures` what stops the meter."""

    held: dict[str, str]
    warnings: list[str]
    failures: list[str]


def judge(records: Iterable[UsageRecord], silent: Iterable[str], policy: Coverage | None) -> Judgement:
    """Hold every record against a meter's policy. `silent` charges have no record, because they have no reading."""
    judgement = Judgement({}, [], [])
    if policy is None:
        return judgement
    told = judgement.failures if policy.below is BelowMinimum.FAIL else judgement.warnings
    told += [f"charge {number}: no sample at all" for number in silent]
    for record in records:
        if record.coverage is None or record.coverage >= Fraction(policy.minimum):
            continue
        found = f"{record.samples_seen} of {record.samples_expected} samples, {policy.minimum} of them needed"
        if policy.below is BelowMinimum.HOLD:
            judgement.held[record.record_key] = f"coverage: {found}"
        else:
            told.append(f"charge {record.charge_number}: {found}")
    return judgement


def gaps_told(gaps: Mapping[str, int]) -> list[str]:
    """Report the seconds of the period for which no reading of a charge holds; they are no part of what was derived."""
    return [
        f"charge {number}: no reading holds for {seconds} seconds of the period" for number, seconds in gaps.items()
    ]


def shown(record: UsageRecord) -> Decimal | None:
    """Give a record's coverage for people to read, rounded down, so that 1 means all of it."""
    if record.coverage is None:
        return None
    return round_exact(record.coverage, SHOWN_DECIMALS, Rounding.DOWN)
