"""Volume: the tier that the whole quantity reaches prices all of it."""

from decimal import Decimal

from transforms.catalog.pricing import AtZero, Volume
from transforms.rating.lines import TierLine, tier_lines
from transforms.rating.uncovered import uncovered_lines


def price(quantity: Decimal, model: Volume) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0 by the first tier whose inclusive bound holds it.

    Quantity 0 enters no tier and costs nothing, unless the table says `at_zero: first_flat`.
    ValueError for a quantity above a closed last tier, unless the table says `above_last_tier: unbilled`: then
    no tier applies and the whole quantity costs nothing.
    """
    if quantity == 0 and model.at_zero is AtZero.NOTHING:
        return ()
    above = Decimal(0)
    for number, tier in enumerate(model.tiers, start=1):
        if tier.up_to is None or quantity <= tier.up_to:
            return tier_lines(number, tier, above, quantity)
        above = tier.up_to
    return uncovered_lines(model, quantity, bound=above, units=quantity)
