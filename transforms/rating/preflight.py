"""Preflight: which usage a bill run will not pick up and why, and the money that is at risk with it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from transforms.catalog.charge import Charge, NegativeUsage
from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge
from transforms.catalog.pricing import AboveLastTier, PreRatedTotal, TierTable
from transforms.catalog.units import Units
from transforms.cycles import cycle_of
from transforms.exact import Rounding, round_exact
from transforms.figures import plain
from transforms.limits import DECIMALS_MAX
from transforms.period import Period
from transforms.rating.fields import text_of
from transforms.rating.group import group_usage
from transforms.rating.lines import exact_sum
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError, UsageLine


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A Pending record with its account and subscribed charge; None where no charge of the account matches.

    `corrects` says that it is the difference to a record that was billed, `quantity` is what it comes to.
    """

    uom: str
    start_at: datetime
    period: Period
    account: Account
    subscribed: SubscribedCharge | None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    corrects: bool = False
    quantity: Decimal = Decimal(0)


def obstacle(candidate: Candidate, charges: Mapping[str, Charge], required: Collection[str] = ()) -> str | None:
    """Say why no bill run picks a record up; None when one does.

    `charges` of the catalog are by name, `required` are the custom fields without which usage is not billed.
    """
    account, subscribed = candidate.account, candidate.subscribed
    if subscribed is None:
        return f"no charge of account {account.account_number} matches usage counted in {candidate.uom}"
    charge = charges.get(subscribed.charge)
    if charge is None:
        return f"charge {subscribed.charge} is not in the catalog"
    if other := _other(candidate, charge):
        return other
    if missing := [name for name in required if not text_of(candidate.custom_fields, name)]:
        return f"the required custom field {', '.join(missing)} is missing"
    timely = _lowering(candidate, charge) if candidate.corrects else _untimely(candidate, subscribed, charge)
    return _inactive(account, subscribed) or timely


def _other(candidate: Candidate, charge: Charge) -> str | None:
    if not charge.takes_usage:
        return f"charge {charge.charge} takes no usage of its own: its model is {charge.pricing.model}"
    if candidate.uom != charge.uom:
        return f"counted in {candidate.uom}, the charge bills {charge.uom}"
    if candidate.account.currency != charge.currency:
        return f"the account pays {candidate.account.currency}, the charge is priced in {charge.currency}"
    return None


def _inactive(account: Account, subscribed: SubscribedCharge) -> str | None:
    if account.status != ACTIVE:
        return f"account {account.account_number} is not active but {account.status}"
    if subscribed.status != ACTIVE:
        return f"the charge is not active but {subscribed.status}"
    return None


def _lowering(candidate: Candidate, charge: Charge) -> str | None:
    if candidate.quantity >= 0 or charge.negative_usage is NegativeUsage.ALLOW:
        return None
    return (
        f"it would take back {plain(-candidate.quantity)} {charge.uom} of what was billed, which charge "
        f"{charge.charge} refuses (negative_usage): let the charge allow it, or correct what lowers it (a file, an "
        "end) and run the meter's period again"
    )


def _untimely(candidate: Candidate, subscribed: SubscribedCharge, charge: Charge) -> str | None:
    if candidate.start_at < subscribed.start_at:
        return f"starts before the charge was subscribed to, at {subscribed.start_at.isoformat()}"
    if subscribed.end_at is not None and candidate.start_at >= subscribed.end_at:
        return f"starts after the subscription to the charge ended, at {subscribed.end_at.isoformat()}"
    if not cycle_of(candidate.account, charge, subscribed).has(candidate.period):
        return f"{candidate.period} is no billing period of the charge any more"
    return None


def may_be_refused(charge: Charge) -> bool:
    """Tell whether usage that is priced record by record may still come to what has no price.

    That is below zero, or above a closed last tier. Where usage draws prepaid units, only the bill run knows.
    """
    return charge.drawdown is None and (_is_bounded(charge) or charge.negative_usage is NegativeUsage.ALLOW)


def _is_bounded(charge: Charge) -> bool:
    """Tell whether usage without a quantity below zero can come to what has no price."""
    pricing = charge.pricing
    if isinstance(pricing, TierTable):
        return pricing.above_last_tier is AboveLastTier.REFUSE and pricing.tiers[-1].up_to is not None
    return isinstance(pricing, PreRatedTotal)


def refused(lines: Iterable[UsageLine], charges: Mapping[str, Charge], units: Units) -> dict[int, str]:
    """Say of Pending records, by number, why their group has no price: a bill run stops at what it comes to."""
    of_charge: defaultdict[str, list[UsageLine]] = defaultdict(list)
    for line in lines:
        of_charge[line.charge_number].append(line)
    found: dict[int, str] = {}
    for each in of_charge.values():
        if not _is_bounded(charges[each[0].charge]) and all(line.quantity >= 0 for line in each):
            continue  # most usage is, and rating all of it by the rules would take long
        for group in group_usage(each, charges, ()):
            if why := _refusal(group.lines, charges, units):
                found |= {line.record_id: why for line in group.lines if line.status == "Pending"}
    return found


def _refusal(lines: Sequence[UsageLine], charges: Mapping[str, Charge], units: Units) -> str | None:
    try:
        rate(lines, charges=charges, units=units, billed={})
    except RatingError as error:
        return str(error)
    return None


def money_at_risk(
    line: UsageLine, beside: Sequence[UsageLine], charges: Mapping[str, Charge], units: Units
) -> tuple[Decimal, str] | None:
    """Price a record as if it were picked up: what it adds to the usage `beside` it of its charge, and the currency.

    None where nobody can know: its charge takes no usage or is not in the catalog, its unit is none of the charge's, or
    the usage cannot be rated.
    """
    charge = charges.get(line.charge)
    if charge is None or not charge.takes_usage or (counted := _counted(line, charge, units)) is None:
        return None
    try:
        worth = _worth([*beside, counted], charges, units) - _worth(beside, charges, units)
    except RatingError:
        return None
    return worth, charge.currency


def _counted(line: UsageLine, charge: Charge, units: Units) -> UsageLine | None:
    """Count a record in the unit of its charge; None where no alias says how much that is."""
    try:
        factor = units.factor(line.uom, charge.uom)
    except KeyError:
        return None
    quantity = round_exact(Fraction(line.quantity) * factor, DECIMALS_MAX, Rounding.HALF_UP)
    return replace(line, uom=charge.uom, quantity=quantity)


def _worth(lines: Sequence[UsageLine], charges: Mapping[str, Charge], units: Units) -> Decimal:
    return exact_sum(item.amount_total for item in rate(lines, charges=charges, units=units, billed={}))
