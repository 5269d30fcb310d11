"""Fees that no bill run has billed: those of subscriptions that were registered after their period was rated."""

from collections.abc import Collection, Iterable

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import billing, customers
from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.catalog.models import OWED_BY_PERIOD
from transforms.catalog.prepaid import Prepaid
from transforms.catalog.pricing import FlatFee
from transforms.cycles import passed_over
from transforms.period import Period
from transforms.rating.subscribed import charge_periods


def outstanding(connection: sa.Connection, catalog: Catalog) -> list[Period]:
    """List the periods that were rated, or passed over, and of which a fee is owed that is in no item; in order."""
    fees = {name for name, charge in catalog.charges.items() if isinstance(charge.pricing, OWED_BY_PERIOD)}
    subscribed = [each for each in customers.all_charges(connection) if each.charge in fees]
    if not subscribed:
        return []
    accounts, billed = customers.all_accounts(connection), billing.periods_billed(connection, fees)
    rated = set(billing.rated(connection))
    return [
        period
        for period in sorted(rated | passed_over(accounts, subscribed, catalog.charges, rated))
        if _owed(accounts, subscribed, catalog.of(period), period) - billed
    ]


def _owed(
    accounts: Iterable[Account], subscribed: Collection[SubscribedCharge], catalog: Catalog, period: Period
) -> set[billing.ChargePeriodKey]:
    """Tell what has a fee for a period; what costs nothing never is in an item."""
    charges = {name: charge for name, charge in catalog.charges.items() if _costs(charge, catalog)}
    found = charge_periods(accounts, subscribed, charges, period)
    return {(each.charge_number, each.period_start) for each in found}


def _costs(charge: Charge, catalog: Catalog) -> bool:
    """Tell whether a charge's fee is an amount; a commitment always has an item."""
    if not isinstance(charge.pricing, FlatFee | Prepaid):
        return True
    return catalog.units.currencies[charge.currency].round(charge.pricing.price) != 0
