"""The way from a charge's pricing to the file of its model."""

from decimal import Decimal
from typing import assert_never

from transforms.charge import PerUnit, Pricing, Tiered, Volume
from transforms.rating import per_unit, tiered, volume
from transforms.rating.lines import TierLine


def price(quantity: Decimal, pricing: Pricing) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0 by its model, exact and unrounded; ValueError where no tier covers it."""
    match pricing:
        case PerUnit():
            return per_unit.price(quantity, pricing)
        case Tiered():
            return tiered.price(quantity, pricing)
        case Volume():
            return volume.price(quantity, pricing)
        case _:
            assert_never(pricing)
