"""Ended: fees that were billed of a time in which nobody subscribes to their charge any more; people are told."""

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import billing, events


def note_billed_after_end(store: sa.Engine, catalog: Catalog) -> list[str]:
    """Note, for the upkeep to tell once, what was billed of subscriptions that were ended afterwards; a line of each.

    Nothing is billed back: a fee is not prorated, and whether it is owed is for a person to say.
    """
    fees = {name for name, charge in catalog.charges.items() if charge.owed_by_period}
    found = []
    with store.begin() as connection:
        for row in billing.billed_outside(connection, fees):
            number = row["charge_number"]
            amount = catalog.units.with_currency(row["amount"], row["currency"])
            details = {"name": number, "account": row["account_number"], "amount": amount, "periods": row["periods"]}
            ends = str(row["end_at"] or "none")
            events.note(connection, "billed_after_end", f"charge number {number}, end {ends}", details | {"end": ends})
            found.append(f"{number}: {amount} stay billed of {row['periods']}, in which it is not subscribed to")
    return found
