"""Usage on its way in: staged beside what the store holds, and settled against it by the database.

A key is a record's own, or, for an adjustment, that of the Processed record which it corrects. What is held of a key is
all of its active records; what is billed of it, the Processed ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BIT

from pipeline.store.copy import copy_batches
from pipeline.store.tables import ACTIVE, accounts, imports, usage_records
from pipeline.store.usage import FIELDS
from transforms.period import Period
from transforms.usage.diff import Part

KEY_DIGITS = 15  # hex digits of a key that are added up: as many as fit 64 bits with a sign
ADJUSTED = ("quantity", "readings")  # what an adjustment makes good
incoming = sa.Table(
    "incoming",
    sa.MetaData(),
    *(sa.Column(name, usage_records.c[name].type, nullable=usage_records.c[name].nullable) for name in FIELDS),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
base = usage_records.alias("base")
CORRECTS_BASE = (base.c.record_id == usage_records.c.corrects) & (base.c.period == usage_records.c.period)
base_key = sa.func.coalesce(base.c.record_key, usage_records.c.record_key)
ZERO = sa.literal(0, sa.Numeric)


@dataclass(frozen=True)
class Sum:
    """Records, counted and added up, with a sum over the first digits of their keys: equal where they are the same."""

    records: int
    quantity: Decimal
    keys: Decimal


@dataclass(frozen=True)
class Corrections:
    """How what is billed would have to be corrected: adjustments, those below zero, those in another unit."""

    records: int
    negative: int
    other_unit: int


def stage(connection: sa.Connection, batches: Iterable[pa.RecordBatch]) -> None:
    """Put usage beside the store's, for this transaction alone."""
    incoming.create(connection)
    copy_batches(connection, incoming.name, FIELDS, batches)


def taken(connection: sa.Connection, meter: str, period: Period) -> tuple[str, str] | None:
    """Find (charge number, meter) of another meter's active record of a charge and period that comes in."""
    statement = (
        sa.select(usage_records.c.charge_number, imports.c.meter)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .join(incoming, incoming.c.charge_number == usage_records.c.charge_number)
        .where(usage_records.c.period == str(period), ACTIVE, imports.c.meter != meter)
        .order_by(usage_records.c.charge_number)
        .limit(1)
    )
    row = connection.execute(statement).first()
    return (row.charge_number, row.meter) if row else None


def compare(connection: sa.Connection, meter: str, period: Period) -> dict[str, Part]:
    """Count and add up what comes in against what is held, by kind: added, changed, removed, same."""
    held = _held(meter, period).subquery("held")
    after, before = sa.func.coalesce(incoming.c.quantity, ZERO), sa.func.coalesce(held.c.quantity, ZERO)
    kind = sa.case(
        (held.c.key.is_(None), "added"), (incoming.c.record_key.is_(None), "removed"), (after != before, "changed"),
        else_="same",
    ).label("kind")  # fmt: skip
    sums = (sa.func.sum(figure) for figure in (before, after, sa.func.abs(after - before)))
    both = held.outerjoin(incoming, incoming.c.record_key == held.c.key, full=True)
    statement = sa.select(kind, sa.func.count(), *sums).select_from(both).group_by(kind)
    return {row[0]: Part(*row[1:]) for row in connection.execute(statement)}


def corrections(connection: sa.Connection, meter: str, period: Period) -> Corrections:
    """Tell how what is billed would have to be corrected, were what comes in to hold."""
    found = _adjustments(meter, period).subquery("found")
    negative, other = (sa.func.count().filter(each) for each in (found.c.quantity < 0, found.c.other_unit))
    row = connection.execute(sa.select(sa.func.count(), negative, other).select_from(found)).one()
    return Corrections(row[0], row[1], row[2])


def below_zero(connection: sa.Connection, meter: str, period: Period) -> list[tuple[str, Decimal]]:
    """List the adjustments below zero that what is billed would need: charge number and quantity, in their order."""
    found = _adjustments(meter, period).subquery("found")
    statement = sa.select(found.c.charge_number, found.c.quantity).where(found.c.quantity < 0)
    rows = connection.execute(statement.order_by(found.c.charge_number, found.c.quantity))
    return [(row.charge_number, row.quantity) for row in rows]


def corrected(connection: sa.Connection, meter: str, period: Period) -> dict[str, tuple[str, Decimal]]:
    """Give what is billed and would be corrected, by key: its charge number, and the quantity that is held."""
    held, found = _held(meter, period).subquery("held"), _adjustments(meter, period).subquery("found")
    statement = (
        sa.select(held.c.key, base.c.charge_number, held.c.quantity)
        .join(found, found.c.corrects == held.c.record_id)
        .join(base, _is_held(held, period))
    )
    return {row.key: (row.charge_number, row.quantity) for row in connection.execute(statement)}


def take_over(
    connection: sa.Connection, import_id: str, meter: str, period: Period, amount_field: str | None = None
) -> Sum:
    """Add what is not billed yet, and an adjustment for what is billed otherwise; gives what was to be added.

    Of a custom field that holds an amount an adjustment bears the difference, as it does of the quantity.
    """
    held = _held(meter, period).subquery("held")
    unbilled = (
        sa.select(*incoming.c)
        .outerjoin(held, held.c.key == incoming.c.record_key)
        .where(sa.func.coalesce(held.c.billed, 0) == 0)
    )
    found = _adjustments(meter, period, amount_field).subquery("found")
    new = unbilled.union_all(sa.select(*(found.c[name] for name in FIELDS))).cte("new").prefix_with("MATERIALIZED")
    rows = sa.select(sa.literal(import_id), *(new.c[name] for name in FIELDS))
    added = sa.insert(usage_records).from_select(("import_id", *FIELDS), rows).returning(sa.literal(1)).cte("added")
    expected = sa.select(*_sums(new)).add_cte(added)
    return Sum(*connection.execute(expected).one())


def stands(connection: sa.Connection, import_id: str) -> Sum:
    """Count and add up what the store holds of an import."""
    return Sum(
        *connection.execute(sa.select(*_sums(usage_records)).where(usage_records.c.import_id == import_id)).one()
    )


def _sums(table: Any) -> tuple[sa.ColumnElement[Any], ...]:  # noqa: ANN401 a table or a part of a statement
    digits = sa.func.concat("x", sa.func.substr(table.c.record_key, 1, KEY_DIGITS))
    keys = sa.cast(sa.cast(digits, BIT(4 * KEY_DIGITS)), sa.BigInteger)
    added = (sa.func.coalesce(sa.func.sum(column), 0) for column in (table.c.quantity, keys))
    return (sa.func.count(), *added)


def _held(meter: str, period: Period, amount_field: str | None = None) -> sa.Select[Any]:
    """Add up the active records of each key of a meter and period, and what of it is billed."""
    billed = usage_records.c.status == "Processed"
    columns: list[sa.ColumnElement[Any]] = [
        base_key.label("key"),
        sa.func.sum(usage_records.c.quantity).label("quantity"),
        sa.func.count().filter(billed).label("billed"),
        *(sa.func.sum(usage_records.c[name]).filter(billed).label(f"{name}_billed") for name in ADJUSTED),
        sa.func.min(sa.func.coalesce(usage_records.c.corrects, usage_records.c.record_id)).label("record_id"),
    ]
    if amount_field is not None:
        columns.append(sa.func.sum(_amount(usage_records, amount_field)).filter(billed).label("amount_billed"))
    return (
        sa.select(*columns)
        .join(imports, imports.c.import_id == usage_records.c.import_id)
        .outerjoin(base, CORRECTS_BASE)
        .where(imports.c.meter == meter, imports.c.period == str(period))
        .where(usage_records.c.period == str(period), ACTIVE)
        .group_by(base_key)
    )


def _is_held(held: sa.Subquery, period: Period) -> sa.ColumnElement[bool]:
    """Tell whether `base` is the record of a key that is held: the one that its adjustments correct."""
    return (base.c.record_id == held.c.record_id) & (base.c.period == str(period))


def _amount(table: sa.FromClause, field: str) -> sa.ColumnElement[Decimal]:
    """Read the amount that a custom field holds; 0 where there is no such field."""
    return sa.func.coalesce(table.c.custom_fields[field].astext.cast(sa.Numeric), ZERO)


def _adjustments(meter: str, period: Period, amount_field: str | None = None) -> sa.Select[Any]:
    """Select a record for each key that is billed otherwise than what comes in: the difference, Pending."""
    held = _held(meter, period, amount_field).subquery("held")
    differences = {name: sa.func.coalesce(incoming.c[name], 0) - held.c[f"{name}_billed"] for name in ADJUSTED}
    written = sa.func.concat_ws("/", "adjustment", held.c.key, sa.cast(held.c.billed, sa.Text))
    columns = {name: base.c[name] for name in FIELDS} | differences
    columns |= {name: sa.func.coalesce(incoming.c[name], base.c[name]) for name in ("description", "custom_fields")}
    if amount_field is not None:
        difference = (_amount(incoming, amount_field) - held.c.amount_billed).cast(sa.Text)
        columns["custom_fields"] = columns["custom_fields"].concat(sa.func.jsonb_build_object(amount_field, difference))
    columns |= {name: incoming.c[name] for name in ("samples_expected", "samples_seen")}
    columns |= {
        "record_key": sa.func.encode(sa.func.sha256(sa.func.convert_to(written, "UTF8")), "hex"),
        "unique_key": sa.null(),
        "corrects": base.c.record_id,
        "negative_allowed": differences["quantity"] < 0,
    }
    other_unit = sa.func.coalesce(incoming.c.uom != base.c.uom, sa.false()).label("other_unit")
    return (
        sa.select(*(columns[name].label(name) for name in FIELDS), other_unit)
        .select_from(held)
        .join(base, _is_held(held, period))
        .outerjoin(incoming, incoming.c.record_key == held.c.key)
        .where(held.c.billed > 0, sa.or_(*(difference != 0 for difference in differences.values())))
    )


def repriced(connection: sa.Connection, meter: str, period: Period) -> list[dict[str, Any]]:
    """List, key by key, the usage of charges that were billed before, as it is (`before`) and as it would be (`after`).

    A quantity is None where a key has none.
    """
    held = _held(meter, period).subquery("held")
    names = ("account_number", "subscription_number", "charge_number", "charge", "uom", "start_at", "custom_fields")
    found = {name: sa.func.coalesce(base.c[name], incoming.c[name]) for name in names}
    of_period = _is_held(held, period)
    billed = sa.select(base.c.charge_number).join(held, of_period & (held.c.billed > 0))
    both = held.join(base, of_period).outerjoin(incoming, incoming.c.record_key == held.c.key, full=True)
    statement = (
        sa.select(
            sa.func.row_number().over(order_by=sa.func.coalesce(held.c.key, incoming.c.record_key)).label("record_id"),
            *(column.label(name) for name, column in found.items()),
            accounts.c.time_zone,
            held.c.quantity.label("before"),
            incoming.c.quantity.label("after"),
        )
        .select_from(both.join(accounts, accounts.c.account_number == found["account_number"]))
        .where(found["charge_number"].in_(billed))
    )
    return [dict(row) for row in connection.execute(statement).mappings()]
