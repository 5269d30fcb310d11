"""What else was changed: billed usage that comes out otherwise even without the readings that came late."""

from decimal import Decimal

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.quantities.derive import Derived
from pipeline.store import incoming
from pipeline.usage.batch import Batch
from pipeline.usage.map import quantities_of, usage_of
from transforms.figures import plain

NOTHING = Decimal(0)


def changed_besides(
    connection: sa.Connection, store: sa.Engine, catalog: Catalog, batch: Batch, before: Derived
) -> str | None:
    """Tell which billed usage would be adjusted for more than late readings: by what was there `before` gives.

    A changed factor, filter or subscription would else reach what is billed as soon as any reading comes late.
    """
    meter, period = batch.meter, batch.period
    records = usage_of(store, catalog, meter, period, quantities_of(before.quantities, meter))
    made = {each.record_key: each.quantity for each in records}
    corrected = incoming.corrected(connection, meter.meter, period)
    other = [(*held, made.get(key, NOTHING)) for key, held in corrected.items() if made.get(key, NOTHING) != held[1]]
    if not other:
        return None
    number, quantity, now = min(other)
    more = f", and {len(other) - 1} more charges" if other[1:] else ""
    return (
        f"readings came late, and what was billed before comes to another result even without them: charge {number} "
        f"was billed {plain(quantity)} {catalog.uom(meter)}, and comes to {plain(now)}{more}; take back what was "
        "changed (meter, charge, account or record), or give a reason (--reason, or in the form of the run)"
    )
