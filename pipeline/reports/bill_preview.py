"""What a bill run would bill, or has rated, beside what the period before came to; nothing is changed."""

from collections.abc import Collection
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing.rate import due
from pipeline.billing.repriced import repriced
from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.store import bill_runs
from transforms.catalog.units import Units
from transforms.period import Period
from transforms.rating import approval
from transforms.rating.asked import Asked
from transforms.rating.lines import EXACT, exact_sum, exact_sums

Sums = dict[tuple[str, str], tuple[int, Decimal]]
"""Items and amount by charge and currency."""
NOTHING = (0, Decimal(0))


def preview(store: sa.Engine, catalog: Catalog, asked: Asked) -> str:
    """Rate what is asked for as things stand, and lay out what it comes to; RatingError where it cannot be rated."""
    with store.begin() as connection:
        found = due(connection, catalog, asked, lock=False)
        before = _billed_before(connection, asked.period)
        told = repriced(connection, catalog, asked.period, found)
    sums: Sums = {}
    for item in found.items:
        _add(sums, (item.charge, item.currency), (1, item.amount))
    heading = f"a bill run of {asked.period} would take {len(found.pending)} records and bill:"
    left = [f"{len(found.left)} records would stay Pending:", *found.left] if found.left else []
    wanted = [f"it wants a reason: {told}"] if told else []
    return "\n".join([heading, _beside(sums, before, asked.period, catalog.units), *wanted, *left])


def to_approve(store: sa.Engine, catalog: Catalog, period: Period, runs: Collection[str]) -> str | None:
    """Lay out what bill runs of a period came to, where a person has to approve it; else None."""
    with store.begin() as connection:
        rated = _billed(connection, period, runs)
        before = _billed_before(connection, period)
    reasons = approval.to_approve(_by_currency(rated), _by_currency(before), catalog.units.currencies)
    return "\n".join([*reasons, _beside(rated, before, period, catalog.units)]) if reasons else None


def _billed(connection: sa.Connection, period: Period, runs: Collection[str] | None = None) -> Sums:
    rows = bill_runs.amounts(connection, period, runs)
    return {(row["charge"], row["currency"]): (row["items"], row["amount"]) for row in rows}


def _billed_before(connection: sa.Connection, period: Period) -> Sums:
    """Add up what the period before came to; it may be of two names, for the cycles that have this one."""
    sums: Sums = {}
    for each in period.before:
        for key, figures in _billed(connection, each).items():
            _add(sums, key, figures)
    return sums


def _add(sums: Sums, key: tuple[str, str], more: tuple[int, Decimal]) -> None:
    items, amount = sums.get(key, NOTHING)
    sums[key] = (items + more[0], EXACT.add(amount, more[1]))


def _by_currency(sums: Sums) -> dict[str, Decimal]:
    return exact_sums((currency, amount) for (_, currency), (_, amount) in sums.items())


def _beside(now: Sums, before: Sums, period: Period, units: Units) -> str:
    """Lay out amounts by charge beside those of the period before, and their sums by currency."""
    keys = sorted({*now, *before})
    found = [(*key, now.get(key, NOTHING), before.get(key, NOTHING)) for key in keys]
    codes = sorted({currency for _, currency in keys})
    found += [("all", code, _total(now, code), _total(before, code)) for code in codes]
    rows = [_row(charge, code, units, *figures) for charge, code, *figures in found]
    named = ", ".join(map(str, period.before)) or "before"
    return table(("charge", "currency", "items", "amount", named, "change"), rows)


def _total(sums: Sums, code: str) -> tuple[int, Decimal]:
    mine = [figures for (_, currency), figures in sums.items() if currency == code]
    return sum(items for items, _ in mine), exact_sum(amount for _, amount in mine)


def _row(
    charge: str, code: str, units: Units, now: tuple[int, Decimal], before: tuple[int, Decimal]
) -> tuple[str, ...]:
    change = "" if before[1] == 0 else f"{(now[1] - before[1]) * 100 / abs(before[1]):+.1f} %"
    return charge, code, str(now[0]), units.money(now[1], code), units.money(before[1], code), change
