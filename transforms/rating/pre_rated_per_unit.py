"""Pre-rated per unit: every record bears its own price per unit."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from transforms.catalog.pricing import PreRatedPerUnit
from transforms.rating.fields import rate
from transforms.rating.lines import EXACT, TierLine, worth
from transforms.rating.usage import UsageLine, of_record


def price(lines: Sequence[UsageLine], model: PreRatedPerUnit) -> tuple[TierLine, ...]:
    """Price the quantity of each line, not rounded, at what its custom field holds: one tier line for each price.

    ValueError, naming the record, where a field holds no price; and where all together come below 0.
    """
    units: defaultdict[Decimal, Decimal] = defaultdict(Decimal)
    for line in lines:
        each = of_record(line, lambda line: rate(line.custom_fields, model.field))
        units[each] = EXACT.add(units[each], line.quantity)
    breakdown = tuple(
        TierLine(tier, Decimal(0), None, units[each], each, "per_unit") for tier, each in enumerate(sorted(units), 1)
    )
    if (total := worth(breakdown)) < 0:
        raise ValueError(f"the usage comes to an amount of {total:f}; an amount cannot end below zero")
    return breakdown
