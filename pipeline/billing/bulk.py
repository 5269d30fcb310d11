"""Rate much usage: an engine rates what is usual, all at once, and the rules rate what is left, group by group."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import ibis

from pipeline.engine import landing_engine
from transforms.catalog.charge import Charge
from transforms.catalog.units import Units
from transforms.period import instant
from transforms.rating import bulk, bulk_groups
from transforms.rating.bulk_usual import takes
from transforms.rating.commitment import with_items
from transforms.rating.prepaid import Funds
from transforms.rating.rate import NOTHING, rate
from transforms.rating.usage import BilledKey, ChargePeriod, ChargePeriodKey, RatedItem, UsageLine

MANY = 20_000  # records; fewer are rated before an engine has started


def rate_usage(
    lines: Sequence[UsageLine],
    *,
    charges: Mapping[str, Charge],
    units: Units,
    billed: Mapping[BilledKey, Decimal],
    subscribed: Iterable[ChargePeriod] = (),
    funds: Funds | None = None,
    contributed: Mapping[ChargePeriodKey, Decimal] = NOTHING,
    many: int = MANY,
) -> tuple[RatedItem, ...]:
    """Do what `transforms.rating.rate.rate` does, and give the same items; from `many` records on, an engine helps.

    Each record is given once, as the store holds it.
    """
    taken = [charge for charge in charges.values() if takes(charge, units)] if len(lines) >= many else []
    at_once, left = _at_once(lines, taken, units, billed) if taken else ([], lines)
    owed = list(subscribed)
    by_group = rate(
        left,
        charges=charges,
        units=units,
        billed=billed,
        subscribed=owed,
        funds=funds,
        contributed=with_items(contributed, at_once, owed, charges),
    )
    return tuple(sorted((*at_once, *by_group), key=_place)) if at_once else by_group


def _at_once(
    lines: Sequence[UsageLine], charges: Sequence[Charge], units: Units, billed: Mapping[BilledKey, Decimal]
) -> tuple[list[RatedItem], list[UsageLine]]:
    """Rate what an engine can, and give back the usage that is left."""
    usage = ibis.memtable(bulk_groups.usage_table(lines, charges))
    with landing_engine() as backend:
        found = backend.to_pyarrow(bulk.rated(usage, charges, units, billed))
    left = found.filter(found["is_left"]).select(bulk_groups.OF_PERIOD).to_pylist()
    keys = {(row["charge_number"], instant(row["period_start_us"])) for row in left}
    rest = [line for line in lines if (line.charge_number, line.period_start) in keys] if keys else []
    return list(bulk.rated_items(found, units, billed)), rest


def _place(item: RatedItem) -> tuple[object, ...]:
    return (item.account_number, item.charge_number, item.period_start, item.group_key)
