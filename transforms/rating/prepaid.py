"""Prepaid units: usage draws them from funds before it is priced."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Literal, Protocol

from transforms.catalog.prepaid import Apply, Drawdown, FundScope, Prepaid
from transforms.catalog.units import Unit
from transforms.exact import Rounding, round_exact
from transforms.rating.group import Group
from transforms.rating.lines import EXACT, TierLine, exact_sum
from transforms.rating.usage import BilledKey

ZERO = Decimal(0)
EntryType = Literal[
    "prepayment", "prepayment_adjustment", "drawdown", "drawdown_adjustment", "rollover", "rollover_reversal"
]
Drawn = Mapping[BilledKey, Mapping[str, Decimal]]
"""What groups of usage have drawn, above 0, by the id of the fund."""


@dataclass(frozen=True, kw_only=True)
class Fund:
    """Prepaid units that hold in [start_at, end_at): `balance` is what is left of them, `bought` what was paid for."""

    fund_id: str
    account_number: str
    subscription_number: str
    charge_number: str
    kind: Literal["bought", "rolled"]
    uom: str
    start_at: datetime
    end_at: datetime
    balance: Decimal
    bought: Decimal
    terms: Prepaid

    @property
    def turn(self) -> tuple[int, int, datetime, datetime, str]:
        """When it is drawn from: what was rolled over to be used first, what was bought, what was rolled over else."""
        rolled = self.kind == "rolled"
        first = rolled and self.terms.rollover is not None and self.terms.rollover.apply is Apply.FIRST
        rank = 0 if first else 2 if rolled else 1
        return rank, self.terms.priority, self.end_at, self.start_at, self.charge_number

    def serves(self, group: Group, drawdown: Drawdown) -> bool:
        """Tell whether usage of a group may draw from it: of its unit and scope, and of a time in which it holds."""
        owner = group.owner
        same = owner.subscription_number == self.subscription_number or self.terms.scope is FundScope.ACCOUNT
        overlaps = self.start_at < owner.period_end and owner.period_start < self.end_at
        return same and overlaps and (owner.account_number, drawdown.uom) == (self.account_number, self.uom)


@dataclass(frozen=True)
class Entry:
    """Units that go into a fund (above 0) or out of it (below 0); `group` is the usage that they were drawn for."""

    fund_id: str
    type: EntryType
    units: Decimal
    group: BilledKey | None = None


class Funds(Protocol):
    """What tells how much usage is paid for already."""

    def cover(self, group: Group, drawdown: Drawdown, quantity: Decimal, unit: Unit) -> Decimal:
        """Tell how many of a group's units are prepaid, rounded as `unit` is; at most the quantity."""

    def covered_before(self, group: Group, drawdown: Drawdown, unit: Unit) -> Decimal:
        """Tell how many the bill runs before had covered."""


class Purse:
    """What funds hold while a bill run draws from them, group by group; what these groups had drawn is back in it."""

    def __init__(self, funds: Iterable[Fund] = (), drawn: Drawn | None = None) -> None:
        """Open it; `drawn` is what the groups that are rated now had drawn from these funds."""
        self._funds = sorted(funds, key=lambda fund: fund.turn)
        self._before = drawn or {}
        self._after: dict[BilledKey, dict[str, Decimal]] = {}
        self.left = {fund.fund_id: fund.balance for fund in self._funds}
        for each in self._before.values():
            for fund_id, units in each.items():
                self.left[fund_id] = EXACT.add(self.left[fund_id], units)

    def cover(self, group: Group, drawdown: Drawdown, quantity: Decimal, unit: Unit) -> Decimal:
        """Draw for a group as much as there is, in the funds' order, in whole units of its usage."""
        funds = [fund.fund_id for fund in self._funds if fund.serves(group, drawdown)]
        available = exact_sum(self.left[fund_id] for fund_id in funds)
        covered = min(quantity, usage_units(available, drawdown, unit))
        self._after[group.billed_key] = self._take(funds, EXACT.multiply(covered, drawdown.rate))
        return covered

    def covered_before(self, group: Group, drawdown: Drawdown, unit: Unit) -> Decimal:
        """Tell how much usage the units pay for that the group had drawn."""
        return usage_units(exact_sum(self._old(group.billed_key).values()), drawdown, unit)

    def entries(self) -> list[Entry]:
        """List what changes: a group whose units come from elsewhere gives all of them back, and draws anew."""
        keys = sorted(key for key in {*self._before, *self._after} if self._old(key) != self._new(key))
        back = [
            Entry(fund_id, "drawdown_adjustment", units, key)
            for key in keys
            for fund_id, units in self._old(key).items()
        ]
        anew = [Entry(fund_id, "drawdown", -units, key) for key in keys for fund_id, units in self._new(key).items()]
        return back + anew

    def _take(self, funds: Iterable[str], units: Decimal) -> dict[str, Decimal]:
        taken = {}
        for fund_id in funds:
            if part := min(units, self.left[fund_id]):
                taken[fund_id] = part
                self.left[fund_id] = EXACT.subtract(self.left[fund_id], part)
                units = EXACT.subtract(units, part)
        return taken

    def _old(self, key: BilledKey) -> Mapping[str, Decimal]:
        return self._before.get(key, {})

    def _new(self, key: BilledKey) -> Mapping[str, Decimal]:
        return self._after.get(key, {})


@dataclass(frozen=True)
class Recorded:
    """What groups are known to have drawn, in the funds' unit: a bill run that is made again draws as it did.

    `before` is what they had drawn when it began.
    """

    drawn: Mapping[BilledKey, Decimal]
    before: Mapping[BilledKey, Decimal]

    def cover(self, group: Group, drawdown: Drawdown, quantity: Decimal, unit: Unit) -> Decimal:
        """Give what was covered then, at most the quantity."""
        return min(quantity, usage_units(self.drawn.get(group.billed_key, ZERO), drawdown, unit))

    def covered_before(self, group: Group, drawdown: Drawdown, unit: Unit) -> Decimal:
        """Give what was covered before."""
        return usage_units(self.before.get(group.billed_key, ZERO), drawdown, unit)


def usage_units(units: Decimal, drawdown: Drawdown, unit: Unit) -> Decimal:
    """Tell how much usage so many prepaid units pay for: no fraction of a unit of usage that its rule does not know."""
    return round_exact(Fraction(units) / Fraction(drawdown.rate), unit.decimals, Rounding.DOWN)


def covered_line(covered: Decimal) -> Iterator[TierLine]:
    """Show prepaid units in a breakdown, if there are any: they stand before its tiers and cost nothing more."""
    if covered:
        yield TierLine(0, ZERO, covered, covered, ZERO, "prepaid")
