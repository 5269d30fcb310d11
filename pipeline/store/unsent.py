"""What of the usage a billing platform does not hold yet, or holds as it no longer is."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from pipeline.store import following
from pipeline.store.following import UsageFilter
from pipeline.store.sending import CONFIRMED, FAILED, FINAL
from pipeline.store.tables import ACTIVE, sent_files, sent_periods, sent_records, usage_changes, usage_records
from transforms.period import Period

SAID = (
    "record_key", "account_number", "subscription_number", "charge_number", "uom", "start_at", "end_at", "description",
    "custom_fields", "source_type", "time_zone",
)  # fmt: skip
ORDER = ("account_number", "charge_number", "start_at")
NOTHING = sa.literal({"quantity": "0"}, JSONB)


def changes(target: str, period: Period, amount_fields: Mapping[str, str]) -> sa.Select[Any]:
    """Select what the platform does not hold as it now is: (record_id, unique_key, content, custom_fields), in order.

    An adjustment is part of the record that it corrects: with its quantity and, where `amount_fields` names the custom
    field that holds the amount for its charge, with that. What was sent and is gone from the store is sent as nothing:
    with quantity 0, without a record_id.
    """
    current, held, old = _current(period, amount_fields), _held(target), _held(target)
    same = (held.c.unique_key == current.c.unique_key) & (held.c.state == CONFIRMED)
    changed = (
        sa.select(current.c.record_id, current.c.unique_key, current.c.content)
        .outerjoin(held, same)
        .where(held.c.content.is_distinct_from(current.c.content))
    )
    active = (usage_records.c.record_key == old.c.content["record_key"].astext) & ACTIVE
    gone = sa.select(
        sa.null().cast(sa.BigInteger).label("record_id"), old.c.unique_key, old.c.content.concat(NOTHING)
    ).where(
        old.c.period == str(period),
        ~sa.exists().where(active, usage_records.c.charge_number.is_not(None)),
        (old.c.state != CONFIRMED) | (old.c.content["quantity"].astext != "0"),
    )
    found = changed.union_all(gone).subquery("found")
    order = (found.c.content[name].astext for name in ORDER)
    custom = found.c.content["custom_fields"].label("custom_fields")
    return sa.select(found, custom).order_by(*order, found.c.unique_key)


def _current(period: Period, amount_fields: Mapping[str, str]) -> sa.Subquery:
    """Select the active usage of a period that has a charge, adjustments added to what they correct.

    By windows: joins of what was just loaded, of which the server knows no figures yet, may take time by its square.
    """
    found = following.rows(UsageFilter(period=period), None).order_by(None).subquery("found_usage")
    base = sa.func.coalesce(found.c.corrects, found.c.record_id)
    together = {"records": sa.func.count(), "total": sa.func.sum(found.c.quantity)}
    together["amount"] = sa.func.sum(_amount(found, amount_fields))
    columns = [each.over(partition_by=base).label(name) for name, each in together.items()]
    first = (found.c.corrects.is_not(None), found.c.record_id)
    place = sa.func.row_number().over(partition_by=base, order_by=first).label("place")
    summed = sa.select(found, *columns, place).where(found.c.charge_number.is_not(None)).subquery("summed")
    said: dict[str, sa.ColumnElement[Any]] = {name: summed.c[name] for name in SAID}
    said |= {"custom_fields": _custom_fields(summed, amount_fields), "quantity": _written(summed.c.total)}
    content = sa.func.jsonb_build_object(*(part for each in said.items() for part in each), type_=JSONB)
    key = sa.func.coalesce(summed.c.unique_key, summed.c.record_key)
    return (
        sa.select(summed.c.record_id, key.label("unique_key"), content.label("content"))
        .where(summed.c.place == 1)
        .subquery("usage_now")
    )


def _amount(found: sa.Subquery, fields: Mapping[str, str]) -> sa.ColumnElement[Decimal]:
    """Read what a record costs, where its charge bills the amount that it bears."""
    read = {charge: found.c.custom_fields[field].astext.cast(sa.Numeric) for charge, field in fields.items()}
    return sa.case(read, value=found.c.charge) if read else sa.null().cast(sa.Numeric)


def _custom_fields(summed: sa.Subquery, fields: Mapping[str, str]) -> sa.ColumnElement[Any]:
    """Give a record's custom fields; the amount is that of all records which were added up to it."""
    changed = {
        charge: summed.c.custom_fields.concat(sa.func.jsonb_build_object(field, _written(summed.c.amount)))
        for charge, field in fields.items()
    }
    kept = summed.c.custom_fields
    adjusted = sa.case(changed, value=summed.c.charge, else_=kept) if changed else kept
    return sa.case((summed.c.records > 1, adjusted), else_=kept)


def _written(figure: sa.ColumnElement[Decimal]) -> sa.ColumnElement[str]:
    return sa.func.trim_scale(figure).cast(sa.Text)


def _held(target: str) -> sa.Subquery:
    """Select what the platform holds; of a file that failed after it was loaded, that it holds something else."""
    return (
        sa.select(sent_records.c.unique_key, sent_records.c.content, sent_files.c.state, sent_files.c.period)
        .join(sent_files)
        .where(sent_files.c.target == target, sent_files.c.state.in_(FINAL))
        .subquery()
    )


def without_charge(connection: sa.Connection, period: Period) -> int:
    """Count the active usage of a period that no charge takes: it is not sent."""
    mine = (usage_records.c.period == str(period)) & usage_records.c.charge_number.is_(None) & ACTIVE
    return connection.execute(sa.select(sa.func.count()).where(mine)).scalar_one()


def periods_again(connection: sa.Connection, target: str) -> list[Period]:
    """List the periods of which a file waits or failed, or usage was changed since they were last looked through."""
    period, since = sent_periods.c.period, sent_periods.c.seen_until
    changed = sa.exists().where(usage_records.c.period == period, usage_records.c.updated_at >= since)
    gone = usage_changes.c.before["period"].astext == period
    deleted = sa.exists().where(gone, usage_changes.c.changed_at >= since)
    again = period.in_(_open(target)) | changed | deleted
    found = connection.execute(sa.select(period).where(sent_periods.c.target == target, again)).scalars()
    return sorted(map(Period.parse, found))


def _open(target: str) -> sa.Select[tuple[str]]:
    """Select the periods of which a file waits, or one of the last failed: files made at once bear one instant."""
    made = sa.func.max(sent_files.c.created_at)
    failed = made.filter(sent_files.c.state == FAILED)
    waits = sa.func.bool_or(sent_files.c.state.not_in(FINAL))
    return (
        sa.select(sent_files.c.period)
        .where(sent_files.c.target == target)
        .group_by(sent_files.c.period)
        .having(waits | (failed == made))
    )
