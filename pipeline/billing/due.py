"""Due: what a bill run would bill as things stand: rated items, and the usage that they are rated from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing import prepaid
from pipeline.billing.bulk import rate_usage
from pipeline.billing.commitments import contributed
from pipeline.billing.fees import left_out
from pipeline.billing.preflight import Intake, Pickup
from pipeline.catalog.catalog import Catalog
from pipeline.store import billing
from transforms.rating.asked import Asked
from transforms.rating.funds import NO_MOVEMENTS, Movements
from transforms.rating.lines import exact_sums
from transforms.rating.prepaid import Funds
from transforms.rating.subscribed import charge_periods
from transforms.rating.usage import ChargePeriod, RatedItem, RatingError, UsageLine


@dataclass(frozen=True)
class Due:
    """What a bill run would bill: rated items, the usage that it takes from Pending, and why it leaves other usage.

    `movements` is what it would draw from prepaid funds; `lines` is usage of these charges that was billed before, and
    `fees` what is owed without usage.
    """

    items: tuple[RatedItem, ...]
    pending: tuple[int, ...]
    left: tuple[str, ...]
    movements: Movements = NO_MOVEMENTS
    lines: Sequence[UsageLine] = ()
    fees: Sequence[ChargePeriod] = ()

    @property
    def amounts(self) -> dict[str, Decimal]:
        """What is due, by currency."""
        return exact_sums((item.currency, item.amount) for item in self.items)


def due(
    connection: sa.Connection, catalog: Catalog, asked: Asked, *, lock: bool = True, beside: Iterable[UsageLine] = ()
) -> Due:
    """Rate what is asked for as things stand, and change nothing; the usage is locked unless it is only looked at.

    `beside` is usage that is counted as if it were loaded.
    """
    if lock:
        prepaid.lock(connection, catalog)
    found = _pickup(connection, catalog, asked, lock=lock)
    lines = [*map(found.line, found.taken), *beside]
    lines = [line for line in lines if asked.takes(line, catalog.charges.get(line.charge))]
    pending, left = tuple(line.record_id for line in lines if line.status == "Pending"), tuple(found.told())
    fees = [] if asked.running else _fees(connection, catalog, asked, found)
    funds = prepaid.open_for(connection, catalog, asked, lines, fees, found)
    if not pending and not fees and funds is None:
        return Due((), (), left)
    items = _items(connection, catalog, asked, lines, fees, funds.purse if funds else None)
    return Due(items, pending, left, funds.movements if funds else NO_MOVEMENTS, _billed_before(items, lines), fees)


def _pickup(connection: sa.Connection, catalog: Catalog, asked: Asked, *, lock: bool) -> Pickup:
    """Read the period's usage of the accounts that are billed; the customers last, when it is known whom it names."""
    rows = billing.active_usage(connection, asked.period, lock=lock)
    found = Intake.read(connection, catalog).sort_out(rows)
    return found.among({number: account for number, account in found.accounts.items() if asked.has(account)})


def _fees(connection: sa.Connection, catalog: Catalog, asked: Asked, found: Pickup) -> list[ChargePeriod]:
    """List what the accounts that are billed owe of the period without usage."""
    subscribed = (each for each in found.subscribed.values() if each.account_number in found.accounts)
    owed = charge_periods(found.accounts.values(), subscribed, catalog.charges, asked.period)
    without = left_out(connection, catalog, asked.period, owed) if asked.by_schedule else set()
    return [each for each in owed if (each.charge_number, each.period_start) not in without]


def _items(
    connection: sa.Connection,
    catalog: Catalog,
    asked: Asked,
    lines: Sequence[UsageLine],
    fees: Sequence[ChargePeriod],
    purse: Funds | None,
) -> tuple[RatedItem, ...]:
    """Rate usage and fees against what was billed of the period, at its prices."""
    items = rate_usage(
        lines,
        charges=catalog.of(asked.period).charges,
        units=catalog.units,
        billed=billing.billed(connection, asked.period),
        subscribed=fees,
        funds=purse,
        contributed=contributed(connection, catalog, fees),
    )
    _require_one_currency(items, billing.currencies(connection, asked.period))
    return items


def _require_one_currency(items: Iterable[RatedItem], billed: Iterable[tuple[str, str]]) -> None:
    """Refuse to take what was billed in one currency off what is due in another; RatingError names the charge."""
    now = {item.charge_number: item.currency for item in items}
    for number, currency in sorted(billed):
        if now.get(number, currency) != currency:
            raise RatingError(
                f"charge number {number} was billed in {currency}, and is priced in {now[number]} now: put its "
                "charge's currency back, and let a charge of its own have the other one"
            )


def _billed_before(items: Iterable[RatedItem], lines: Iterable[UsageLine]) -> list[UsageLine]:
    """Choose the usage of charges that are due which was billed before: a first bill run keeps none in memory."""
    numbers = {item.charge_number for item in items}
    return [line for line in lines if line.status == "Processed" and line.charge_number in numbers]
