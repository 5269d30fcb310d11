"""Flat fee, and what is prepaid: one price for a billing period, whether or not there is usage."""

from decimal import Decimal

from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import FlatFee
from transforms.rating.lines import TierLine


def price(quantity: Decimal, model: FlatFee | Prepaid) -> tuple[TierLine, ...]:
    """Price any quantity, 0 included, at the one amount."""
    return (TierLine(1, Decimal(0), None, quantity, model.price, "flat"),)
