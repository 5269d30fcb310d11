"""Tiered with overage: closed tiers, and what is above the last of them at the price of the overage."""

from decimal import Decimal

from transforms.catalog.pricing import TieredWithOverage
from transforms.rating import tiered
from transforms.rating.lines import TierLine


def price(quantity: Decimal, model: TieredWithOverage) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0; the overage is shown as one more tier."""
    return tiered.price(quantity, model.table)
