"""Who is billed: accounts, and the charges that they subscribe to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

ACTIVE = "Active"  # the status of whoever is billed
# The billing platform's words for the others, in both of its spellings, and plain ones for an account that is closed.
NOT_BILLED = (
    "Draft", "Pending Activation", "PendingActivation", "Pending Acceptance", "PendingAcceptance", "Suspended",
    "Canceled", "Cancelled", "Expired", "Closed", "Inactive",
)  # fmt: skip


@dataclass(frozen=True)
class Account:
    """A customer's account; currency, time zone and bill cycle day hold for all of its charges.

    Accounts of one `batch` may be billed apart from the others.
    """

    account_number: str
    name: str
    currency: str
    time_zone: str
    status: str = ACTIVE
    bill_cycle_day: int = 1
    batch: str = ""


@dataclass(frozen=True)
class SubscribedCharge:
    """A charge of the catalog as one subscription has it, from `start_at` until `end_at` (exclusive; None is open)."""

    charge_number: str
    subscription_number: str
    account_number: str
    charge: str
    start_at: datetime
    end_at: datetime | None = None
    status: str = ACTIVE


def by_number(accounts: Iterable[Account]) -> dict[str, Account]:
    """Let accounts be found by their numbers; where one stands twice, the last counts."""
    return {each.account_number: each for each in accounts}
