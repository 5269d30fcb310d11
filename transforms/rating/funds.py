"""Funds: what prepaid charges give for each of their billing periods, and what of it is rolled over into later ones."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property
from typing import Literal, cast
from zoneinfo import ZoneInfo

from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.catalog.prepaid import Prepaid
from transforms.cycles import cycle_of
from transforms.identity import digest
from transforms.period import Period, Window
from transforms.rating.lines import EXACT, exact_sum
from transforms.rating.prepaid import ZERO, Drawn, Entry, Fund, Purse
from transforms.rating.subscribed import owes
from transforms.rating.usage import RatingError


@dataclass(frozen=True)
class Buyer:
    """A prepaid charge, and who subscribes to it."""

    account: Account
    subscribed: SubscribedCharge
    charge: Charge

    def terms(self, validity: Period) -> Prepaid:
        """Tell what the charge gives in one of its billing periods, and for how long."""
        return cast("Prepaid", self.charge.of(validity.start).pricing)  # no price change makes it another model

    def validities(self, window: Window) -> Iterator[Period]:
        """List the charge's billing periods that overlap a window, as far as they are billed."""
        cycle = cycle_of(self.account, self.charge, self.subscribed)
        period = cycle.period_of(window.start.astimezone(ZoneInfo(self.account.time_zone)).date())
        while period.window(self.account.time_zone).start < window.end:
            if owes(self.account, self.subscribed, self.charge, period):
                yield period
            period = cycle.period_of(period.end)

    def following(self, period: Period, count: int) -> Period:
        """Give as one the billing periods that come after one, so many of them."""
        cycle = cycle_of(self.account, self.charge, self.subscribed)
        end = period.end
        for _ in range(count):
            end = cycle.period_of(end).end
        return Period(period.end, end)


@dataclass(frozen=True)
class Opened:
    """A fund that was bought, as a bill run finds it, and the one that its rest goes to, where it is rolled over.

    `paid` is what is paid for now; the fund's balance has it, and what had been rolled over and not been used.
    """

    fund: Fund
    paid: Entry | None
    rolled: Fund | None

    def roll_over(self, left: Decimal, *, touched: bool) -> tuple[list[Entry], list[Entry]]:
        """Take back what had been rolled over, and roll over what is left now; nothing where nothing has changed."""
        if self.rolled is None or (left == self.rolled.balance and not touched):
            return [], []
        back = self._moved("rollover_reversal", self.rolled.fund_id, self.fund.fund_id, self.rolled.balance)
        return back, self._moved("rollover", self.fund.fund_id, self.rolled.fund_id, left)

    @staticmethod
    def _moved(kind: Literal["rollover", "rollover_reversal"], source: str, target: str, units: Decimal) -> list[Entry]:
        return [Entry(source, kind, -units), Entry(target, kind, units)] if units else []


@dataclass(frozen=True)
class Movements:
    """What a bill run does to funds: those that must be there, and the entries, in an order that overdraws none."""

    funds: tuple[Fund, ...] = ()
    entries: tuple[Entry, ...] = ()

    @property
    def drawn(self) -> bool:
        """Whether there is more than what was paid for: that does not belong to a bill run."""
        return any(not entry.type.startswith("prepayment") for entry in self.entries)


NO_MOVEMENTS = Movements()


class OpenFunds:
    """The funds that one bill run finds: `purse` covers usage; what it draws, and the rest, is told by `movements`."""

    def __init__(self, opened: Iterable[Opened], stored: Mapping[str, Fund], drawn: Drawn) -> None:
        """Open funds beside those that are `stored`; `drawn` is what the groups that are rated now had drawn."""
        self._opened = list(opened)
        emptied = {each.rolled.fund_id: replace(each.rolled, balance=ZERO) for each in self._opened if each.rolled}
        bought = {each.fund.fund_id: each.fund for each in self._opened}
        self.purse = Purse({**stored, **emptied, **bought}.values(), drawn)

    @cached_property
    def movements(self) -> Movements:
        """Tell what has changed, once all usage is rated."""
        paid = [each.paid for each in self._opened if each.paid]
        drawn = self.purse.entries()
        touched = {entry.fund_id for entry in (*paid, *drawn)}
        rolls = [
            each.roll_over(self.purse.left[each.fund.fund_id], touched=each.fund.fund_id in touched)
            for each in self._opened
        ]
        back, on = ([entry for roll in rolls for entry in roll[side]] for side in (0, 1))
        used = {entry.fund_id for entry in on}
        funds = [each.fund for each in self._opened]
        funds += [each.rolled for each in self._opened if each.rolled and each.rolled.fund_id in used]
        return Movements(tuple(funds), (*back, *paid, *drawn, *on))


def open_funds(buyers: Iterable[Buyer], stored: Mapping[str, Fund], period: Period, *, ended: bool) -> list[Opened]:
    """Open the funds that overlap a period, made where the store has none; `stored` are by id.

    What is left of those that end with the period is rolled over, once it has `ended`. RatingError where fewer units
    are paid for than were drawn.
    """
    opened = []
    for buyer in buyers:
        window = period.window(buyer.account.time_zone)
        for validity in buyer.validities(window):
            fund, rolled = _bought(buyer, validity, stored), _rolled(buyer, validity, stored)
            if rolled and not (rolled.fund_id in stored or (ended and fund.end_at == window.end)):
                rolled = None
            opened.append(_open(fund, rolled, validity))
    return opened


def _open(fund: Fund, rolled: Fund | None, validity: Period) -> Opened:
    """Put into a fund what is paid for now, and what had been rolled over of it and not been used."""
    owed = EXACT.subtract(fund.terms.units, fund.bought)
    balance = exact_sum((fund.balance, owed, rolled.balance if rolled else ZERO))
    if balance < 0:
        used, now = EXACT.normalize(EXACT.subtract(fund.terms.units, balance)), fund.terms.units
        raise RatingError(
            f"charge number {fund.charge_number}: {used:f} {fund.uom} of {validity} are used, but its charge now gives "
            f"{now:f}; give it as many as are used"
        )
    kind: Literal["prepayment", "prepayment_adjustment"] = "prepayment_adjustment" if fund.bought else "prepayment"
    paid = Entry(fund.fund_id, kind, owed) if owed else None
    return Opened(replace(fund, balance=balance), paid, rolled)


def _bought(buyer: Buyer, validity: Period, stored: Mapping[str, Fund]) -> Fund:
    return _fund(buyer, validity, "bought", validity.window(buyer.account.time_zone), stored)


def _rolled(buyer: Buyer, validity: Period, stored: Mapping[str, Fund]) -> Fund | None:
    """Give the fund that the rest of a validity goes to; None without rollover, or where the subscription ends."""
    if (rollover := buyer.terms(validity).rollover) is None:
        return None
    following = buyer.following(validity, rollover.periods).window(buyer.account.time_zone)
    if buyer.subscribed.end_at is not None and buyer.subscribed.end_at <= following.start:
        return None
    return _fund(buyer, validity, "rolled", following, stored)


def _fund(
    buyer: Buyer, validity: Period, kind: Literal["bought", "rolled"], window: Window, stored: Mapping[str, Fund]
) -> Fund:
    """Give a fund as the store has it, else an empty one; in either case as long as the subscription now lasts."""
    subscribed, held = buyer.subscribed, window.clip(buyer.subscribed.start_at, buyer.subscribed.end_at)
    name = digest("fund", subscribed.charge_number, str(validity), kind)
    if known := stored.get(name):
        return replace(known, start_at=held.start, end_at=held.end, terms=buyer.terms(validity))
    return Fund(
        fund_id=name,
        account_number=buyer.account.account_number,
        subscription_number=subscribed.subscription_number,
        charge_number=subscribed.charge_number,
        kind=kind,
        uom=buyer.charge.uom,
        start_at=held.start,
        end_at=held.end,
        balance=ZERO,
        bought=ZERO,
        terms=buyer.terms(validity),
    )
