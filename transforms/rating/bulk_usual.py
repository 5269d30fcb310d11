"""Which charges are rated in bulk, by the figures that they have, and how many decimals these need.

A charge that is not taken here is rated record by record, by `transforms.rating.rate`.
"""

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa

from transforms.catalog.charge import Charge, RateRecords, RatingGroup
from transforms.catalog.decision_table import IN_TIERS, Dynamic
from transforms.catalog.models import Pricing
from transforms.catalog.pricing import Tier
from transforms.catalog.units import Units
from transforms.exact import Rounding
from transforms.rating.bulk_terms import Scale, decimals, segments, tier_rows, tiers_of

PLACES_MAX = 6  # smaller figures than a millionth are written with an exponent
FIGURE_PLACES, FIGURE_BELOW = 9, Decimal(10**9)
WIDE = Scale(FIGURE_PLACES, FIGURE_PLACES, pa.decimal128(38, 2 * FIGURE_PLACES))
NARROW_DIGITS, NARROW_PLACES = 18, 9  # of 64 bits, which are divided many times faster than 128


def takes(charge: Charge, units: Units) -> bool:
    """Tell whether a charge is rated in bulk: by tiers or by the prices of a decision table, of usual figures."""
    return (
        charge.rate_records is RateRecords.TOGETHER
        and charge.rating_group is not RatingGroup.START_DATE
        and charge.drawdown is None
        and units.units[charge.uom].decimals <= PLACES_MAX
        and Rounding.HALF_EVEN not in (units.units[charge.uom].rounding, units.currencies[charge.currency].rounding)
        and _has_usual_prices(charge.pricing)
    )


def _has_usual_prices(pricing: Pricing) -> bool:
    if isinstance(pricing, Dynamic):
        apart = {field.upper() for field in pricing.attributes.values()}
        if pricing.base in IN_TIERS or len(apart) < len(pricing.attributes):
            return False
        return all(map(_is_usual, _decided_prices(pricing)))
    tiers = tiers_of(pricing)
    return bool(tiers) and all(_is_usual_tier(tier) for tier in tiers)


def _decided_prices(model: Dynamic) -> list[Decimal]:
    return [line.price for key in model.rows for _, line in segments(model, key)]


def _is_usual(figure: Decimal | None) -> bool:
    return figure is None or (figure < FIGURE_BELOW and decimals(figure) <= FIGURE_PLACES)


def _is_usual_tier(tier: Tier) -> bool:
    bound = tier.up_to is None or decimals(tier.up_to) <= PLACES_MAX
    return bound and all(map(_is_usual, (tier.up_to, tier.price, tier.flat)))


def scale(charges: Sequence[Charge], units: Units) -> Scale:
    """Find how many decimals the figures of charges that are taken need; few and small ones are worth 64 bits.

    An amount that does not fit in the type of their worth is not usual.
    """
    rows = [row for charge in charges for row in tier_rows(charge, units.units[charge.uom])]
    tables = [charge.pricing for charge in charges if isinstance(charge.pricing, Dynamic)]
    decided = [price for model in tables for price in _decided_prices(model)]
    prices, bases = ([*(row[name] for row in rows), *decided] for name in ("price", "base"))
    whole = [units.units[charge.uom].decimals for charge in charges]
    halves = [decimals(units.currencies[charge.currency].step) + 1 for charge in charges]
    of_units = max(*whole, 0, *(decimals(row["start"]) for row in rows))
    of_prices = max(of_units, *map(decimals, prices))  # the engine multiplies by the finer of two figures
    places = max(of_units + of_prices, *map(decimals, bases), *halves)
    if places > NARROW_PLACES or any(base >= FIGURE_BELOW for base in bases):
        return WIDE
    return Scale(of_units, of_prices, pa.decimal128(NARROW_DIGITS, places))
