"""Usage above a closed last tier: refused, unless the table says that it is not billed."""

from decimal import Decimal

from transforms.catalog.pricing import AboveLastTier, TierTable
from transforms.rating.lines import TierLine


def uncovered_lines(table: TierTable, quantity: Decimal, *, bound: Decimal, units: Decimal) -> tuple[TierLine, ...]:
    """Show the `units` of a quantity above the last `bound`: they cost nothing, but they are seen.

    ValueError, naming quantity and bound, where the table refuses them.
    """
    if table.above_last_tier is AboveLastTier.REFUSE:
        raise ValueError(
            f"quantity {quantity:f} is above the last tier, which ends at {bound:f}; "
            "leave the last tier open, or say above_last_tier: unbilled"
        )
    return (TierLine(len(table.tiers) + 1, bound, None, units, Decimal(0), "per_unit"),)
