"""Rating in bulk: what `transforms.rating.rate` does with most usage, done by an engine for all of it at once.

A charge and period is rated here only as a whole, and only where nothing about it is unusual. All else is left to
`rate`, which prices it or says what is wrong with it: nothing is refused here. Both make the same items.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.compute as pc

from transforms.catalog.charge import Charge
from transforms.catalog.decision_table import Dynamic
from transforms.catalog.units import Units
from transforms.period import instant, micros
from transforms.rating import bulk_terms, bulk_usual
from transforms.rating.bulk_groups import KEY, OF_PERIOD, OWNER, decided, groups
from transforms.rating.bulk_terms import LINE, Scale
from transforms.rating.lines import EXACT, read
from transforms.rating.usage import BilledKey, RatedItem

BILLED = {
    "charge_number": pa.string(), "period_start_us": pa.int64(), "group_key": pa.string(),
    "billed_before": pa.decimal128(30, 9),
}  # fmt: skip
ITEMS = (
    "account_number", "subscription_number", "charge_number", "charge", "group_key", "period_start_us",
    "period_end_us", "uom", "quantity", "amount_total", "billed_before", "amount", "currency", "breakdown",
    "record_ids", "is_left",
)  # fmt: skip
IN_TIER = ("start", "between", "line_places")
ROUNDED = (*KEY, "quantity", "pending", "record_ids", "is_usual", "currency", "money_step", "money_offset")
PRICED = ("quantity", "pending", "record_ids", "currency", "opening", "between", "closing", "line_places")
FIGURE = "decimal(18, 9)"  # of a quantity, or a price
TEXTS = ("account_number", "subscription_number", "charge_number", "charge", "group_key", "uom", "currency")
PLACES, ZERO = 9, Decimal(0)


def rated(usage: ir.Table, charges: Sequence[Charge], units: Units, billed: Mapping[BilledKey, Decimal]) -> ir.Table:
    """Give the ITEMS that are due, in no order, and as `is_left` those of charges and periods that are left to `rate`.

    Usage is laid out as by `usage_table`, `charges` are those that bulk_usual.takes. The amounts are rounded, the
    breakdown is JSON as the store holds it.
    """
    priced, before = _priced(usage, charges, units).alias("priced"), _before(billed)
    left = _left(priced, before).mutate(left=ibis.literal(value=True))
    found = priced.left_join(left, OF_PERIOD, rname="{name}_left")
    found = found.left_join(before, [*OF_PERIOD, "group_key"], rname="{name}_before")
    is_left, billed_before = found.left.notnull(), found.billed_before.fill_null(ZERO)
    made = {
        "billed_before": billed_before, "amount": found.amount_total - billed_before, "is_left": is_left,
        "breakdown": _breakdown(found, _written(found.priced, found.line_places)),
    }  # fmt: skip
    due = is_left | found.pending | (found.amount_total != billed_before)
    return found.filter(due).select(**{name: found[name] for name in ITEMS if name not in made}, **made)


def _priced(usage: ir.Table, charges: Sequence[Charge], units: Units) -> ir.Table:
    """Round quantities, and price each; where all that is needed to price a group is here, it is usual."""
    scale = bulk_usual.scale(charges, units)
    found = _with_line(usage, charges, units, scale)
    priced = (found.quantity - found.start).cast(FIGURE)
    multiplied = priced.cast(f"decimal(18, {scale.units})") * found.price
    worth = found.base + multiplied.cast(f"decimal(38, {scale.worth.scale})") + found.money_offset
    shifted = worth.try_cast(ibis.dtype(scale.worth))
    total = shifted - shifted % found.money_step
    is_usual = found.is_usual & total.notnull()
    return found.select(*KEY, *PRICED, priced=priced, amount_total=total, is_usual=is_usual)


def _with_line(usage: ir.Table, charges: Sequence[Charge], units: Units, scale: Scale) -> ir.Table:
    """Round quantities, and find the line of a breakdown that ends each."""
    terms, tiers = bulk_terms.terms(charges, units, scale), bulk_terms.tiers(charges, units, scale)
    whole = _rounded(groups(usage, charges), terms)
    tier = (whole.charge == tiers.tier_of, whole.quantity > tiers.over, whole.quantity <= tiers.up_to)
    parts = [whole.left_join(tiers, tier).select(*ROUNDED, *LINE, *IN_TIER)]
    for charge in charges:
        if isinstance(charge.pricing, Dynamic):
            alone = _rounded(decided(usage, charge.charge, charge.pricing, scale), terms)
            from_zero = {"start": ibis.literal(ZERO, FIGURE), "between": ibis.null("string")}
            parts.append(alone.select(*ROUNDED, *LINE, **from_zero, line_places=alone.places))
    return ibis.union(*parts) if parts[1:] else parts[0]


def _rounded(groups: ir.Table, terms: ir.Table) -> ir.Table:
    found = groups.left_join(terms, groups.charge == terms.of_charge)
    shifted = (found.quantity + found.offset).try_cast(FIGURE)
    return found.mutate(
        quantity=(shifted - shifted % found.step).cast(FIGURE),
        is_usual=~found.is_strange & (found.uom == found.charge_uom) & (found.quantity >= 0),
    )


def _left(priced: ir.Table, before: ir.Table) -> ir.Table:
    """Name what is left to `rate`, by charge_number and period_start_us, nothing twice."""
    unusual = priced.filter(~priced.is_usual).select(*OF_PERIOD)
    owners = priced.select(*OF_PERIOD, *OWNER).distinct().group_by(*OF_PERIOD).aggregate(owners=ibis._.count())
    several = owners.filter(owners.owners > 1).select(*OF_PERIOD)
    lost = before.anti_join(priced, [*OF_PERIOD, "group_key"]).select(*OF_PERIOD)
    return ibis.union(unusual, several, lost, distinct=True)


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
    """Read the rows of `rated` as `rate` gives them, each figure with the decimals of its unit or currency."""
    for row in table.filter(pc.invert(table["is_left"])).to_pylist():
        start = instant(row["period_start_us"])
        before = billed.get((row["charge_number"], start, row["group_key"]), ZERO)
        total = row["amount_total"].quantize(Decimal(1).scaleb(-units.currencies[row["currency"]].decimals))
        yield RatedItem(
            **{name: row[name] for name in TEXTS},
            period_start=start,
            period_end=instant(row["period_end_us"]),
            quantity=row["quantity"].quantize(Decimal(1).scaleb(-units.units[row["uom"]].decimals)),
            breakdown=tuple(map(read, json.loads(row["breakdown"]))),
            amount_total=total,
            billed_before=before,
            amount=EXACT.subtract(total, before),
            record_ids=tuple(sorted(row["record_ids"])),
        )
