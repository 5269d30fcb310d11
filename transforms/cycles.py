"""Cycles: which billing periods a charge has, for each of those who subscribe to it."""

from collections.abc import Collection, Iterable, Mapping, Set
from datetime import datetime
from zoneinfo import ZoneInfo

from transforms.catalog.charge import Alignment, Charge
from transforms.catalog.customers import Account, SubscribedCharge, by_number
from transforms.errors import MeterbridgeError
from transforms.lists import first_few
from transforms.period import MONTHS, Cycle, Period

LISTED_PERIODS_MAX = 12


class WrongPeriodError(MeterbridgeError):
    """A period that no cycle of the charge has; the message lists those that there are."""


def plain_cycle(charge: Charge) -> Cycle:
    """Give the calendar's own cycle of a charge's length: for whoever is unknown, or does not subscribe to it."""
    return Cycle(MONTHS[charge.billing_period])


def cycle_of(account: Account, charge: Charge, subscribed: SubscribedCharge | None) -> Cycle:
    """Tell how an account's billing periods of a charge follow one another.

    Those by the calendar begin on the account's bill cycle day, those by anniversary on the local day on which the
    charge was subscribed to. Without a subscription it is the plain cycle.
    """
    if subscribed is None:
        return plain_cycle(charge)
    months = MONTHS[charge.billing_period]
    if charge.alignment is Alignment.CALENDAR:
        return Cycle(months, account.bill_cycle_day)
    started = subscribed.start_at.astimezone(ZoneInfo(account.time_zone))
    return Cycle(months, started.day, (started.month - 1) % months + 1)  # the first of the months in which one begins


def cycles_of(accounts: Iterable[Account], charges: Iterable[SubscribedCharge], charge: Charge) -> set[Cycle]:
    """List the cycles of a charge: the plain one, and those of all who subscribe to it, or ever did.

    A cycle stays although a subscription has ended: its account's later readings must still be seen by some period.
    """
    known = by_number(accounts)
    mine = (each for each in charges if each.charge == charge.charge and each.account_number in known)
    return {plain_cycle(charge)} | {cycle_of(known[each.account_number], charge, each) for each in mine}


def periods_ended(
    accounts: Iterable[Account],
    charges: Iterable[SubscribedCharge],
    charge: Charge,
    after: datetime,
    until: datetime,
) -> list[Period]:
    """List the periods of a charge that came to be over everywhere after one instant and by another, in order."""
    cycles = cycles_of(accounts, charges, charge)
    return sorted({period for cycle in cycles for period in cycle.ended(after, until)})


def passed_over(
    accounts: Iterable[Account],
    subscribed: Iterable[SubscribedCharge],
    charges: Mapping[str, Charge],
    done: Set[Period],
) -> set[Period]:
    """List the periods that should have been done with others of their time, and were not.

    They ended within a period that is done, and that is no longer than they: nobody had subscribed by their cycle yet
    when it was done, or their own run gave up waiting. What was over before the first subscription by a cycle began is
    none of them, nor what began before the first that is done: that was billed elsewhere, or is for a person to say.
    """
    if not done:
        return set()
    first = min(done, key=lambda one: (one.end, -one.start.toordinal())).start
    began = _begun(accounts, subscribed, charges)
    return {
        period
        for one in done
        for cycle, start in began.items()
        if one.months <= cycle.months
        for period in cycle.ending_within(one)
        if period.over_at > start and period.start >= first
    }.difference(done)


def _begun(
    accounts: Iterable[Account], subscribed: Iterable[SubscribedCharge], charges: Mapping[str, Charge]
) -> dict[Cycle, datetime]:
    """Tell when the first subscription by each cycle began."""
    known, began = by_number(accounts), dict[Cycle, datetime]()
    for each in subscribed:
        if each.charge in charges and each.account_number in known:
            cycle = cycle_of(known[each.account_number], charges[each.charge], each)
            began[cycle] = min(each.start_at, began.get(cycle, each.start_at))
    return began


def has_period(cycles: Iterable[Cycle], period: Period) -> bool:
    """Tell whether any of these cycles has a period."""
    return any(cycle.has(period) for cycle in cycles)


def require_among(cycles: Collection[Cycle], period: Period, whose: str) -> None:
    """Refuse a period that none of these cycles has; WrongPeriodError lists those that hold its first day."""
    if has_period(cycles, period):
        return
    found = sorted({cycle.period_of(period.start) for cycle in cycles}, reverse=True)
    listed = first_few([*map(str, found)], LISTED_PERIODS_MAX) or "none"
    raise WrongPeriodError(f"{period} is no billing period of {whose}; those that hold {period.start} are {listed}")
