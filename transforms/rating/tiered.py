"""Tiered (graduated): each tier prices the units that fall into it."""

from decimal import Decimal

from transforms.catalog.pricing import AtZero, Tier, Tiered
from transforms.rating.lines import EXACT, TierLine, tier_lines
from transforms.rating.uncovered import uncovered_lines


def price(quantity: Decimal, model: Tiered) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0; a tier counts once the quantity is above the bound of the tier before it.

    Quantity 0 enters no tier and costs nothing, unless the table says `at_zero: first_flat`.
    ValueError for a quantity above a closed last tier, unless the table says `above_last_tier: unbilled`.
    """
    if quantity == 0 and model.at_zero is AtZero.FIRST_FLAT:
        return tier_lines(1, model.tiers[0], quantity, quantity)
    above, lines = Decimal(0), list[TierLine]()
    for number, tier in enumerate(model.tiers, start=1):
        if quantity <= above:
            break
        lines += tier_lines(number, tier, above, _units(quantity, above, tier))
        above = quantity if tier.up_to is None else tier.up_to
    if quantity > above:
        lines += uncovered_lines(model, quantity, bound=above, units=EXACT.subtract(quantity, above))
    return tuple(lines)


def _units(quantity: Decimal, above: Decimal, tier: Tier) -> Decimal:
    """Count the units that fall into one tier."""
    return EXACT.subtract(quantity if tier.up_to is None else min(quantity, tier.up_to), above)
