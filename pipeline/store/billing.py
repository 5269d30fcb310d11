"""Bill runs: usage taken from Pending to Processed, and the rated items that it became."""

import json
from collections.abc import Collection, Sequence, Set
from datetime import datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.copy import copy_in
from pipeline.store.many import among, numbered
from pipeline.store.tables import ACTIVE, rated_items, rated_periods, rated_usage, subscribed_charges, usage_records
from transforms.period import Period
from transforms.rating.lines import written
from transforms.rating.usage import BilledKey, ChargePeriodKey, RatedItem

USAGE = (
    "record_id", "record_key", "import_id", "period", "status", "quantity", "uom", "account_number",
    "subscription_number", "charge_number", "charge", "start_at", "corrects", "custom_fields",
)  # fmt: skip
NEXT_NUMBER = sa.func.nextval(sa.func.pg_get_serial_sequence("rated_items", "item_id"))
COPIED = (
    "account_number", "subscription_number", "charge_number", "charge", "group_key", "period_start", "period_end",
    "uom", "quantity", "amount_total", "billed_before", "amount", "currency",
)  # fmt: skip


def active_usage(connection: sa.Connection, period: Period, *, lock: bool) -> Sequence[sa.RowMapping]:
    """List the active records of a period by number, and lock them unless they are only looked at."""
    statement = sa.select(*(usage_records.c[name] for name in USAGE)).where(
        usage_records.c.period == str(period), ACTIVE
    )
    statement = statement.order_by(usage_records.c.record_id)
    return connection.execute(statement.with_for_update() if lock else statement).mappings().all()


def billed(connection: sa.Connection, period: Period) -> dict[BilledKey, Decimal]:
    """Add up what earlier items of a period billed, by charge number, start of the period and group."""
    keys = (rated_items.c.charge_number, rated_items.c.period_start, rated_items.c.group_key)
    statement = (
        sa.select(*keys, sa.func.sum(rated_items.c.amount)).where(rated_items.c.period == str(period)).group_by(*keys)
    )
    return {(number, start, group): amount for number, start, group, amount in connection.execute(statement)}


def currencies(connection: sa.Connection, period: Period) -> set[tuple[str, str]]:
    """List the (charge number, currency) that earlier items of a period were billed in."""
    columns = (rated_items.c.charge_number, rated_items.c.currency)
    statement = sa.select(*columns).distinct().where(rated_items.c.period == str(period))
    return {(number, currency) for number, currency in connection.execute(statement)}


def add_items(connection: sa.Connection, bill_run_id: str, period: Period, items: Sequence[RatedItem]) -> None:
    """Add the run's items, and link each to the usage records that it rates."""
    if not items:
        return
    given = sa.select(NEXT_NUMBER).select_from(sa.func.generate_series(1, len(items)))
    numbers = sorted(connection.execute(given).scalars())
    columns = ("item_id", "bill_run_id", "period", *COPIED, "breakdown")
    rows = (
        (number, bill_run_id, str(period), *map(_text, columns_of(item).values()))
        for number, item in zip(numbers, items, strict=True)
    )
    copy_in(connection, rated_items, columns, rows)
    links = (
        (number, record, str(period)) for number, item in zip(numbers, items, strict=True) for record in item.record_ids
    )
    copy_in(connection, rated_usage, ("item_id", "record_id", "period"), links)


def _text(value: object) -> object:
    """Write a breakdown as COPY takes it; all else it takes as it is."""
    return json.dumps(value) if isinstance(value, list) else value


def columns_of(item: RatedItem) -> dict[str, Any]:
    """Give an item as the columns of `rated_items` hold it; figures of the breakdown are text."""
    return {**{name: getattr(item, name) for name in COPIED}, "breakdown": [*map(written, item.breakdown)]}


def process(connection: sa.Connection, bill_run_id: str, records: Collection[int]) -> int:
    """Turn these Pending records into Processed ones; says how many."""
    mine = numbered(usage_records.c.record_id, records) & (usage_records.c.status == "Pending")
    values = {"status": "Processed", "bill_run_id": bill_run_id, "updated_at": sa.func.now()}
    return connection.execute(sa.update(usage_records).where(mine).values(values)).rowcount


def note_rated(connection: sa.Connection, period: Period) -> None:
    """Note that a period was rated, whether or not anything was due."""
    # By the clock, not by the transaction's start: it may have waited for a cancellation.
    moment = {"rated_at": sa.func.clock_timestamp()}
    statement = insert(rated_periods).values(moment | {"period": str(period)})
    connection.execute(statement.on_conflict_do_update(index_elements=[rated_periods.c.period], set_=moment))


def is_rated(connection: sa.Connection, period: Period) -> bool:
    """Tell whether a period has been rated."""
    return bool(rated_among(connection, [str(period)]))


def rated_among(connection: sa.Connection, periods: Collection[str]) -> set[str]:
    """Tell which of these periods have been rated."""
    statement = sa.select(rated_periods.c.period).where(among(rated_periods.c.period, periods))
    return set(connection.execute(statement).scalars())


def rated(connection: sa.Connection) -> set[Period]:
    """Tell which periods have been rated."""
    return set(map(Period.parse, connection.execute(sa.select(rated_periods.c.period)).scalars()))


def periods_billed(connection: sa.Connection, charges: Collection[str]) -> set[ChargePeriodKey]:
    """Tell which billing periods of these charges of the catalog have an item."""
    columns = (rated_items.c.charge_number, rated_items.c.period_start)
    statement = sa.select(*columns).distinct().where(among(rated_items.c.charge, charges))
    return {(row.charge_number, row.period_start) for row in connection.execute(statement)}


def first_billed(connection: sa.Connection, charge_numbers: Collection[str]) -> dict[str, datetime]:
    """Tell when the first billed period of each of these charge numbers began."""
    number = rated_items.c.charge_number
    statement = sa.select(number, sa.func.min(rated_items.c.period_start)).where(among(number, charge_numbers))
    return {str(name): start for name, start in connection.execute(statement.group_by(number))}


def billed_outside(connection: sa.Connection, charges: Collection[str]) -> Sequence[sa.RowMapping]:
    """Add up what was billed of these charges of the catalog for periods that lie outside of their subscription."""
    whose = subscribed_charges.c
    outside = (rated_items.c.period_start >= whose.end_at) | (rated_items.c.period_end <= whose.start_at)
    outside |= whose.end_at <= whose.start_at
    key = (whose.charge_number, whose.account_number, whose.end_at, rated_items.c.currency)
    periods = sa.func.string_agg(rated_items.c.period.distinct(), sa.literal(", ")).label("periods")
    statement = sa.select(*key, periods, sa.func.sum(rated_items.c.amount).label("amount"))
    statement = statement.join_from(rated_items, subscribed_charges, rated_items.c.charge_number == whose.charge_number)
    statement = statement.where(among(rated_items.c.charge, charges), outside).group_by(*key)
    statement = statement.having(sa.func.sum(rated_items.c.amount) != 0).order_by(whose.charge_number)
    return connection.execute(statement).mappings().all()


def pending_periods(connection: sa.Connection) -> dict[Period, bool]:
    """Tell of every period that has Pending usage whether it was rated, in the order of the periods."""
    pending = (usage_records.c.status == "Pending") & ACTIVE
    rated = rated_periods.c.period.is_not(None)
    statement = (
        sa.select(usage_records.c.period, rated)
        .distinct()
        .outerjoin(rated_periods, rated_periods.c.period == usage_records.c.period)
        .where(pending)
    )
    return dict(sorted((Period.parse(period), was_rated) for period, was_rated in connection.execute(statement)))


def pending_again(connection: sa.Connection, passed_over: Set[Period]) -> list[Period]:
    """List the periods that were rated, or passed over, and have Pending usage nevertheless."""
    found = pending_periods(connection).items()
    return [period for period, was_rated in found if was_rated or period in passed_over]
