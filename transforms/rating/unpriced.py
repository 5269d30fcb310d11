"""What can be known of a price before a bill run: usage that its charge cannot price, or only at its list price."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from transforms.catalog.decision_table import Dynamic
from transforms.catalog.models import Pricing
from transforms.catalog.pricing import PreRatedPerUnit, PreRatedTotal
from transforms.rating.dynamic import absence, choose
from transforms.rating.fields import number, rate
from transforms.usage.usage import UsageRecord


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
    if not isinstance(pricing, Dynamic) or pricing.list_price is None:
        return None
    try:
        return absence(pricing, custom_fields, start_at, subscription_number)
    except ValueError:  # it cannot be priced at all, which `unpriced` tells
        return None


def judge(records: Iterable[UsageRecord], pricing: Pricing) -> tuple[dict[str, str], list[str]]:
    """Hold usage against what prices it: why records (by key) are kept back, and which fall back to the list price."""
    held, warnings = {}, []
    for record in records:
        facts = record.custom_fields, record.start_at, record.subscription_number
        if reason := unpriced(pricing, *facts):
            held[record.record_key] = f"price: {reason}"
        elif reason := at_list_price(pricing, *facts):
            warnings.append(f"charge {record.charge_number}: at its list price: {reason}")
    return held, warnings
