"""Scope: which charge of which subscription a reading belongs to, and from when to when it counts.

Two small tables, made from accounts and their charges, that readings are joined with:

    calendar   account, start_us, end_us                                the billing period, on the account's clock
    scope      account, subscription (empty: not named by the reading), charge_number, start_us, end_us, refusal
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from transforms.period import Month, Window

FOREVER_US = 2**62


@dataclass(frozen=True)
class Account:
    """A customer's account; `currency` and `time_zone` hold for all of its charges."""

    account_number: str
    name: str
    currency: str
    time_zone: str
    status: str = "Active"


@dataclass(frozen=True)
class SubscribedCharge:
    """A charge of the catalog as one subscription has it, from `start_at` until `end_at` (exclusive; None is open)."""

    charge_number: str
    subscription_number: str
    account_number: str
    charge: str
    start_at: datetime
    end_at: datetime | None = None
    status: str = "Active"


@dataclass(frozen=True)
class CalendarRow:
    """The billing period of one account."""

    account: str
    start_us: int
    end_us: int


@dataclass(frozen=True)
class ScopeRow:
    """What readings of one (account, subscription) are billed by, or why they are not."""

    account: str
    subscription: str
    charge_number: str | None
    start_us: int
    end_us: int
    refusal: str | None


def calendar(accounts: Iterable[Account], period: Month) -> list[CalendarRow]:
    """Cut the period on every account's clock."""
    windows = {account.account_number: period.window(account.time_zone) for account in accounts}
    return [CalendarRow(number, window.start_us, window.end_us) for number, window in sorted(windows.items())]


def scope(
    accounts: Iterable[Account], charges: Iterable[SubscribedCharge], charge: str, period: Month
) -> list[ScopeRow]:
    """Tell for every account, with and without a subscription named, the one charge that its readings belong to."""
    zones = {account.account_number: account for account in accounts}
    candidates: defaultdict[tuple[str, str], list[SubscribedCharge]] = defaultdict(list)
    for number in zones:
        candidates[number, ""] = []
    for each in charges:
        if each.account_number in zones:
            matches = [each] if each.charge == charge else []
            candidates[each.account_number, ""] += matches
            candidates[each.account_number, each.subscription_number] += matches
    return [_row(zones[key[0]], key, found, period) for key, found in sorted(candidates.items())]


def _row(account: Account, key: tuple[str, str], found: list[SubscribedCharge], period: Month) -> ScopeRow:
    window = period.window(account.time_zone)
    live = [each for each in found if _overlaps(each, window)] or found[:1]
    if refusal := _refusal(account, live):
        return ScopeRow(*key, None, 0, 0, refusal)
    clipped = window.clip(live[0].start_at, live[0].end_at)
    return ScopeRow(*key, live[0].charge_number, clipped.start_us, clipped.end_us, None)


def _overlaps(charge: SubscribedCharge, window: Window) -> bool:
    clipped = window.clip(charge.start_at, charge.end_at)
    return clipped.start < clipped.end


def _refusal(account: Account, live: list[SubscribedCharge]) -> str | None:
    if account.status != "Active":
        return "account_not_active"
    if not live:
        return "no_charge"
    if len(live) > 1:
        return "ambiguous_charge"
    return None if live[0].status == "Active" else "charge_not_active"
