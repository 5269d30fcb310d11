"""Rating: all active usage of billing periods in, the rated items that are due out."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce
from types import MappingProxyType

from transforms.catalog.charge import Charge, RateRecords
from transforms.catalog.commitment import Commitment
from transforms.catalog.units import Currency, Unit, Units
from transforms.limits import AMOUNT_DIGITS_MAX, WHOLE_DIGITS_MAX
from transforms.rating import individually
from transforms.rating.commitment import Contributions, take_off
from transforms.rating.group import Group, group_usage
from transforms.rating.lines import EXACT, TierLine, exact_sum, worth
from transforms.rating.prepaid import Funds, Purse, covered_line
from transforms.rating.price import measure, price
from transforms.rating.usage import BilledKey, ChargePeriod, ChargePeriodKey, RatedItem, RatingError, UsageLine

ZERO = Decimal(0)
NOTHING: Mapping[ChargePeriodKey, Decimal] = MappingProxyType({})


@dataclass(frozen=True)
class Draft:
    """A group of usage on its way to a rated item; each step fills in one figure."""

    group: Group
    unit: Unit
    currency: Currency
    billed_before: Decimal
    funds: Funds
    contributions: Contributions
    quantity: Decimal = ZERO
    covered: Decimal = ZERO
    covered_before: Decimal = ZERO
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
    """Round the sum by the rule of the unit; RatingError where it has more digits than can be kept."""
    quantity, uom = draft.unit.round(draft.quantity), draft.group.charge.uom
    _check_digits(draft, quantity, WHOLE_DIGITS_MAX, f"{uom}; count it in a larger unit")
    return replace(draft, quantity=quantity)


def draw_prepaid(draft: Draft) -> Draft:
    """Cover what prepaid units pay for, where the charge draws them."""
    if (drawdown := draft.group.charge.drawdown) is None:
        return draft
    before = draft.funds.covered_before(draft.group, drawdown, draft.unit)
    covered = draft.funds.cover(draft.group, drawdown, draft.quantity, draft.unit)
    return replace(draft, covered=covered, covered_before=before)


def price_units(draft: Draft) -> Draft:
    """Price by the charge's model what is not prepaid; a group that lost all its usage is worth nothing."""
    if draft.group.lost:
        return draft
    prepaid = tuple(covered_line(draft.covered))
    if prepaid and draft.covered == draft.quantity:
        return replace(draft, breakdown=prepaid)
    rest = EXACT.subtract(draft.quantity, draft.covered)
    try:
        return replace(draft, breakdown=prepaid + price(rest, draft.group.charge.pricing, draft.group.lines))
    except ValueError as error:
        raise RatingError(f"{_named(draft)}: {error}") from error


def commit(draft: Draft) -> Draft:
    """Take what contributed off what is committed."""
    if not isinstance(model := draft.group.charge.pricing, Commitment):
        return draft
    return replace(draft, breakdown=take_off(draft.breakdown, draft.contributions.to(draft.group.owner, model)))


def round_money(draft: Draft) -> Draft:
    """Round by the rule of the currency; RatingError where the amount has more digits than can be kept."""
    amount, currency = _rounded(draft), draft.group.charge.currency
    _check_digits(draft, amount, AMOUNT_DIGITS_MAX, f"{currency}; look at its price and its usage")
    return replace(draft, amount_total=amount)


def _rounded(draft: Draft) -> Decimal:
    """Round all that the breakdown comes to, or what of it each record owes."""
    if draft.group.charge.rate_records is RateRecords.TOGETHER:
        return draft.currency.round(worth(draft.breakdown))
    shares = individually.shares(draft.group.lines, draft.quantity, draft.breakdown, draft.unit)
    return exact_sum(map(draft.currency.round, shares))


def _check_digits(draft: Draft, figure: Decimal, digits: int, advice: str) -> None:
    if figure.adjusted() >= digits:
        raise RatingError(f"{_named(draft)}: more than {digits} digits before the point: {figure:f} {advice}")


def take_off_billed(draft: Draft) -> Draft:
    """Leave what is still due: less than zero where too much was billed."""
    return replace(draft, amount=EXACT.subtract(draft.amount_total, draft.billed_before))


STEPS: tuple[Callable[[Draft], Draft], ...] = (
    # Grouping comes first (`group_usage`): the charge says what is added up, and each group meets the tiers afresh.
    # Units are summed before they are rounded: rounding each record would make the bill depend on how usage was cut.
    sum_units,
    # The quantity is rounded before it is priced: what stands on the invoice, times the price, is the amount.
    round_quantity,
    # Prepaid units are drawn for the quantity that stands on the invoice; only the rest is priced, from the first tier
    # on.
    draw_prepaid,
    # The price is never rounded, and a tier's amount neither.
    price_units,
    # What is committed is priced, and what contributed comes off it: bills, rounded to the cent. So commitments come
    # after everything else; with what contributes they add up to what is committed, or to what was spent if it is more.
    commit,
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
    funds: Funds | None = None,
    contributed: Mapping[ChargePeriodKey, Decimal] = NOTHING,
) -> tuple[RatedItem, ...]:
    """Rate all active usage, processed and pending, of one or more billing periods against what was billed of them.

    `charges` by name; `billed` is the sum of earlier items' amounts; `subscribed` are the charges that have a period,
    of which those with a flat fee owe it without usage too. A group yields an item when something is due or a record
    is pending, a commitment also the first time; `funds` cover usage of charges with a drawdown, in the order of the
    items. `contributed` is what earlier bill runs, of any period, billed that counts towards each commitment. Billed
    groups of a charge and period that have no usage here at all are left alone.
    The items come in the order of account, charge number, period and group, whatever the order of the lines.
    RatingError names the record or group that cannot be rated; KeyError for a charge's unit or currency that
    `units` lacks.
    """
    groups, purse = group_usage(lines, charges, billed.keys(), subscribed), funds or Purse()
    contributions = Contributions(contributed)
    groups.sort(key=_is_committed)  # and else they stay in their order
    drafts = (_draft(group, units, billed, purse, contributions) for group in groups)
    rated = sorted(map(_rated, drafts), key=lambda draft: draft.group.place)
    return tuple(_item(draft) for draft in rated if _is_due(draft, billed))


def _rated(draft: Draft) -> Draft:
    done = reduce(lambda draft, step: step(draft), STEPS, draft)
    done.contributions.add(done.group.owner, done.amount)
    return done


def _is_committed(group: Group) -> bool:
    return isinstance(group.charge.pricing, Commitment)


def _draft(
    group: Group,
    units: Units,
    billed: Mapping[BilledKey, Decimal],
    funds: Funds,
    contributions: Contributions,
) -> Draft:
    charge = group.charge
    before = billed.get(group.billed_key, ZERO)
    return Draft(group, units.units[charge.uom], units.currencies[charge.currency], before, funds, contributions)


def _is_due(draft: Draft, billed: Collection[BilledKey]) -> bool:
    if draft.amount != 0 or any(line.status == "Pending" for line in draft.group.lines):
        return True
    if draft.covered != draft.covered_before:  # it may cost the same, but is paid for otherwise
        return True
    # A commitment that was kept owes nothing, and is shown once: whoever looks later finds what it was settled with.
    return _is_committed(draft.group) and draft.group.billed_key not in billed


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
