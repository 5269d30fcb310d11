"""What rating takes and gives: usage lines in, rated items out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from transforms.errors import MeterbridgeError
from transforms.rating.lines import TierLine

Found = TypeVar("Found")
BilledKey = tuple[str, datetime, str]
"""Charge number, start of the billing period, group key: what earlier rated items are found by."""
ChargePeriodKey = tuple[str, datetime]
"""Charge number and start of the billing period."""


class RatingError(MeterbridgeError, ValueError):
    """Usage that cannot be rated as it stands; nothing of the bill run may be kept."""


@dataclass(frozen=True, kw_only=True)
class ChargePeriod:
    """A billing period of a subscribed charge, half-open, with or without usage."""

    account_number: str
    subscription_number: str
    charge_number: str
    charge: str
    period_start: datetime
    period_end: datetime


@dataclass(frozen=True, kw_only=True)
class UsageLine(ChargePeriod):
    """One active usage record. Instants bear a zone; `time_zone` is the account's, by its IANA name.

    `corrects` is the first record that an adjustment belongs to: both are always in one group.
    """

    record_id: int
    uom: str
    quantity: Decimal
    start_at: datetime
    time_zone: str
    status: Literal["Pending", "Processed"]
    corrects: int | None = None
    import_id: str = ""
    custom_fields: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an instant without zone, whose date would depend on the machine, and a quantity that is no number."""
        if None in (instant.tzinfo for instant in (self.start_at, self.period_start, self.period_end)):
            raise RatingError(f"record {self.record_id} has an instant without a time zone")
        if not self.quantity.is_finite():
            raise RatingError(f"record {self.record_id} has the quantity {self.quantity}, which is not a number")

    @property
    def start_date(self) -> date:
        """The day on which it starts, on the account's clock."""
        return self.start_at.astimezone(ZoneInfo(self.time_zone)).date()

    @property
    def first_record_id(self) -> int:
        """The record itself, or the one that it corrects."""
        return self.record_id if self.corrects is None else self.corrects


def of_record(line: UsageLine, read: Callable[[UsageLine], Found]) -> Found:
    """Read something of a record; ValueError names it."""
    try:
        return read(line)
    except ValueError as error:
        raise ValueError(f"record {line.record_id}: {error}") from error


@dataclass(frozen=True, kw_only=True)
class RatedItem(ChargePeriod):
    """What one group of usage is worth, what was billed of it before, and `amount`, the difference that is due now.

    `quantity` is in `uom`, rounded by the unit's rule; the amounts are in `currency`, rounded by its rule.
    `group_key` is empty for a whole billing period; else the ISO date, the number of the record, the ImportId or the
    group id by which usage is rated.
    """

    currency: str
    uom: str
    group_key: str
    quantity: Decimal
    breakdown: tuple[TierLine, ...]
    amount_total: Decimal
    billed_before: Decimal
    amount: Decimal
    record_ids: tuple[int, ...]
