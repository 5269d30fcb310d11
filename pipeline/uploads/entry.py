"""Rows into the store: held against what it knows, under its locks, loaded, read back; in the caller's transaction."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import customers, imports, locks, usage
from transforms.errors import MeterbridgeError
from transforms.upload.columns import Column
from transforms.upload.known import Known
from transforms.upload.reasons import Caution, Problem
from transforms.upload.rows import Row
from transforms.usage.usage import UsageRecord


class StoreMismatchError(MeterbridgeError):
    """The store does not hold what was sent to it; nothing of the import is kept."""


def known(connection: sa.Connection, catalog: Catalog, rows: Sequence[Row]) -> Known:
    """Read what the rows name: one query for all accounts, one for all charges."""
    accounts, subscriptions, charges = (
        {row.text(column) for row in rows} - {""} for column in (Column.ACCOUNT, Column.SUBSCRIPTION, Column.CHARGE)
    )
    return Known(
        customers.accounts_named(connection, accounts),
        customers.charges_named(connection, accounts, subscriptions, charges),
        catalog.charges,
        catalog.units,
    )


def lock(connection: sa.Connection, records: Sequence[UsageRecord], *, again: bool) -> Sequence[sa.RowMapping]:
    """Take the locks of what records change, and list the active records of the same keys.

    Only content that is loaded `again` can meet records without a unique key.
    """
    keys = [record.record_key for record in records if again or record.unique_key]
    locks.shared(connection, locks.SHAPE)
    before: Sequence[sa.RowMapping] = []
    if keys:
        locks.exclusive(connection, locks.UNIQUE_KEYS)
        before = imports.held(connection, keys)
    for period in sorted({record.period for record in records} | {row["period"] for row in before}):
        locks.shared(connection, period)
    return imports.held(connection, keys) if keys else []  # a bill run may have come before the locks


def load(
    connection: sa.Connection, import_id: str, records: Sequence[UsageRecord], held: Iterable[sa.RowMapping]
) -> dict[str, int]:
    """Add records in the place of the Pending ones of the same keys; gives their numbers by key."""
    pending = [row["record_key"] for row in held if row["status"] == "Pending"]
    if pending:
        imports.take_over(connection, pending, import_id)
    usage.add_records(connection, import_id, records)
    stored = imports.stored(connection, import_id)
    if _sums((row["record_key"], row["quantity"]) for row in stored) != _sums(
        (record.record_key, record.quantity) for record in records
    ):
        raise StoreMismatchError(
            f"import {import_id}: the store does not hold what was sent; nothing was loaded: send it again"
        )
    return {row["record_key"]: row["record_id"] for row in stored}


def _sums(pairs: Iterable[tuple[str, Decimal]]) -> tuple[int, Decimal, set[str]]:
    """Count, add up, and collect the keys."""
    found = list(pairs)
    return len(found), sum((quantity for _, quantity in found), Decimal(0)), {key for key, _ in found}


def billed_cautions(connection: sa.Connection, placed: Sequence[tuple[Row, UsageRecord]]) -> list[Problem]:
    """Warn of usage whose charge and period a bill run has taken already."""
    records = [record for _, record in placed]
    numbers = {record.charge_number for record in records if record.charge_number}
    billed = imports.billed(connection, numbers, {record.period for record in records})
    return [
        Problem(Caution.PERIOD_BILLED, Column.START, record.period, row.number, row.line)
        for row, record in placed
        if (record.charge_number, record.period) in billed
    ]


def replaced_cautions(held: Iterable[sa.RowMapping], placed: Sequence[tuple[Row, UsageRecord]]) -> list[Problem]:
    """Warn of unique keys that name a record of another account: its usage goes."""
    before = {row["record_key"]: row["account_number"] for row in held}
    return [
        Problem(Caution.OTHER_ACCOUNT, Column.UNIQUE_KEY, record.unique_key, row.number, row.line, f"of {whose}")
        for row, record in placed
        if (whose := before.get(record.record_key, record.account_number)) != record.account_number
    ]


def metered_cautions(catalog: Catalog, placed: Sequence[tuple[Row, UsageRecord]]) -> list[Problem]:
    """Warn of usage of a charge that a meter bills too: both are added up."""
    metered = {meter.map.charge: name for name, meter in sorted(catalog.meters.items())}
    return [
        Problem(Caution.METERED, Column.CHARGE, metered[record.charge], row.number, row.line)
        for row, record in placed
        if record.charge in metered and record.uom == catalog.charges[record.charge].uom
    ]
