"""Bounds of amounts: what a row of a decision table makes of a price, and of the amount of each of its tiers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import chain, groupby
from typing import Literal

from transforms.catalog.decision_table import Bounded, DecisionRow
from transforms.rating.lines import EXACT, TierLine, worth

Change = Literal["adjustment", "minimum", "maximum"]


def clamp(amount: Decimal, bounds: Bounded) -> Decimal:
    """Bring an amount up to the minimum, or down to the maximum, where there are any."""
    raised = amount if bounds.minimum is None else max(amount, bounds.minimum)
    return raised if bounds.maximum is None else min(raised, bounds.maximum)


def bring_within(lines: Iterable[TierLine], row: DecisionRow) -> tuple[TierLine, ...]:
    """Adjust the amount of each tier that was entered, then bring it within the tier's bounds.

    Each change is a line of its own after those of the tier, so that the breakdown adds up to the amount.
    """
    tiers = groupby(lines, key=lambda line: line.tier)
    return tuple(chain.from_iterable(_tier(list(of), row) for _, of in tiers))


def _tier(lines: Sequence[TierLine], row: DecisionRow) -> Iterator[TierLine]:
    yield from lines
    amount = worth(lines)
    adjusted = EXACT.multiply(amount, row.factor)
    within = clamp(adjusted, row.tiers[lines[0].tier - 1])
    yield from _change(lines[0], "adjustment", amount, adjusted)
    yield from _change(lines[0], "minimum" if within > adjusted else "maximum", adjusted, within)


def _change(line: TierLine, change: Change, before: Decimal, after: Decimal) -> Iterator[TierLine]:
    if before != after:
        yield replace(line, format=change, price=EXACT.subtract(after, before))
