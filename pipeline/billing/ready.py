"""Ready: may the next step of a period begin? Asked of the store alone: the answer outlives Airflow's database."""

from collections.abc import Iterable

import sqlalchemy as sa

from pipeline.billing import commitments
from pipeline.catalog.catalog import Catalog
from pipeline.store import bill_runs, billing, customers, ledger, manifest, sending
from transforms.catalog.charge import Charge
from transforms.catalog.customers import SubscribedCharge
from transforms.cycles import cycles_of, has_period, require_among
from transforms.period import Period
from transforms.rating.asked import Asked


def readings_are_in(store: sa.Engine, source: str, periods: Iterable[Period]) -> bool:
    """Tell whether a source has been extracted to the end of all these periods, wherever that comes last."""
    with store.begin() as connection:
        until = manifest.extracted_until(connection, source)
    return all(until is not None and period.ended_everywhere(until) for period in periods)


def waits_for(store: sa.Engine, catalog: Catalog, asked: Asked) -> list[str]:
    """Say what a bill run has to wait for: meters to be loaded, and what counts towards a commitment to be billed.

    WrongPeriodError when no charge that is billed has the period.
    """
    missing = missing_meters(store, catalog, asked.period)
    with store.begin() as connection:
        unbilled = commitments.unbilled(connection, catalog, asked)
    waits = {"not loaded": missing, "not billed, and counting towards a commitment": list(map(str, unbilled))}
    return [f"{what}: {', '.join(found)}" for what, found in waits.items() if found]


def missing_meters(store: sa.Engine, catalog: Catalog, period: Period) -> list[str]:
    """List the meters whose charge has this period, but whose usage of it has not been loaded.

    A period that was rated, or sent, had all that there were then: it waits for none that was declared since. Nor does
    any wait for a meter that has done later periods alone, or to whose charge nobody had subscribed yet.
    WrongPeriodError when no charge that is billed has it.
    """
    with store.begin() as connection:
        accounts, charges = customers.everybody(connection)
        billed = billed_charges(catalog, charges)
        require_among(set().union(*(cycles_of(accounts, charges, charge) for charge in billed)), period, "any charge")
        if billing.is_rated(connection, period) or sending.is_sent(connection, period):
            return []
        done = ledger.meters_done(connection, period)
        done |= {name for name in catalog.meters.keys() - done if _began_later(connection, name, period)}
    begun = [each for each in charges if each.start_at < period.over_at]
    has = {charge.charge for charge in billed if has_period(cycles_of(accounts, begun, charge), period)}
    return sorted(name for name, meter in catalog.meters.items() if meter.map.charge in has and name not in done)


def _began_later(connection: sa.Connection, meter: str, period: Period) -> bool:
    """Tell whether a meter has done periods, and all of them began when this one was over."""
    found = ledger.periods_done(connection, meter)
    return bool(found) and min(found).start >= period.end


def billed_charges(catalog: Catalog, subscribed: Iterable[SubscribedCharge]) -> list[Charge]:
    """List the charges of the catalog that have a meter, or that somebody subscribes to: uploads may be their usage."""
    named = {meter.map.charge for meter in catalog.meters.values()} | {each.charge for each in subscribed}
    return [catalog.charges[name] for name in sorted(named & catalog.charges.keys())]


def is_posted(store: sa.Engine, period: Period) -> bool:
    """Tell whether a period's bill run has been made and posted, whether or not anything was due."""
    with store.begin() as connection:
        if not billing.is_rated(connection, period) or bill_runs.in_status(connection, period, "draft", "rated"):
            return False
        return not bill_runs.cancelled_since_rated(connection, period)
