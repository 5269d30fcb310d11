"""Fees that no bill run has billed: those of subscriptions that were registered after their period was rated."""

from collections.abc import Collection, Iterable, Mapping, Set

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import bill_runs, billing
from pipeline.store.customers import Customers
from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge, by_number
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import FlatFee
from transforms.cycles import cycle_of
from transforms.period import Cycle, Period
from transforms.rating.subscribed import charge_periods
from transforms.rating.usage import ChargePeriod, ChargePeriodKey


def outstanding(
    connection: sa.Connection, catalog: Catalog, known: Customers, rated: Set[Period], missed: Set[Period]
) -> list[Period]:
    """List the periods of which a fee is owed that is in no item: `rated` ones, and `missed` ones; in order.

    Of a period that was rated only the first fees of a charge number count, unless its bill run was cancelled since:
    who was suspended for some months does not owe them once the status is Active again.
    """
    fees = {name for name, charge in catalog.charges.items() if charge.owed_by_period}
    subscribed = [each for each in known.charges if each.charge in fees]
    if not subscribed:
        return []
    accounts, billed = by_number(known.accounts), billing.periods_billed(connection, fees)
    first = billing.first_billed(connection, {each.charge_number for each in subscribed})
    by_cycle, found = _by_cycle(accounts, subscribed, catalog), []
    for period in sorted(rated | missed):
        mine = [each for cycle, those in by_cycle.items() if cycle.has(period) for each in those]
        owed = _owed([accounts[each.account_number] for each in mine], mine, catalog.of(period), period) - billed
        first_ones = any(start < first.get(number, period.over_at) for number, start in owed)
        if owed and (first_ones or period in missed or bill_runs.cancelled_since_rated(connection, period)):
            found.append(period)
    return found


def left_out(
    connection: sa.Connection, catalog: Catalog, period: Period, owed: Iterable[ChargePeriod]
) -> set[ChargePeriodKey]:
    """Tell which of these fees `outstanding` brings no period back for: nor may late usage of somebody else."""
    if not billing.is_rated(connection, period) or bill_runs.cancelled_since_rated(connection, period):
        return set()
    priced = catalog.of(period)
    keys = {(each.charge_number, each.period_start) for each in owed if _costs(priced.charges[each.charge], priced)}
    first = billing.first_billed(connection, {number for number, _ in keys})
    billed = {(number, start) for number, start, _ in billing.billed(connection, period)}
    return {(number, start) for number, start in keys - billed if first.get(number, start) < start}


def _by_cycle(
    accounts: Mapping[str, Account], subscribed: Iterable[SubscribedCharge], catalog: Catalog
) -> dict[Cycle, list[SubscribedCharge]]:
    """Sort subscribed charges by their billing periods: each has few of all that there are."""
    found: dict[Cycle, list[SubscribedCharge]] = {}
    for each in subscribed:
        cycle = cycle_of(accounts[each.account_number], catalog.charges[each.charge], each)
        found.setdefault(cycle, []).append(each)
    return found


def _owed(
    accounts: Iterable[Account], subscribed: Collection[SubscribedCharge], catalog: Catalog, period: Period
) -> set[ChargePeriodKey]:
    """Tell what has a fee for a period; what costs nothing never is in an item."""
    charges = {name: charge for name, charge in catalog.charges.items() if _costs(charge, catalog)}
    found = charge_periods(accounts, subscribed, charges, period)
    return {(each.charge_number, each.period_start) for each in found}


def _costs(charge: Charge, catalog: Catalog) -> bool:
    """Tell whether a charge's fee is an amount; a commitment always has an item."""
    if not isinstance(charge.pricing, FlatFee | Prepaid):
        return True
    return catalog.units.currencies[charge.currency].round(charge.pricing.price) != 0
