"""The way from a charge's pricing to the file of its model."""

from collections.abc import Sequence
from decimal import Decimal
from typing import assert_never

from transforms.catalog.commitment import Commitment
from transforms.catalog.decision_table import Dynamic
from transforms.catalog.models import Pricing
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import (
    FlatFee,
    HighWaterMarkTiered,
    HighWaterMarkVolume,
    Overage,
    PerUnit,
    PreRatedPerUnit,
    PreRatedTotal,
    Tiered,
    TieredWithOverage,
    Volume,
)
from transforms.rating import (
    bounds,
    commitment,
    dynamic,
    flat_fee,
    high_water_mark,
    overage,
    per_unit,
    pre_rated_per_unit,
    pre_rated_total,
    tiered,
    tiered_with_overage,
    volume,
)
from transforms.rating.lines import TierLine, exact_sum
from transforms.rating.usage import UsageLine, of_record


def measure(pricing: Pricing, lines: Sequence[UsageLine]) -> Decimal:
    """Tell the quantity that a model prices: the sum, or that of the highest day; ValueError where it is below zero.

    What is prepaid is the units that it sells, whatever the usage.
    """
    if isinstance(pricing, Prepaid):
        return pricing.units
    if isinstance(pricing, HighWaterMarkVolume | HighWaterMarkTiered):
        return high_water_mark.highest_day(lines)
    if (quantity := exact_sum(line.quantity for line in lines)) < 0:
        raise ValueError(f"it comes to {quantity:f} units; usage cannot end below zero")
    return quantity


def price(  # noqa: PLR0911 one return for each model
    quantity: Decimal, pricing: Pricing, lines: Sequence[UsageLine] = ()
) -> tuple[TierLine, ...]:
    """Price a quantity at or above 0 by its model, exact and unrounded.

    `lines` are the usage of the quantity, for the models that read custom fields. ValueError where no tier covers the
    quantity, or a field does not hold what the model needs.
    """
    match pricing:
        case FlatFee() | Prepaid():
            return flat_fee.price(quantity, pricing)
        case PerUnit():
            return per_unit.price(quantity, pricing)
        case Tiered():
            return tiered.price(quantity, pricing)
        case Volume():
            return volume.price(quantity, pricing)
        case Overage():
            return overage.price(quantity, pricing)
        case TieredWithOverage():
            return tiered_with_overage.price(quantity, pricing)
        case HighWaterMarkVolume() | HighWaterMarkTiered():
            return high_water_mark.price(quantity, pricing)
        case Commitment():
            return commitment.price(pricing)
        case PreRatedTotal() | PreRatedPerUnit() | Dynamic():
            return _price_by_fields(quantity, pricing, lines)
        case _:
            assert_never(pricing)


def _price_by_fields(
    quantity: Decimal, pricing: PreRatedTotal | PreRatedPerUnit | Dynamic, lines: Sequence[UsageLine]
) -> tuple[TierLine, ...]:
    match pricing:
        case PreRatedTotal():
            return pre_rated_total.price(quantity, pricing, lines)
        case PreRatedPerUnit():
            return pre_rated_per_unit.price(lines, pricing)
        case Dynamic():
            # The group is one record and its adjustments, which cost what the record costs.
            chosen = of_record(lines[0], lambda line: _choose(pricing, line))
            found = price(quantity, chosen.pricing)
            return found if chosen.row is None else bounds.bring_within(found, chosen.row)


def _choose(model: Dynamic, line: UsageLine) -> dynamic.Chosen:
    return dynamic.choose(model, line.custom_fields, line.start_at, line.subscription_number)
