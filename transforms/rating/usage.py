"""What rating takes and gives: usage lines in, rated items out."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from transforms.errors import MeterbridgeError
from transforms.rating.lines import TierLine

BilledKey = tuple[str, datetime, str]
"""Charge number, start of the billing period, group key: what earlier rated items are found by."""


class RatingError(MeterbridgeError, ValueError):
    """Usage that cannot be rated as it stands; nothing of the bill run may be kept."""


@dataclass(frozen=True, kw_only=True)
class UsageLine:
    """One active usage record. Instants bear a zone; `time_zone` is the account's, by its IANA name.

    `corrects` is the first record that an adjustment belongs to: both share a group when records are rated alone.
    """

    record_id: int
    account_number: str
    subscription_number: str
    charge_number: str
    charge: str
    uom: str
    quantity: Decimal
    start_at: datetime
    period_start: datetime
    period_end: datetime
    time_zone: str
    status: Literal["pending", "processed"]
    corrects: int | None = None

    def __post_init__(self) -> None:
        """Refuse an instant without zone, whose date would depend on the machine, and a quantity that is no number."""
        if None in (instant.tzinfo for instant in (self.start_at, self.period_start, self.period_end)):
            raise RatingError(f"record {self.record_id} has an instant without a time zone")
        if not self.quantity.is_finite():
            raise RatingError(f"record {self.record_id} has the quantity {self.quantity}, which is not a number")


@dataclass(frozen=True, kw_only=True)
class RatedItem:
    """What one group of usage is worth, what was billed of it before, and `amount`, the difference due now.

    `quantity` is in `uom`, rounded by the unit's rule; the amounts are in `currency`, rounded by its rule.
    `group_key` is empty for a whole billing period, the ISO date or the record id where usage is rated by these.
    """

    account_number: str
    subscription_number: str
    charge_number: str
    charge: str
    currency: str
    uom: str
    period_start: datetime
    period_end: datetime
    group_key: str
    quantity: Decimal
    breakdown: tuple[TierLine, ...]
    amount_total: Decimal
    billed_before: Decimal
    amount: Decimal
    record_ids: tuple[int, ...]
