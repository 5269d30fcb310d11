"""Overage: what is above the included units, at one price. Included units are the same model."""

from decimal import Decimal

from transforms.catalog.pricing import Overage
from transforms.rating import tiered
from transforms.rating.lines import TierLine


def price(quantity: Decimal, model: Overage) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0; included units cost nothing, whatever part of the period they are for."""
    return tiered.price(quantity, model.table)
