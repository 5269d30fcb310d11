"""Moved: the periods whose readings lead elsewhere now, because a subscription was registered or corrected since."""

from collections.abc import Collection

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import customers, ledger, usage
from pipeline.store.customers import Customers
from transforms.catalog.charge import NegativeUsage
from transforms.catalog.meter import Meter
from transforms.catalog.policy import BilledUsage
from transforms.period import Period
from transforms.quantities.moved import Change, accounts_moved, as_of, moved
from transforms.quantities.scope import Name, Target, scope


def moved_since(connection: sa.Connection, catalog: Catalog, meter: Meter, known: Customers) -> list[Period]:
    """List the loaded periods of a meter in which readings lead to other charges than when they were derived."""
    behind = ledger.behind(connection, meter.meter, last := customers.last_change(connection))
    changes = customers.changes_since(connection, min(behind.values(), default=last))
    where = connection, catalog, meter

    def since(seen: int) -> list[Change]:
        return [change for number, change in changes.items() if number > seen]

    return [period for period, seen in behind.items() if targets_then(*where, period, known, since(seen), own=True)]


def targets_then(
    connection: sa.Connection,
    catalog: Catalog,
    meter: Meter,
    period: Period,
    known: Customers,
    since: Collection[Change],
    *,
    own: bool = False,
) -> dict[Name, Target]:
    """Give the targets that names had before these changes, where they have others since.

    For a run of its `own` accord billed usage that could not become less keeps its time: whoever would lose some of it
    is left for people. Those who were strangers had no charge at all.
    """
    charge = catalog.charge_of(meter)
    mine = [each for each in known.charges if each.charge == charge.charge]
    numbers = accounts_moved(known.accounts, mine, since, period)
    if not numbers:
        return {}
    now, rows = known.among(numbers), catalog.lookup(meter, numbers)
    billed = usage.billed_charges(connection, meter.meter, period)
    before, after = (scope(*each, charge, period, rows, billed) for each in (as_of(*now, since), now))
    lowers = charge.negative_usage is NegativeUsage.ALLOW and meter.billed_usage is BilledUsage.ADJUST
    strange = {before.get(name) for name in ledger.strangers(connection, meter.meter, period)}
    found = moved(before, after, fixed=billed if own and not lowers else ())
    return {name: before[name] for name in found if before[name] not in strange}
