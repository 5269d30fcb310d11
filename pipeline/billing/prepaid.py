"""Prepaid units: the funds that a bill run finds, and the periods to bill again because units have come back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing.preflight import Pickup
from pipeline.catalog.catalog import Catalog
from pipeline.store import funds, locks
from pipeline.store.overdrawn import Draws, overdrawn_periods
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.catalog.prepaid import FundScope, Prepaid
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.funds import Buyer, OpenFunds, open_funds
from transforms.rating.lines import EXACT
from transforms.rating.prepaid import Fund, Recorded
from transforms.rating.usage import ChargePeriod, RatingError, UsageLine


def lock(connection: sa.Connection, catalog: Catalog) -> None:
    """Hold all funds alone, where there are any or may be: bill runs of several periods draw from the same ones."""
    if _in_use(connection, catalog):
        locks.exclusive(connection, locks.FUNDS)


def open_for(
    connection: sa.Connection,
    catalog: Catalog,
    asked: Asked,
    lines: Sequence[UsageLine],
    fees: Sequence[ChargePeriod],
    known: Pickup,
) -> OpenFunds | None:
    """Open the funds of all whose usage or fees are rated; None where nothing draws or buys. Nothing is changed."""
    whose = {each.account_number for each in (*lines, *fees)}
    if not whose or not _in_use(connection, catalog):
        return None
    accounts = {number: account for number, account in known.accounts.items() if number in whose}
    since = min(asked.period.window(each.time_zone).start for each in accounts.values())
    drawn = funds.drawn(connection, asked.period, {line.charge_number for line in lines})
    if not drawn and not fees and not any(_draws(catalog, line) for line in lines):
        return None
    named = {fund_id for each in drawn.values() for fund_id in each}
    stored = {row["fund_id"]: _fund(catalog, row) for row in funds.held(connection, accounts, since, named)}
    buyers = _buyers(catalog, accounts, known.subscribed.values())
    return OpenFunds(open_funds(buyers, stored, asked.period, ended=not asked.running), stored, drawn)


def recorded(store: sa.Engine, bill_run_id: str) -> Recorded:
    """Tell what a bill run drew: it is drawn again when the bill run is made again."""
    with store.begin() as connection:
        return Recorded(
            funds.drawn_until(connection, bill_run_id), funds.drawn_until(connection, bill_run_id, before=True)
        )


def overdrawn(connection: sa.Connection, catalog: Catalog) -> list[Period]:
    """List the periods whose usage was priced although prepaid units are there now: they are to be billed again."""
    draws = [
        Draws(name, charge.drawdown.uom, EXACT.multiply(charge.drawdown.rate, _smallest(catalog, charge.uom)))
        for name, charge in catalog.charges.items()
        if charge.drawdown is not None
    ]
    wide = [
        name
        for name, charge in catalog.charges.items()
        if isinstance(charge.pricing, Prepaid) and charge.pricing.scope is FundScope.ACCOUNT
    ]
    return overdrawn_periods(connection, draws, wide)


def _smallest(catalog: Catalog, uom: str) -> Decimal:
    return Decimal(1).scaleb(-catalog.units.units[uom].decimals)


def _draws(catalog: Catalog, line: UsageLine) -> bool:
    charge = catalog.charges.get(line.charge)
    return charge is not None and charge.drawdown is not None


def _in_use(connection: sa.Connection, catalog: Catalog) -> bool:
    prepaid = any(isinstance(charge.pricing, Prepaid) for charge in catalog.charges.values())
    return prepaid or funds.there_are(connection)


def _buyers(
    catalog: Catalog, accounts: Mapping[str, Account], subscribed: Iterable[SubscribedCharge]
) -> Iterator[Buyer]:
    for each in subscribed:
        charge, account = catalog.charges.get(each.charge), accounts.get(each.account_number)
        if charge is not None and account is not None and isinstance(charge.pricing, Prepaid):
            yield Buyer(account, each, charge)


def _fund(catalog: Catalog, row: sa.RowMapping) -> Fund:
    """Give a stored fund with the terms of its charge; RatingError where that sells prepaid units no more."""
    charge = catalog.charges.get(row["charge"])
    if charge is None or not isinstance(charge.pricing, Prepaid):
        raise RatingError(
            f"charge number {row['charge_number']} has prepaid units, but charge {row['charge']!r} does not say "
            "model: prepaid in the catalog any more; put it back"
        )
    return Fund(terms=charge.pricing, bought=row["bought"], balance=row["balance"], **{n: row[n] for n in funds.FUND})
