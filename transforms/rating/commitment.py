"""Commitment: the least that some charges bill in a period; what they fall short of it is owed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Literal

from transforms.catalog.charge import Charge
from transforms.catalog.commitment import Commitment
from transforms.catalog.prepaid import FundScope
from transforms.rating.lines import EXACT, TierLine, exact_sum, worth
from transforms.rating.usage import ChargePeriod, ChargePeriodKey, RatedItem

ZERO = Decimal(0)
Part = Literal["committed", "contributed", "exceeded"]


def price(model: Commitment) -> tuple[TierLine, ...]:
    """Price a commitment before anything contributes: all of it."""
    return (_line(model.amount, "committed"),)


def contributes(each: ChargePeriod, to: ChargePeriod, model: Commitment) -> bool:
    """Tell whether what a charge is billed for a period counts towards a commitment: its period starts in the other."""
    return (
        each.charge in model.charges
        and each.account_number == to.account_number
        and (model.scope is FundScope.ACCOUNT or each.subscription_number == to.subscription_number)
        and to.period_start <= each.period_start < to.period_end
    )


def shortfall(committed: Decimal, contributed: Decimal) -> Decimal:
    """Tell by how much what contributed falls short of what is committed; 0 where it does not."""
    return max(ZERO, EXACT.subtract(committed, contributed))


def take_off(committed: Sequence[TierLine], contributed: Decimal) -> tuple[TierLine, ...]:
    """Take what contributed off what is committed; what goes beyond it is shown, and nothing is owed."""
    lines = (*committed, _line(EXACT.minus(contributed), "contributed"))
    beyond = EXACT.subtract(shortfall(worth(committed), contributed), worth(lines))
    return (*lines, _line(beyond, "exceeded")) if beyond else lines


class Contributions:
    """What counts towards commitments: what earlier bill runs billed, and what this one bills."""

    def __init__(self, before: Mapping[ChargePeriodKey, Decimal]) -> None:
        """Start with what was billed before, by commitment."""
        self._before = before
        self._of_account: defaultdict[str, list[tuple[ChargePeriod, Decimal]]] = defaultdict(list)

    def add(self, owner: ChargePeriod, amount: Decimal) -> None:
        """Count what a charge is billed for a period in this bill run."""
        self._of_account[owner.account_number].append((owner, amount))

    def to(self, owner: ChargePeriod, model: Commitment) -> Decimal:
        """Tell what contributed to a commitment so far."""
        before = self._before.get((owner.charge_number, owner.period_start), ZERO)
        now = (amount for each, amount in self._of_account[owner.account_number] if contributes(each, owner, model))
        return exact_sum([before, *now])


def with_items(
    before: Mapping[ChargePeriodKey, Decimal],
    items: Iterable[RatedItem],
    owed: Iterable[ChargePeriod],
    charges: Mapping[str, Charge],
) -> dict[ChargePeriodKey, Decimal]:
    """Count items that are rated apart from the commitments among these charge periods, as if billed before."""
    models = {each: model for each in owed if isinstance(model := charges[each.charge].pricing, Commitment)}
    names, contributions = {name for model in models.values() for name in model.charges}, Contributions(before)
    for item in items:
        if item.charge in names:
            contributions.add(item, item.amount)
    return {(to.charge_number, to.period_start): contributions.to(to, model) for to, model in models.items()}


def _line(amount: Decimal, part: Part) -> TierLine:
    # One text for one amount: the store gives an amount with more zeros than it was billed with.
    shown = Decimal(f"{EXACT.normalize(amount):f}")
    return TierLine(0, ZERO, None, ZERO, shown, part)
