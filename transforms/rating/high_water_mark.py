"""High-water mark: the highest of the period's days, priced by volume or tiered."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from transforms.catalog.pricing import HighWaterMarkTiered, HighWaterMarkVolume
from transforms.rating import tiered, volume
from transforms.rating.lines import EXACT, TierLine
from transforms.rating.usage import UsageLine


def highest_day(lines: Iterable[UsageLine]) -> Decimal:
    """Add usage up by the account's own days and give the highest sum; ValueError for a day below zero."""
    days: defaultdict[date, Decimal] = defaultdict(Decimal)
    for line in lines:
        days[line.start_date] = EXACT.add(days[line.start_date], line.quantity)
    for day, quantity in sorted(days.items()):
        if quantity < 0:
            raise ValueError(f"{day} comes to {quantity:f} units; usage cannot end below zero")
    return max(days.values(), default=Decimal(0))


def price(quantity: Decimal, model: HighWaterMarkVolume | HighWaterMarkTiered) -> tuple[TierLine, ...]:
    """Price the highest day's quantity, at or above 0."""
    if isinstance(model, HighWaterMarkVolume):
        return volume.price(quantity, model.table)
    return tiered.price(quantity, model.table)
