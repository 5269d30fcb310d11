"""Moved: names whose readings were of another time of a period when it was derived.

A charge was subscribed to, begun or ended otherwise since.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from transforms.catalog.customers import Account, SubscribedCharge
from transforms.period import Period, Window
from transforms.quantities.place import shares_of
from transforms.quantities.scope import AMBIGUOUS, NEVER, Name, Scope, Target


@dataclass(frozen=True)
class Change:
    """A subscribed charge as it was before, and the status of its account; `start_at` is None where there was none."""

    charge_number: str
    start_at: datetime | None
    end_at: datetime | None
    status: str
    account_status: str


def changes(
    accounts: Iterable[Account],
    charges: Collection[SubscribedCharge],
    accounts_now: Iterable[Account],
    charges_now: Iterable[SubscribedCharge],
) -> Iterator[Change]:
    """List what is changed of charges by accounts and charges that are registered now.

    A new charge is a change where its account subscribes to the same already; else its readings are a stranger's.
    """
    status = {each.account_number: each.status for each in accounts}
    status_now = status | {each.account_number: each.status for each in accounts_now}
    before = {each.charge_number: each for each in charges}
    subscribed = {(each.account_number, each.charge) for each in charges}
    for each in (before | {each.charge_number: each for each in charges_now}).values():
        was, account = before.get(each.charge_number), each.account_number
        if was is None or (was.account_number, was.charge) != (account, each.charge):
            if (account, each.charge) in subscribed:
                yield Change(each.charge_number, None, None, each.status, status[account])
        elif was != each or status[account] != status_now[account]:
            yield Change(each.charge_number, was.start_at, was.end_at, was.status, status[account])


def as_of(
    accounts: Iterable[Account], charges: Collection[SubscribedCharge], since: Iterable[Change]
) -> tuple[list[Account], list[SubscribedCharge]]:
    """Give accounts and charges as they were before changes, which come in their order.

    Changes of charges that are not among these were made since these were read.
    """
    whose = {each.charge_number: each.account_number for each in charges}
    mine = [each for each in since if each.charge_number in whose]
    first, status = _first(mine), dict[str, str]()
    for each in mine:
        status.setdefault(whose[each.charge_number], each.account_status)
    paying = [replace(each, status=status.get(each.account_number, each.status)) for each in accounts]
    return paying, [was for each in charges if (was := _was(each, first.get(each.charge_number)))]


def _was(charge: SubscribedCharge, change: Change | None) -> SubscribedCharge | None:
    if change is None:
        return charge
    if change.start_at is None:
        return None
    return replace(charge, start_at=change.start_at, end_at=change.end_at, status=change.status)


def accounts_moved(
    accounts: Iterable[Account], charges: Iterable[SubscribedCharge], since: Iterable[Change], period: Period
) -> set[str]:
    """Tell which accounts subscribe to charges for another part of a period than before changes, told in their order.

    Few are left of years of changes: what the others were before need not be made up.
    """
    zones = {each.account_number: each.time_zone for each in accounts}
    first = _first(since)

    def part(zone: str, start_at: datetime | None, end_at: datetime | None) -> Window:
        window = NEVER if start_at is None else period.window(zone).clip(start_at, end_at)
        return window if window.start < window.end else NEVER

    def differs(was: Change, each: SubscribedCharge) -> bool:
        then, now = (was.start_at, was.end_at), (each.start_at, each.end_at)
        zone = zones.get(each.account_number)
        return then != now and zone is not None and part(zone, *then) != part(zone, *now)

    known = ((first.get(each.charge_number), each) for each in charges)
    return {each.account_number for was, each in known if was and differs(was, each)}


def _first(since: Iterable[Change]) -> dict[str, Change]:
    """Give the first change of each charge."""
    first: dict[str, Change] = {}
    for each in since:
        first.setdefault(each.charge_number, each)
    return first


def moved(then: Scope, now: Scope, fixed: Collection[str] = ()) -> set[Name]:
    """List the names that led to a charge, or to several at once, and lead to other parts of the period now.

    Whoever is refused now under any name, or was refused for a status, is none of them: that is for people to say. Nor
    is who would lose any time of a charge that is `fixed`, because what was billed of it may not become less.
    """
    both = {name: (then[name], target) for name, target in now.items() if name in then}
    lost = (after for before, after in both.values() if _times(after) is None and _times(before) is not None)
    refused = {target.account_number for target in lost}
    return {
        name
        for name, (before, after) in both.items()
        if after.account_number not in refused and _has_moved(before, after, fixed)
    }


def _has_moved(then: Target, now: Target, fixed: Collection[str]) -> bool:
    before, after = _times(then), _times(now)
    if after is None or before == after or not (before or then.refusal == AMBIGUOUS):
        return False
    return all(_is_kept(window, after.get(number)) for number, window in (before or {}).items() if number in fixed)


def _times(target: Target) -> Mapping[str, Window] | None:
    """Tell which part of the period is whose; None where any of it is refused."""
    shares = [share.target for share in shares_of(target)]
    if any(each.refusal for each in shares):
        return None
    return {each.charge_number: each.covered for each in shares if each.covered.start < each.covered.end}


def _is_kept(before: Window, after: Window | None) -> bool:
    """Tell whether a charge keeps its time: it has a record by its start, which may go on for longer."""
    return after is not None and after.start == before.start and after.end >= before.end
