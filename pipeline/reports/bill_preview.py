"""What a bill run would bill, or has rated, beside the period before, or what it corrects; nothing is changed."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from itertools import takewhile

import sqlalchemy as sa

from pipeline.billing.due import due
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


@dataclass(frozen=True)
class Base:
    """What a bill run is held against: the period before, or what was billed of the period that it `corrects`."""

    sums: Sums
    named: str
    corrects: bool

    def change(self, now: Decimal, before: Decimal) -> Decimal:
        """Tell by how much an amount changes what it is held against."""
        return now if self.corrects else EXACT.subtract(now, before)


def preview(store: sa.Engine, catalog: Catalog, asked: Asked) -> str:
    """Rate what is asked for as things stand, and lay out what it comes to; RatingError where it cannot be rated."""
    with store.begin() as connection:
        found = due(connection, catalog, asked, lock=False)
        base = _base(connection, asked.period)
        told = repriced(connection, catalog, asked.period, found)
    sums: Sums = {}
    for item in found.items:
        _add(sums, (item.charge, item.currency), (1, item.amount))
    heading = f"a bill run of {asked.period} would take {len(found.pending)} records and bill:"
    left = [f"{len(found.left)} records would stay Pending:", *found.left] if found.left else []
    wanted = [f"it wants a reason: {told}"] if told else []
    return "\n".join([heading, _beside(sums, base, catalog.units), *wanted, *left])


def to_approve(store: sa.Engine, catalog: Catalog, period: Period, runs: Collection[str]) -> str | None:
    """Lay out what bill runs of a period came to, where a person has to approve it; else None.

    Those that somebody has posted or cancelled meanwhile are not asked for once more.
    """
    with store.begin() as connection:
        waiting = {row["bill_run_id"] for row in bill_runs.in_status(connection, period, "rated")}.intersection(runs)
        rated = _billed(connection, period, waiting)
        base = _base(connection, period, waiting)
        amounts = bill_runs.moved(connection, waiting) if base.corrects else _by_currency(rated)
    reasons = approval.to_approve(amounts, _by_currency(base.sums), catalog.units.currencies, corrects=base.corrects)
    return "\n".join([*reasons, _beside(rated, base, catalog.units)]) if reasons else None


def _base(connection: sa.Connection, period: Period, runs: Collection[str] = ()) -> Base:
    """Hold bill runs of a period that was billed as a whole before them against that, and else the period before."""
    found = bill_runs.in_status(connection, period, "rated", "posted")
    earlier = [*takewhile(lambda row: row["bill_run_id"] not in runs, found)]
    if any(row["batch"] is None and row["target_date"] is None for row in earlier):
        return Base(
            _billed(connection, period, {row["bill_run_id"] for row in earlier}), "billed before", corrects=True
        )
    return Base(_billed_before(connection, period), ", ".join(map(str, period.before)) or "before", corrects=False)


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


def _beside(now: Sums, base: Base, units: Units) -> str:
    """Lay out amounts by charge beside what they are held against, and their sums by currency."""
    before, keys = base.sums, sorted(now if base.corrects else {*now, *base.sums})
    found = [(*key, now.get(key, NOTHING), before.get(key, NOTHING)) for key in keys]
    codes = sorted({currency for _, currency in keys})
    found += [("all", code, _total(now, code), _total(before, code)) for code in codes]
    rows = [_row(charge, code, units, base, *figures) for charge, code, *figures in found]
    return table(("charge", "currency", "items", "amount", base.named, "change"), rows)


def _total(sums: Sums, code: str) -> tuple[int, Decimal]:
    mine = [figures for (_, currency), figures in sums.items() if currency == code]
    return sum(items for items, _ in mine), exact_sum(amount for _, amount in mine)


def _row(
    charge: str, code: str, units: Units, base: Base, now: tuple[int, Decimal], before: tuple[int, Decimal]
) -> tuple[str, ...]:
    change = "" if before[1] == 0 else f"{base.change(now[1], before[1]) * 100 / abs(before[1]):+.1f} %"
    return charge, code, str(now[0]), units.money(now[1], code), units.money(before[1], code), change
