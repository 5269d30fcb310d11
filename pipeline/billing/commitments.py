"""Commitments: what contributes to them is billed first; what is billed of it later settles them again."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing.preflight import Intake
from pipeline.billing.rerate import owner_of
from pipeline.catalog.catalog import Catalog
from pipeline.store import bill_runs, billing, customers
from pipeline.store import commitments as store
from pipeline.store.customers import Customers
from transforms.catalog.charge import Charge
from transforms.catalog.commitment import Commitment
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.commitment import shortfall
from transforms.rating.contributions import Contribution, commitments, contributions
from transforms.rating.lines import EXACT, exact_sum
from transforms.rating.subscribed import charge_periods
from transforms.rating.usage import ChargePeriod, ChargePeriodKey

ZERO = Decimal(0)


def contributed(
    connection: sa.Connection, catalog: Catalog, owed: Iterable[ChargePeriod], *, run: str | None = None
) -> dict[ChargePeriodKey, Decimal]:
    """Add up what was billed towards commitments, those among these charge periods: so far, or before a bill run."""
    of_charge: defaultdict[str, list[ChargePeriod]] = defaultdict(list)
    for each in owed:
        of_charge[each.charge].append(each)
    found: dict[ChargePeriodKey, Decimal] = {}
    for name, mine in of_charge.items():
        if isinstance(model := catalog.charges[name].pricing, Commitment):
            found |= store.contributed(connection, mine, model, run)
    return found


def contributing(connection: sa.Connection, catalog: Catalog, asked: Asked) -> set[Contribution]:
    """Find what contributes to the commitments that a bill run settles; on demand none is."""
    if asked.running or not commitments(catalog.charges):
        return set()
    known = customers.everybody(connection)
    return set(contributions(filter(asked.has, known.accounts), known.charges, catalog.charges, asked.period))


def unbilled(connection: sa.Connection, catalog: Catalog, asked: Asked) -> list[Period]:
    """List the periods that contribute to these commitments and wait for a bill run: their first, or a cancelled one's.

    Late usage of others is not waited for: this bill run may have begun before it came, and what is billed later
    settles the commitments again.
    """
    if not (found := contributing(connection, catalog, asked)):
        return []
    periods = {each.period for each in found}
    waiting = periods - {Period.parse(text) for text in billing.rated_among(connection, set(map(str, periods)))}
    cancelled = {each for each in periods - waiting if bill_runs.cancelled_since_rated(connection, each)}
    return sorted(waiting | _pending(connection, catalog, found, cancelled))


def _pending(
    connection: sa.Connection, catalog: Catalog, found: Iterable[Contribution], periods: Collection[Period]
) -> set[Period]:
    """Tell which of these periods have Pending usage that contributes, and that a bill run takes."""
    if not periods:
        return set()
    mine = {(each.charge_number, str(each.period)) for each in found if each.period in periods}
    rows = store.pending(connection, {number for number, _ in mine}, {period for _, period in mine})
    taken = Intake.read(connection, catalog).sort_out(rows).taken
    return {Period.parse(row["period"]) for row in taken if (row["charge_number"], row["period"]) in mine}


def outdated(connection: sa.Connection, catalog: Catalog, known: Customers) -> list[Period]:
    """List the periods whose commitments were settled with other bills than there are now, and owe another amount.

    They are to be billed again. That a commitment was changed in the catalog is no reason.
    """
    found = []
    for period, items in _settled(connection, commitments(catalog.charges)).items():
        charges = commitments(catalog.of(period).charges)
        owed = charge_periods(*known, charges, period)
        now = contributed(connection, catalog, owed)
        keys = {(each.charge_number, each.period_start): charges[each.charge] for each in owed}
        if any(_differs(items[key], keys[key], now.get(key, ZERO), catalog) for key in items.keys() & keys.keys()):
            found.append(period)
    return sorted(found)


def _settled(
    connection: sa.Connection, charges: Collection[str]
) -> dict[Period, dict[ChargePeriodKey, list[sa.RowMapping]]]:
    """Give the items of each commitment, oldest first, by period."""
    found: dict[Period, dict[ChargePeriodKey, list[sa.RowMapping]]] = {}
    for row in store.settled(connection, charges) if charges else ():
        of_period = found.setdefault(Period.parse(row["period"]), {})
        of_period.setdefault((row["charge_number"], row["period_start"]), []).append(row)
    return found


def _differs(items: Sequence[sa.RowMapping], charge: Charge, now: Decimal, catalog: Catalog) -> bool:
    """Tell whether a commitment would be settled otherwise by what contributes now."""
    then = {line["format"]: Decimal(line["price"]) for line in items[-1]["breakdown"]}
    committed, before = then["committed"], EXACT.minus(then["contributed"])
    if shortfall(committed, now) == shortfall(committed, before) or not isinstance(charge.pricing, Commitment):
        return False
    owed = catalog.units.currencies[charge.currency].round(shortfall(charge.pricing.amount, now))
    return owed != exact_sum(item["amount"] for item in items)


def contributed_then(
    engine: sa.Engine, catalog: Catalog, items: Iterable[sa.RowMapping], run: str
) -> dict[ChargePeriodKey, Decimal]:
    """Add up what bill runs before this one had billed towards the commitments that are among its items."""
    owed = [owner_of(item) for item in items if item["bill_run_id"] == run]
    with engine.begin() as connection:
        return contributed(connection, catalog, owed, run=run)


def settled_with(engine: sa.Engine, catalog: Catalog, item: sa.RowMapping) -> Sequence[sa.RowMapping]:
    """List the items that a commitment was settled with, those of the same bill run included; none for other items."""
    charge = catalog.charges.get(item["charge"])
    if charge is None or not isinstance(charge.pricing, Commitment):
        return ()
    with engine.begin() as connection:
        return store.contributing_items(connection, owner_of(item), charge.pricing, item["bill_run_id"])
