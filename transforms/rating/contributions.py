"""What contributes to commitments: which charges may, and which of their billing periods do."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from transforms.catalog.charge import Alignment, Charge
from transforms.catalog.commitment import Commitment
from transforms.catalog.customers import Account, SubscribedCharge, by_number
from transforms.cycles import cycle_of
from transforms.period import MONTHS, Period
from transforms.rating.commitment import contributes
from transforms.rating.subscribed import charge_period, charge_periods, owes
from transforms.rating.usage import ChargePeriod


@dataclass(frozen=True)
class Contribution:
    """A billing period of a subscribed charge that counts towards a commitment."""

    account_number: str
    charge_number: str
    period: Period


def commitments(charges: Mapping[str, Charge]) -> dict[str, Charge]:
    """Find the commitments among the charges of a catalog, by name."""
    return {name: each for name, each in charges.items() if isinstance(each.pricing, Commitment)}


def contribution_problem(committed: Charge, other: Charge) -> str | None:
    """Say why a charge cannot contribute to a commitment; None where it can."""
    if isinstance(other.pricing, Commitment):
        return f"{other.charge} is a commitment itself"
    if other.currency != committed.currency:
        return f"{other.charge} is priced in {other.currency}, the commitment in {committed.currency}"
    if other.alignment is not Alignment.CALENDAR:
        return f"{other.charge} has billing periods by {other.alignment}, which can lie across those of the commitment"
    if MONTHS[committed.billing_period] % MONTHS[other.billing_period]:
        return (
            f"{other.charge} is billed by the {other.billing_period}, the commitment for a {committed.billing_period}"
        )
    return None


def contributions(
    accounts: Iterable[Account], subscribed: Iterable[SubscribedCharge], charges: Mapping[str, Charge], period: Period
) -> Iterator[Contribution]:
    """List what contributes to the commitments that these accounts have for a period, itself left out.

    `charges` of the catalog are by name. Only what a bill run of such a period would bill is listed.
    """
    known = by_number(accounts)
    of_account: defaultdict[str, list[SubscribedCharge]] = defaultdict(list)
    for each in subscribed:
        if each.account_number in known:
            of_account[each.account_number].append(each)
    of_known = chain.from_iterable(of_account.values())
    for to in charge_periods(known.values(), of_known, commitments(charges), period):
        for each in of_account[to.account_number]:
            if each.charge in charges:
                yield from _within(to, known[to.account_number], each, charges, period)


def _within(
    to: ChargePeriod, account: Account, each: SubscribedCharge, charges: Mapping[str, Charge], period: Period
) -> Iterator[Contribution]:
    """Cut a commitment's period into those of a subscribed charge, and give those that contribute."""
    charge, model = charges[each.charge], charges[to.charge].pricing
    cycle = cycle_of(account, charge, each)
    found = cycle.period_of(period.start)
    while isinstance(model, Commitment) and found.start < period.end:
        counts = contributes(charge_period(account, each, found), to, model)
        if found != period and counts and owes(account, each, charge, found):
            yield Contribution(to.account_number, each.charge_number, found)
        found = cycle.period_of(found.end)
