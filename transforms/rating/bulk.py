"""Rating in bulk: what `transforms.rating.rate` does with most usage, done by an engine for all of it at once.

A charge and period is rated here only as a whole, and only where nothing about it is unusual. All else is left to
`rate`, which prices it or says what is wrong with it: nothing is refused here. Both make the same items.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms.charge import Charge
from transforms.period import instant, micros
from transforms.rating import bulk_terms
from transforms.rating.bulk_groups import KEY, LINE, OF_PERIOD, OWNER
from transforms.rating.lines import EXACT, TierLine
from transforms.rating.usage import BilledKey, RatedItem
from transforms.units import Units

BILLED = {
    "charge_number": pa.string(), "period_start_us": pa.int64(), "group_key": pa.string(),
    "billed_before": pa.decimal128(30, 9),
}  # fmt: skip
ITEMS = (
    "account_number", "subscription_number", "charge_number", "charge", "group_key", "period_start_us",
    "period_end_us", "uom", "quantity", "amount_total", "billed_before", "amount", "currency", "breakdown",
    "record_ids",
)  # fmt: skip
PRICED = ("quantity", "pending", "record_ids", "currency", "is_usual")
FIGURE = "decimal(18, 9)"  # of a quantity, or a price
TEXTS = ("account_number", "subscription_number", "charge_number", "charge", "group_key", "uom", "currency")
PLACES, ZERO = 9, Decimal(0)


def priced(groups: ir.Table, charges: Sequence[Charge], units: Units) -> ir.Table:
    """Round quantities, and price each; where all that is needed to price a group is here, it is usual.

    The amounts are rounded, the breakdown is JSON as the store holds it.
    """
    found = _with_line(groups, charges, units)
    priced = (found.quantity - found.start).cast(FIGURE)
    shifted = found.base + priced * found.price + found.money_offset
    return found.select(
        *KEY,
        *PRICED,
        amount_total=shifted - shifted % found.money_step,
        breakdown=_breakdown(found, _written(priced, found.line_places)),
    )


def _with_line(groups: ir.Table, charges: Sequence[Charge], units: Units) -> ir.Table:
    """Round quantities, and find the line of a breakdown that ends each."""
    terms, tiers = bulk_terms.terms(charges, units), bulk_terms.tiers(charges, units)
    found = groups.left_join(terms, groups.charge == terms.of_charge)
    shifted = (found.quantity.try_cast(FIGURE) + found.offset).try_cast(FIGURE)
    rounded = found.mutate(
        quantity=(shifted - shifted % found.step).cast(FIGURE),
        is_usual=~found.is_strange & (found.uom == found.charge_uom) & (found.quantity >= 0) & shifted.notnull(),
    )
    tier = (rounded.charge == tiers.tier_of, rounded.quantity > tiers.over, rounded.quantity <= tiers.up_to)
    met = rounded.left_join(tiers, tier, rname="tier_{name}")
    line = {name: ibis.coalesce(met[name], met[f"tier_{name}"]) for name in LINE}
    return met.mutate(
        **line,
        is_usual=(met.is_usual & line["price"].notnull()).fill_null(False),  # noqa: FBT003 of charges not taken
        start=met.start.fill_null(ZERO),
        line_places=ibis.ifelse(met.price.notnull(), met.places, met.line_places),
    ).drop("tier_of", "over", "up_to", *(f"tier_{name}" for name in LINE))


def left(priced: ir.Table, billed: Mapping[BilledKey, Decimal]) -> ir.Table:
    """Name what is left to `rate`, by charge_number and period_start_us, nothing twice."""
    unusual = priced.filter(~priced.is_usual).select(*OF_PERIOD)
    owners = priced.select(*OF_PERIOD, *OWNER).distinct().group_by(*OF_PERIOD).aggregate(owners=ibis._.count())
    several = owners.filter(owners.owners > 1).select(*OF_PERIOD)
    lost = _before(billed).anti_join(priced, [*OF_PERIOD, "group_key"]).select(*OF_PERIOD)
    return ibis.union(unusual, several, lost, distinct=True)


def items(priced: ir.Table, left: ir.Table, billed: Mapping[BilledKey, Decimal]) -> ir.Table:
    """Hold what is not `left` against what was billed before: the ITEMS that are due, in no order."""
    plain = priced.anti_join(left, OF_PERIOD)
    found = plain.left_join(_before(billed), [*OF_PERIOD, "group_key"], rname="{name}_before")
    before = found.billed_before.fill_null(ZERO)
    due = found.filter(found.pending | (found.amount_total != before))
    return due.mutate(
        billed_before=before, amount=found.amount_total - before, record_ids=found.record_ids.sort()
    ).select(*ITEMS)


def _before(billed: Mapping[BilledKey, Decimal]) -> ir.Table:
    rows = [(number, micros(start), group, amount) for (number, start, group), amount in billed.items()]
    columns = zip(*rows, strict=True) if rows else [()] * len(BILLED)
    found = {name: pa.array(column, kind) for (name, kind), column in zip(BILLED.items(), columns, strict=True)}
    return ibis.memtable(pa.table(found))


def _breakdown(line: ir.Table, units: ir.StringValue) -> ir.StringValue:
    again = (line.between + units).fill_null("")
    return ibis.literal("[") + line.opening + units + again + line.closing + "]"


def _written(value: ir.DecimalValue, places: ir.IntegerValue) -> ir.StringValue:
    """Write a decimal with so many places, all of its own; nothing where they are null, for a line without a hole."""
    text = value.cast("string")
    return text.left(text.length() - PLACES + places - (places == 0).cast("int64")).fill_null("")


def rated_items(table: pa.Table, units: Units, billed: Mapping[BilledKey, Decimal]) -> Iterator[RatedItem]:
    """Read the rows of `items` as `rate` gives them, each figure with the decimals of its unit or currency."""
    for row in table.to_pylist():
        start = instant(row["period_start_us"])
        before = billed.get((row["charge_number"], start, row["group_key"]), ZERO)
        total = row["amount_total"].quantize(Decimal(1).scaleb(-units.currencies[row["currency"]].decimals))
        yield RatedItem(
            **{name: row[name] for name in TEXTS},
            period_start=start,
            period_end=instant(row["period_end_us"]),
            quantity=row["quantity"].quantize(Decimal(1).scaleb(-units.units[row["uom"]].decimals)),
            breakdown=tuple(map(_read, json.loads(row["breakdown"]))),
            amount_total=total,
            billed_before=before,
            amount=EXACT.subtract(total, before),
            record_ids=tuple(row["record_ids"]),
        )


def _read(line: Mapping[str, Any]) -> TierLine:
    up_to = None if line["up_to"] is None else Decimal(line["up_to"])
    above, units, price = (Decimal(line[name]) for name in ("above", "units", "price"))
    return TierLine(int(line["tier"]), above, up_to, units, price, line["format"])
