"""Diff: what a load would change, in records, quantity and money, before anything is changed."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.layout import table
from pipeline.store import incoming
from pipeline.usage.batch import Batch
from transforms.catalog.units import Units
from transforms.figures import plain
from transforms.period import Period
from transforms.rating.lines import exact_sums
from transforms.rating.rate import rate
from transforms.rating.usage import RatingError, UsageLine
from transforms.usage.diff import KINDS, Diff


def diff(store: sa.Engine, catalog: Catalog, usage_path: Path, verdict_path: Path) -> Diff:
    """Hold a validated usage artefact against the store, and change nothing."""
    return _unloaded(store, catalog, Batch.read(catalog, usage_path, verdict_path))


def beyond_limit(store: sa.Engine, catalog: Catalog, usage_path: Path, verdict_path: Path) -> Diff | None:
    """Give what a load would change, where that is more than its meter allows without a person's word; else None."""
    batch = Batch.read(catalog, usage_path, verdict_path)
    found = _unloaded(store, catalog, batch)
    return found if found.needs_approval(batch.meter.approval_above) else None


def _unloaded(store: sa.Engine, catalog: Catalog, batch: Batch) -> Diff:
    with store.begin() as connection:
        incoming.stage(connection, batch.records())
        return staged(connection, catalog, batch)


def staged(connection: sa.Connection, catalog: Catalog, batch: Batch) -> Diff:
    """Hold what was staged in this transaction against what the store holds."""
    names = batch.meter.meter, batch.period
    amounts = _amounts(incoming.repriced(connection, *names), catalog, batch.period)
    return Diff(catalog.uom(batch.meter), incoming.compare(connection, *names), amounts)


def describe(found: Diff, units: Units) -> str:
    """Lay a diff out for a person."""
    rows = [
        (kind, part.records, plain(part.before), plain(part.after), plain(part.after - part.before))
        for kind in KINDS
        if (part := found[kind]).records
    ]
    header = ("", "records", f"{found.uom} before", "after", "difference")
    amounts = sorted(found.money.items())
    shown = [f"  in money: {units.with_currency(amount, currency)}" for currency, amount in amounts]
    share = Decimal(found.share.numerator) / Decimal(found.share.denominator)
    return "\n".join([table(header, rows), f"  {share:.1%} of what is held would change", *shown])


def _amounts(rows: Iterable[Mapping[str, Any]], catalog: Catalog, period: Period) -> dict[str, Decimal]:
    """Price what was rated before as it is and as it would be; nothing is told where that cannot be priced."""
    found = list(rows)
    try:
        before, after = (_worth(_lines(found, period, state), catalog.of(period)) for state in ("before", "after"))
    except RatingError:
        return {}
    return {currency: after.get(currency, Decimal(0)) - before[currency] for currency in before}


def _worth(lines: Iterable[UsageLine], catalog: Catalog) -> dict[str, Decimal]:
    items = rate(lines, charges=catalog.charges, units=catalog.units, billed={})
    return exact_sums((item.currency, item.amount_total) for item in items)


def _lines(rows: Iterable[Mapping[str, Any]], period: Period, state: str) -> list[UsageLine]:
    return [_line(row, period, row[state]) for row in rows if row[state] is not None]


def _line(row: Mapping[str, Any], period: Period, quantity: Decimal) -> UsageLine:
    window = period.window(row["time_zone"])
    named = {name: value for name, value in row.items() if name not in {"before", "after"}}
    return UsageLine(**named, quantity=quantity, period_start=window.start, period_end=window.end, status="Pending")
