"""Strangers: names that readings bear and that led to no charge; the periods in which one leads to a charge since."""

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import ledger, usage
from pipeline.store.customers import Customers
from transforms.catalog.meter import Meter
from transforms.cycles import plain_cycle
from transforms.period import Period
from transforms.quantities.scope import has_found, scope


def found_since(connection: sa.Connection, catalog: Catalog, meter: Meter, customers: Customers) -> list[Period]:
    """List the loaded periods of a meter in which a name that led to no charge leads to one by now.

    The account or the charge was registered afterwards, or the lookup table has the name since.
    """
    charge = catalog.charge_of(meter)
    subscribed = [each for each in customers.charges if each.charge == charge.charge]
    paying = {each.account_number for each in subscribed}
    rows = catalog.lookup(meter, paying)
    called = paying if rows is None else {row.key for row in rows}
    waiting = ledger.strangers_called(connection, meter.meter, called)
    accounts = [each for each in customers.accounts if each.account_number in paying]
    found = []
    for period, names in waiting.items():
        billed = usage.billed_charges(connection, meter.meter, period)
        known = scope(accounts, subscribed, charge, period, rows, billed)
        if has_found(names, known, here=plain_cycle(charge).has(period)):
            found.append(period)
    return found
