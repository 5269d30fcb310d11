"""Pre-rated total: every record bears its own amount, and the group owes their sum."""

from collections.abc import Sequence
from decimal import Decimal

from transforms.catalog.pricing import PreRatedTotal
from transforms.rating.fields import number
from transforms.rating.lines import TierLine, exact_sum
from transforms.rating.usage import UsageLine, of_record


def price(quantity: Decimal, model: PreRatedTotal, lines: Sequence[UsageLine]) -> tuple[TierLine, ...]:
    """Add up what the custom field of each line holds; ValueError, naming the record, where that is no number.

    A correction may bear an amount below 0; ValueError where all together come below 0.
    """
    total = exact_sum(of_record(line, lambda line: number(line.custom_fields, model.field)) for line in lines)
    if total < 0:
        raise ValueError(f"custom field {model.field} comes to {total:f}; an amount cannot end below zero")
    return (TierLine(1, Decimal(0), None, quantity, total, "flat"),)
