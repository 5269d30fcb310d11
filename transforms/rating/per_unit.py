"""Per unit: every unit at one price."""

from decimal import Decimal

from transforms.catalog.pricing import PerUnit
from transforms.rating.lines import TierLine


def price(quantity: Decimal, model: PerUnit) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0; quantity 0 costs 0."""
    return (TierLine(1, Decimal(0), None, quantity, model.price, "per_unit"),)
