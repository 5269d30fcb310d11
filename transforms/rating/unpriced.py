"""What can be known of a price before a load: usage that its charge could not price, or only at its list price."""

from collections.abc import Mapping
from datetime import datetime

from transforms.charge import Pricing
from transforms.decision_table import Dynamic
from transforms.pricing import PreRatedPerUnit, PreRatedTotal
from transforms.rating.dynamic import absence, choose
from transforms.rating.fields import number, rate


def unpriced(
    pricing: Pricing, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str
) -> str | None:
    """Say why a record could not be priced by its custom fields and its start; None where it could."""
    try:
        match pricing:
            case PreRatedTotal():
                number(custom_fields, pricing.field)
            case PreRatedPerUnit():
                rate(custom_fields, pricing.field)
            case Dynamic():
                choose(pricing, custom_fields, start_at, subscription_number)
    except ValueError as error:
        return str(error)
    return None


def at_list_price(
    pricing: Pricing, custom_fields: Mapping[str, str], start_at: datetime, subscription_number: str
) -> str | None:
    """Say why a record that can be priced falls back to the list price; None where it does not."""
    if not isinstance(pricing, Dynamic) or unpriced(pricing, custom_fields, start_at, subscription_number):
        return None
    return absence(pricing, custom_fields, start_at, subscription_number)
