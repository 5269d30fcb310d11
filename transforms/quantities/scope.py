"""Scope: which charge a reading belongs to, and from when to when it counts.

Readings name an account and perhaps a subscription; a row for each such name leads to a target: a charge with its part
of the billing period, or the reason why its readings are not billed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from transforms.catalog.charge import Charge
from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge, by_number
from transforms.cycles import cycle_of
from transforms.period import EPOCH, Period, Window

NEVER = Window(EPOCH, EPOCH)
NO_CHARGE, OTHER_PERIOD, AMBIGUOUS = "no_charge", "other_period", "ambiguous_charge"
Name = tuple[str, str]
"""What a reading calls its account and subscription; the latter is empty where it names none."""


@dataclass(frozen=True)
class LookupRow:
    """Whose readings are those that a source knows by `key`; an empty number leaves it open."""

    key: str
    account_number: str
    subscription_number: str = ""
    charge_number: str = ""


@dataclass(frozen=True)
class Target:
    """Where readings go: to the part `covered` of a charge's billing period, or nowhere, for the reason `refusal`.

    From an instant on they may be those of a `successor`: one charge ended, and another was subscribed to in its place.
    """

    account_number: str
    charge_number: str
    period: Window
    covered: Window
    time_zone: str
    refusal: str = ""
    successor: "tuple[datetime, Target] | None" = None

    @property
    def takes(self) -> bool:
        """Tell whether any reading of the period can be used."""
        mine = not self.refusal and self.covered.start < self.covered.end
        return mine or (self.successor is not None and self.successor[1].takes)

    def __hash__(self) -> int:
        """Few targets share both: the windows, which many do, are slow to hash."""
        return hash((self.account_number, self.charge_number))


Scope = Mapping[Name, Target]


def scope(
    accounts: Iterable[Account],
    charges: Sequence[SubscribedCharge],
    charge: Charge,
    period: Period,
    lookup: Sequence[LookupRow] | None = None,
    billed: Collection[str] = (),
) -> dict[Name, Target]:
    """Tell for every name that readings can bear where they go in a billing period.

    `billed` are the charge numbers that were billed for it: whoever is closed since keeps the usage of then.
    """
    known = by_number(accounts)
    mine: defaultdict[str, list[SubscribedCharge]] = defaultdict(list)
    for each in charges:
        mine[each.account_number].append(each)
    found: dict[Name, tuple[Account, list[SubscribedCharge]]] = {}
    names = _own_names(known, mine) if lookup is None else _looked_up(lookup, known, mine)
    for name, account, candidates in names:
        _, before = found.setdefault(name, (account, []))
        # Two rows of a lookup can fit one charge; it is one all the same.
        before += [each for each in candidates if each.charge == charge.charge and each not in before]
    return {name: _target(*found[name], charge, period, billed) for name in sorted(found)}


def _own_names(
    accounts: Mapping[str, Account], charges: Mapping[str, list[SubscribedCharge]]
) -> Iterator[tuple[Name, Account, list[SubscribedCharge]]]:
    """Give the names of accounts that are the store's own: with and without a subscription."""
    for number, account in accounts.items():
        mine = charges.get(number, [])
        yield (number, ""), account, mine
        for each in mine:
            yield (number, each.subscription_number), account, [each]


def _looked_up(
    lookup: Iterable[LookupRow], accounts: Mapping[str, Account], charges: Mapping[str, list[SubscribedCharge]]
) -> Iterator[tuple[Name, Account, list[SubscribedCharge]]]:
    """Give the names of a lookup table whose account is known; a subscription that a reading names must fit as well."""
    for row in lookup:
        if row.account_number in accounts:
            account = accounts[row.account_number]
            mine = [each for each in charges.get(row.account_number, []) if _fits(each, row)]
            yield (row.key, ""), account, mine
            for each in mine:
                yield (row.key, each.subscription_number), account, [each]


def _fits(charge: SubscribedCharge, row: LookupRow) -> bool:
    of_subscription = row.subscription_number in {"", charge.subscription_number}
    return of_subscription and row.charge_number in {"", charge.charge_number}


def _target(
    account: Account, found: list[SubscribedCharge], charge: Charge, period: Period, billed: Collection[str]
) -> Target:
    """Settle on the one charge that covers any of the period, else on any; of several, one must follow the other."""
    window = period.window(account.time_zone)
    live = [each for each in found if _overlaps(each, window)]
    if not _follow_one_another(live):
        return _target_among(account, live or found[:1], charge, period, billed)
    *earlier, last = sorted(live, key=lambda each: each.start_at)
    since, target = last.start_at, _target_among(account, [last], charge, period, billed)
    for each in reversed(earlier):
        target = replace(_target_among(account, [each], charge, period, billed), successor=(since, target))
        since = each.start_at
    return target


def _follow_one_another(live: Sequence[SubscribedCharge]) -> bool:
    """Tell whether there are several, none of which begins before the one before it has ended."""
    in_order = sorted(live, key=lambda each: each.start_at)
    return len(live) > 1 and all(one.end_at and one.end_at <= other.start_at for one, other in pairwise(in_order))


def _target_among(
    account: Account, among: Sequence[SubscribedCharge], charge: Charge, period: Period, billed: Collection[str]
) -> Target:
    """Settle on the first of these, whose own cycle must have the period."""
    window = period.window(account.time_zone)
    if not cycle_of(account, charge, among[0] if among else None).has(period):
        refusal = OTHER_PERIOD if among else NO_CHARGE
        return Target(account.account_number, "", NEVER, NEVER, account.time_zone, refusal)
    if refusal := _refusal(account, among, billed):
        return Target(account.account_number, "", window, NEVER, account.time_zone, refusal)
    covered = window.clip(among[0].start_at, among[0].end_at)
    return Target(account.account_number, among[0].charge_number, window, covered, account.time_zone)


def _overlaps(charge: SubscribedCharge, window: Window) -> bool:
    clipped = window.clip(charge.start_at, charge.end_at)
    return clipped.start < clipped.end


def _refusal(account: Account, live: Sequence[SubscribedCharge], billed: Collection[str]) -> str:
    was_billed = any(each.charge_number in billed for each in live)
    if account.status != ACTIVE and not was_billed:
        return "account_not_active"
    if not live:
        return NO_CHARGE
    if len(live) > 1:
        return AMBIGUOUS
    return "" if live[0].status == ACTIVE or was_billed else "charge_not_active"


def strangers(scope: Scope, heard: Collection[Target]) -> set[Name]:
    """List the names of a scope that lead to no charge of the period, of the targets that have readings.

    Who has a charge that is not Active, or several, is none of them: that is for people to say.
    """
    homeless = {target for target in heard if target.refusal in {"", NO_CHARGE} and not target.takes}
    return {name for name, target in scope.items() if target in homeless}


def has_found(strangers: Iterable[Name], scope: Scope, *, here: bool) -> bool:
    """Tell whether any of these names, which led to no charge, leads to one by now.

    `here` tells whether their readings are in this period's ledger until then: who has other periods now takes them
    away from it.
    """
    targets = (scope[name] for name in strangers if name in scope)
    return any(target.takes or (here and target.refusal == OTHER_PERIOD) for target in targets)
