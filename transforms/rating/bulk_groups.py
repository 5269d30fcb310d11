"""Rating groups by an engine: usage added up as `transforms.rating.group` puts it together, for all of it at once."""

from collections.abc import Iterable, Sequence

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from transforms.catalog.charge import Charge, RatingGroup
from transforms.catalog.decision_table import Dynamic
from transforms.rating import bulk_terms
from transforms.rating.bulk_terms import LINE, Scale
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
    columns["pending"] = pa.array((line.status == "Pending" for line in lines), pa.bool_())
    for name in fields(charges):
        columns[f"field_{name}"] = pa.array((text_of(line.custom_fields, name) for line in lines), pa.string())
    return pa.table(columns)


def groups(usage: ir.Table, charges: Sequence[Charge]) -> ir.Table:
    """Add usage up by rating group; other charges' is added up beside that of these, what is `decided` left out.

    Usage is laid out as by `usage_table`, no record twice. Gives KEY and FIGURES; the quantity is not rounded.
    """
    by_record = {charge.charge: charge for charge in charges if charge.rating_group is RatingGroup.RECORD}
    alone = [name for name, charge in by_record.items() if not isinstance(charge.pricing, Dynamic)]
    found = _added_up(usage.filter(usage.charge.notin(list(by_record))) if by_record else usage, charges)
    if not alone:
        return found
    return ibis.union(found, _each_alone(usage.filter(usage.charge.isin(alone))).select(*KEY, *FIGURES))


def _added_up(usage: ir.Table, charges: Sequence[Charge]) -> ir.Table:
    """Add up by rating group. An adjustment goes to the group of what it corrects: only `group_usage` finds that."""
    apart = {charge.charge: key for charge in charges if (key := _group_key(usage, charge)) is not None}
    if not apart:
        found = _totals(usage, KEY[:-1]).mutate(group_key=ibis.literal(""), is_strange=ibis.literal(value=False))
        return found.select(*KEY, *FIGURES)
    key = ibis.cases(*((usage.charge == name, each) for name, each in apart.items()), else_="")
    is_strange = usage.charge.isin(list(apart)) & (usage.corrects.notnull() | (usage.import_id == ""))
    keyed = usage.mutate(group_key=key, is_strange=is_strange)
    return _totals(keyed, KEY, is_strange=keyed.is_strange.any()).select(*KEY, *FIGURES)


def _totals(usage: ir.Table, key: Sequence[str], **more: ir.Value) -> ir.Table:
    return usage.group_by(*key).aggregate(
        quantity=usage.quantity.sum().cast(QUANTITY),
        pending=usage.pending.any(),
        record_ids=usage.record_id.collect(include_null=True),  # every record has one, and need not be asked
        **more,
    )


def _group_key(usage: ir.Table, charge: Charge) -> ir.StringValue | None:
    match charge.rating_group:
        case RatingGroup.UPLOAD:
            return usage.import_id
        case RatingGroup.GROUP_ID:
            return usage[f"field_{charge.group_field}"]
        case _:
            return None


def _each_alone(usage: ir.Table) -> ir.Table:
    """Let every record be a group."""
    return usage.mutate(
        group_key=usage.record_id.cast("string"),
        quantity=usage.quantity.cast(QUANTITY),
        is_strange=usage.corrects.notnull(),
        record_ids=ibis.array([usage.record_id]),
    )


def decided(usage: ir.Table, charge: str, model: Dynamic, scale: Scale) -> ir.Table:
    """Let every record of a charge be a group, as `groups` gives it, and find the LINE of each; null where none holds.

    It is that of its subscription, else the one for all.
    """
    found = _each_alone(usage.filter(usage.charge == charge))
    found = found.mutate(**{name: ibis.null(ibis.dtype(kind)) for name, kind in scale.line.items()})
    for negotiated, rows in bulk_terms.decisions(model, scale).items():
        own = rows.rename("own_{name}")
        same = [found.start_us >= own.own_from_us, found.start_us < own.own_until_us]
        same += [found[f"field_{field}"] == own[f"own_row_{name}"] for name, field in model.attributes.items()]
        if negotiated:
            same.append(found.subscription_number == own.own_row_subscription)
        joined = found.left_join(own, same)
        line = {name: ibis.ifelse(joined.own_price.notnull(), joined[f"own_{name}"], joined[name]) for name in LINE}
        found = joined.mutate(**line).drop(*own.columns)
    return found.select(*KEY, *FIGURES, *LINE)
