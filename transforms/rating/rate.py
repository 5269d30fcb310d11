"""Rating: all active usage of billing periods in, the rated items that are due out."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce

from transforms.charge import Charge, RateRecords
from transforms.rating import individually
from transforms.rating.group import Group, group_usage
from transforms.rating.lines import EXACT, TierLine, exact_sum, worth
from transforms.rating.price import measure, price
from transforms.rating.usage import BilledKey, ChargePeriod, RatedItem, RatingError, UsageLine
from transforms.units import Currency, Unit, Units

ZERO = Decimal(0)


@dataclass(frozen=True)
class Draft:
    """A group of usage on its way to a rated item; each step fills in one figure."""

    group: Group
    unit: Unit
    currency: Currency
    billed_before: Decimal
    quantity: Decimal = ZERO
    breakdown: tuple[TierLine, ...] = ()
    amount_total: Decimal = ZERO
    amount: Decimal = ZERO


def sum_units(draft: Draft) -> Draft:
    """Add up the group's usage, of its highest day where the model is a high-water mark."""
    try:
        return replace(draft, quantity=measure(draft.group.charge.pricing, draft.group.lines))
    except ValueError as error:
        raise RatingError(f"{_named(draft)}: {error}") from error


def round_quantity(draft: Draft) -> Draft:
    """Round the sum by the rule of the unit."""
    return replace(draft, quantity=draft.unit.round(draft.quantity))


def price_units(draft: Draft) -> Draft:
    """Price the quantity by the charge's model; a group that lost all its usage is worth nothing."""
    if draft.group.lost:
        return draft
    try:
        return replace(draft, breakdown=price(draft.quantity, draft.group.charge.pricing, draft.group.lines))
    except ValueError as error:
        raise RatingError(f"{_named(draft)}: {error}") from error


def round_money(draft: Draft) -> Draft:
    """Round by the rule of the currency: all that the breakdown comes to, or what of it each record owes."""
    if draft.group.charge.rate_records is RateRecords.TOGETHER:
        return replace(draft, amount_total=draft.currency.round(worth(draft.breakdown)))
    shares = individually.shares(draft.group.lines, draft.quantity, draft.breakdown, draft.unit)
    return replace(draft, amount_total=exact_sum(map(draft.currency.round, shares)))


def take_off_billed(draft: Draft) -> Draft:
    """Leave what is still due: less than zero where too much was billed."""
    return replace(draft, amount=EXACT.subtract(draft.amount_total, draft.billed_before))


STEPS: tuple[Callable[[Draft], Draft], ...] = (
    # Grouping comes first (`group_usage`): the charge says what is added up, and each group meets the tiers afresh.
    # Units are summed before they are rounded: rounding each record would make the bill depend on how usage was cut.
    sum_units,
    # The quantity is rounded before it is priced: what stands on the invoice, times the price, is the amount.
    round_quantity,
    # The price is never rounded, and a tier's amount neither.
    price_units,
    # Money is rounded once, on the sum of the tiers; with `rate_records: individually` once for every record, on its
    # share of the tiers. These shares come after the price: a volume's tier depends on the whole quantity.
    round_money,
    # What was billed before comes off last, both sides rounded: the items of a group add up to its worth to the cent.
    take_off_billed,
)


def rate(
    lines: Iterable[UsageLine],
    *,
    charges: Mapping[str, Charge],
    units: Units,
    billed: Mapping[BilledKey, Decimal],
    subscribed: Iterable[ChargePeriod] = (),
) -> tuple[RatedItem, ...]:
    """Rate all active usage, processed and pending, of one or more billing periods against what was billed of them.

    `charges` by name; `billed` is the sum of earlier items' amounts; `subscribed` are the charges that have a period,
    of which those with a flat fee owe it without usage too. A group yields an item when something is due or a record
    is pending; billed groups of a charge and period that have no usage here at all are left alone.
    The items come in the order of account, charge number, period and group, whatever the order of the lines.
    RatingError names the record or group that cannot be rated; KeyError for a charge's unit or currency that
    `units` lacks.
    """
    drafts = (_draft(group, units, billed) for group in group_usage(lines, charges, billed.keys(), subscribed))
    rated = (reduce(lambda draft, step: step(draft), STEPS, draft) for draft in drafts)
    return tuple(_item(draft) for draft in rated if _is_due(draft))


def _draft(group: Group, units: Units, billed: Mapping[BilledKey, Decimal]) -> Draft:
    charge = group.charge
    before = billed.get(group.billed_key, ZERO)
    return Draft(group, units.units[charge.uom], units.currencies[charge.currency], before)


def _is_due(draft: Draft) -> bool:
    return draft.amount != 0 or any(line.status == "pending" for line in draft.group.lines)


def _named(draft: Draft) -> str:
    owner, key = draft.group.owner, draft.group.key
    period = f"the period from {owner.period_start.isoformat()}"
    return f"charge {owner.charge!r} ({owner.charge_number}) in {period}" + (f", group {key}" if key else "")


def _item(draft: Draft) -> RatedItem:
    owner, charge = draft.group.owner, draft.group.charge
    return RatedItem(
        account_number=owner.account_number,
        subscription_number=owner.subscription_number,
        charge_number=owner.charge_number,
        charge=owner.charge,
        currency=charge.currency,
        uom=charge.uom,
        period_start=owner.period_start,
        period_end=owner.period_end,
        group_key=draft.group.key,
        quantity=draft.quantity,
        breakdown=draft.breakdown,
        amount_total=draft.amount_total,
        billed_before=draft.billed_before,
        amount=draft.amount,
        record_ids=tuple(line.record_id for line in draft.group.lines),
    )
