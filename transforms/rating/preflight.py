"""Preflight: which usage a bill run will not pick up and why, and the money that is at risk with it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from transforms.catalog.charge import Charge
from transforms.catalog.customers import ACTIVE, Account, SubscribedCharge
from transforms.catalog.units import Units
from transforms.cycles import cycle_of
from transforms.exact import Rounding, round_exact
from transforms.limits import DECIMALS_MAX
from transforms.period import Period
from transforms.rating.fields import text_of
from transforms.rating.lines import exact_sum
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError, UsageLine


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A Pending record with its account and subscribed charge; None where no charge of the account matches.

    `corrects` says that it is the difference to a record that was billed.
    """

    uom: str
    start_at: datetime
    period: Period
    account: Account
    subscribed: SubscribedCharge | None
    custom_fields: Mapping[str, str] = field(default_factory=dict)
    corrects: bool = False


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
    return _inactive(account, subscribed) or (None if candidate.corrects else _untimely(candidate, subscribed, charge))


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


def _untimely(candidate: Candidate, subscribed: SubscribedCharge, charge: Charge) -> str | None:
    if candidate.start_at < subscribed.start_at:
        return f"starts before the charge was subscribed to, at {subscribed.start_at.isoformat()}"
    if subscribed.end_at is not None and candidate.start_at >= subscribed.end_at:
        return f"starts after the subscription to the charge ended, at {subscribed.end_at.isoformat()}"
    if not cycle_of(candidate.account, charge, subscribed).has(candidate.period):
        return f"{candidate.period} is no billing period of the charge any more"
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
