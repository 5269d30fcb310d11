"""Periods: which billing periods a run handles, asked of the store and the catalog for a span of time (start, end]."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from pipeline.billing import commitments, fees, prepaid
from pipeline.billing.ready import billed_charges
from pipeline.catalog.catalog import Catalog
from pipeline.quantities import moved, strangers
from pipeline.store import billing, customers, exporting, ledger, unsent
from pipeline.store.customers import Customers
from transforms.cycles import cycles_of, has_period, passed_over, periods_ended
from transforms.period import Period


def to_derive(store: sa.Engine, catalog: Catalog, meter: str, after: datetime, until: datetime) -> list[Period]:
    """List the periods of a meter's charge that ended, those to derive again, and those passed over.

    Again: the ledger has gone stale, because other files have landed; or a name in it that led to no charge has one, or
    leads to others since a subscription was registered or corrected.
    """
    charge = catalog.charge_of(catalog.meter(meter))
    with store.begin() as connection:
        known = customers.everybody(connection)
        again = [period for period, _ in ledger.stale(connection, meter=meter)]
        for find in (strangers.found_since, moved.moved_since):
            again += find(connection, catalog, catalog.meter(meter), known)
        done = ledger.periods_done(connection, meter)
    missed = passed_over(*known, {charge.charge: charge}, done)
    ended = periods_ended(*known, charge, after, until)
    cycles = cycles_of(*known, charge)
    return sorted({*ended, *missed, *(period for period in again if has_period(cycles, period))})


def to_bill(store: sa.Engine, catalog: Catalog, after: datetime, until: datetime) -> list[Period]:
    """List the periods of charges that ended, and those to bill again.

    For Pending usage, for fees of subscriptions that were registered late, to settle commitments, or because prepaid
    units have come back. Those that were passed over are billed for the first time.
    """
    with store.begin() as connection:
        known, rated = customers.everybody(connection), billing.rated(connection)
        missed = passed_over(*known, catalog.charges, rated)
        again = billing.pending_again(connection, missed)
        again += fees.outstanding(connection, catalog, known, rated, missed)
        again += commitments.outdated(connection, catalog, known)
        again += [period for period in prepaid.overdrawn(connection, catalog) if period.ended_everywhere(until)]
    return _ended(known, catalog, after, until, again)


def to_export(store: sa.Engine, catalog: Catalog, after: datetime, until: datetime) -> list[Period]:
    """List the periods of charges that ended, and those that were billed since they were exported, if they were."""
    with store.begin() as connection:
        known = customers.everybody(connection)
        billed = [period for period in exporting.billed_since(connection) if period.ended_everywhere(until)]
    return _ended(known, catalog, after, until, billed)


def to_send(store: sa.Engine, catalog: Catalog, target: str, after: datetime, until: datetime) -> list[Period]:
    """List the periods of charges that ended, and those whose usage was changed since it was sent to the target."""
    with store.begin() as connection:
        known = customers.everybody(connection)
        again = [period for period in unsent.periods_again(connection, target) if period.ended_everywhere(until)]
    return _ended(known, catalog, after, until, again)


def _ended(
    known: Customers, catalog: Catalog, after: datetime, until: datetime, others: Iterable[Period]
) -> list[Period]:
    found = (periods_ended(*known, charge, after, until) for charge in billed_charges(catalog, known.charges))
    return sorted({*others, *(period for each in found for period in each)})
