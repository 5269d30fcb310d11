"""Rating groups by an engine: usage added up as `transforms.rating.group` puts it together, for all of it at once."""

from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms.charge import Charge, RatingGroup
from transforms.decision_table import Dynamic
from transforms.rating import bulk_terms
from transforms.rating.fields import text_of
from transforms.rating.usage import UsageLine

OF_PERIOD = ("charge_number", "period_start_us")
OWNER = ("account_number", "subscription_number", "charge", "period_end_us")
KEY = (*OF_PERIOD, *OWNER, "uom", "group_key")
FIGURES = ("quantity", "pending", "is_strange", "record_ids")
AS_THEY_ARE = {
    "record_id": pa.int64(), "account_number": pa.string(), "subscription_number": pa.string(),
    "charge_number": pa.string(), "charge": pa.string(), "uom": pa.string(), "quantity": pa.decimal128(22, 9),
    "corrects": pa.int64(), "import_id": pa.string(),
}  # fmt: skip
INSTANTS = ("start_at", "period_start", "period_end")
LINE = tuple(bulk_terms.LINE)
NO_LINE = {
    "base": ibis.null("decimal(38, 18)"), "price": ibis.null("decimal(18, 9)"), "opening": ibis.null("string"),
    "closing": ibis.null("string"),
}  # fmt: skip
QUANTITY = "decimal(38, 9)"


def fields(charges: Iterable[Charge]) -> tuple[str, ...]:
    """Name the custom fields that prices and groups of these charges are made of."""
    listed = list(charges)
    found = {name for charge in listed for name in charge.price_fields}
    return tuple(sorted(found | {charge.group_field for charge in listed if charge.group_field}))


def usage_table(lines: Sequence[UsageLine], charges: Iterable[Charge]) -> pa.Table:
    """Lay usage out as `groups` takes it; quantities have at most nine decimals, as in the store."""
    columns = {name: pa.array((getattr(line, name) for line in lines), kind) for name, kind in AS_THEY_ARE.items()}
    for name in INSTANTS:
        instants = pa.array((getattr(line, name) for line in lines), pa.timestamp("us", "UTC"))
        columns[f"{name.removesuffix('_at')}_us"] = instants.cast(pa.int64())
    columns["pending"] = pa.array((line.status == "pending" for line in lines), pa.bool_())
    for name in fields(charges):
        columns[f"field_{name}"] = pa.array((text_of(line.custom_fields, name) for line in lines), pa.string())
    return pa.table(columns)


def groups(usage: ir.Table, charges: Sequence[Charge]) -> ir.Table:
    """Add usage up by rating group; `charges` are those that bulk_terms.takes, other usage is added up beside theirs.

    Usage is laid out as by `usage_table`, no record twice. Gives KEY, FIGURES (the quantity is not rounded), and where
    a decision table prices a record its LINE.
    """
    by_record = [charge for charge in charges if charge.rating_group is RatingGroup.RECORD]
    names = [charge.charge for charge in by_record]
    parts = [_added_up(usage.filter(usage.charge.notin(names)) if names else usage, charges)]
    parts += [_each_alone(usage.filter(usage.charge == charge.charge), charge) for charge in by_record]
    return ibis.union(*parts) if parts[1:] else parts[0]


def _added_up(usage: ir.Table, charges: Sequence[Charge]) -> ir.Table:
    """Add up by rating group. An adjustment goes to the group of what it corrects: only `group_usage` finds that."""
    apart = {charge.charge: key for charge in charges if (key := _group_key(usage, charge)) is not None}
    keyed = usage.mutate(group_key=ibis.literal(""), is_strange=ibis.literal(value=False))
    if apart:
        key = ibis.cases(*((usage.charge == name, each) for name, each in apart.items()), else_="")
        is_strange = usage.charge.isin(list(apart)) & (usage.corrects.notnull() | (usage.import_id == ""))
        keyed = usage.mutate(group_key=key, is_strange=is_strange)
    found = keyed.group_by(*KEY).aggregate(
        quantity=keyed.quantity.sum().cast(QUANTITY),
        pending=keyed.pending.any(),
        is_strange=keyed.is_strange.any(),
        record_ids=keyed.record_id.collect(),
    )
    return _without_line(found)


def _group_key(usage: ir.Table, charge: Charge) -> ir.StringValue | None:
    match charge.rating_group:
        case RatingGroup.UPLOAD:
            return usage.import_id
        case RatingGroup.GROUP_ID:
            return usage[f"field_{charge.group_field}"]
        case _:
            return None


def _without_line(found: ir.Table) -> ir.Table:
    return found.select(*KEY, *FIGURES, **NO_LINE)


def _each_alone(usage: ir.Table, charge: Charge) -> ir.Table:
    """Let every record be a group."""
    found = usage.mutate(
        group_key=usage.record_id.cast("string"),
        quantity=usage.quantity.cast(QUANTITY),
        is_strange=usage.corrects.notnull(),
        record_ids=ibis.array([usage.record_id]),
    )
    if not isinstance(charge.pricing, Dynamic):
        return _without_line(found)
    return _decided(found, charge.pricing).select(*KEY, *FIGURES, *LINE)


def _decided(usage: ir.Table, model: Dynamic) -> ir.Table:
    """Find the line of each record: that of its subscription, else the one for all; null where none holds."""
    found = usage.mutate(**NO_LINE)
    for negotiated, rows in bulk_terms.decisions(model).items():
        own = rows.rename("own_{name}")
        same = [found.start_us >= own.own_from_us, found.start_us < own.own_until_us]
        same += [found[f"field_{field}"] == own[f"own_row_{name}"] for name, field in model.attributes.items()]
        if negotiated:
            same.append(found.subscription_number == own.own_row_subscription)
        joined = found.left_join(own, same)
        line = {name: ibis.ifelse(joined.own_price.notnull(), joined[f"own_{name}"], joined[name]) for name in LINE}
        found = joined.mutate(**line).drop(*own.columns)
    return found
