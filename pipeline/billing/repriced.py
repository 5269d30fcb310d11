"""Repriced: what was billed comes to another amount by the same usage, because a price was altered where it stood."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from pipeline.billing.bulk import rate_usage
from pipeline.billing.due import Due
from pipeline.catalog.catalog import Catalog
from pipeline.store import billing, funds
from transforms.catalog.commitment import Commitment
from transforms.catalog.units import Units
from transforms.errors import MeterbridgeError
from transforms.lists import first_few
from transforms.period import Period
from transforms.rating.lines import EXACT, exact_sum
from transforms.rating.prepaid import Recorded
from transforms.rating.usage import RatedItem, RatingError

CHARGES_NAMED = 3


class RepricedError(MeterbridgeError):
    """What was billed would come to another amount by the same usage, and nobody said why; the message names it."""


def require_unchanged(connection: sa.Connection, catalog: Catalog, period: Period, found: Due) -> None:
    """Refuse to bill another amount for what was billed before; RepricedError names the first charges."""
    if told := repriced(connection, catalog, period, found):
        raise RepricedError(
            f"period {period} is billed, and {told}; take back what was changed (a price, table, unit or currency; a "
            "new price has a day, in price_changes), or rate it by hand with a reason (--reason, or in the form of "
            "bill_run_by_hand)"
        )


def repriced(
    connection: sa.Connection,
    catalog: Catalog,
    period: Period,
    found: Due,
) -> str | None:
    """Tell which of the charges that are due would owe another amount for what was billed of them alone; else None.

    The usage that was billed is rated again, with the prepaid units that it had. A commitment is settled with the
    amount that it has at the time.
    """
    priced = catalog.of(period)
    due = {item.charge_number for item in found.items if not _committed(priced, item.charge)}
    billed = {key: amount for key, amount in billing.billed(connection, period).items() if key[0] in due}
    if not billed:
        return None
    keys = {key[:2] for key in billed}
    drawn = {key: exact_sum(each.values()) for key, each in funds.drawn(connection, period, due).items()}
    try:
        again = rate_usage(
            [line for line in found.lines if line.charge_number in due],
            charges=priced.charges,
            units=catalog.units,
            billed=billed,
            subscribed=[fee for fee in found.fees if (fee.charge_number, fee.period_start) in keys],
            funds=Recorded(drawn, drawn),
        )
    except RatingError as error:
        return f"what was billed before cannot be rated any more: {error}"
    return _told(again, catalog.units)


def _committed(catalog: Catalog, charge: str) -> bool:
    return isinstance(catalog.charges[charge].pricing, Commitment)


def _told(again: Iterable[RatedItem], units: Units) -> str | None:
    """Name the first charges; a group that gives its amount to another one is none of them."""
    of_charge: defaultdict[str, list[RatedItem]] = defaultdict(list)
    for item in again:
        of_charge[item.charge_number].append(item)
    found = [_named(items, units) for _, items in sorted(of_charge.items()) if exact_sum(each.amount for each in items)]
    return f"by the same usage {first_few(found, CHARGES_NAMED)}" if found else None


def _named(items: Sequence[RatedItem], units: Units) -> str:
    first, before = items[0], exact_sum(item.billed_before for item in items)
    now = EXACT.add(before, exact_sum(item.amount for item in items))
    was, comes = (units.money(amount, first.currency) for amount in (before, now))
    return f"charge {first.charge_number} ({first.charge}) was billed {was} {first.currency} and comes to {comes}"
