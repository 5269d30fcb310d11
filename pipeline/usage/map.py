"""Map: quantities become usage records, in the charge's unit, rounded once."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import sqlalchemy as sa

from pipeline import artefact
from pipeline.catalog.catalog import Catalog
from pipeline.store import customers
from transforms.catalog.columns import attribute_column
from transforms.catalog.meter import Meter
from transforms.period import Period
from transforms.usage.usage import Quantity, Terms, UsageRecord, to_usage

USAGE_TYPES: dict[str, pa.DataType] = {
    "record_key": pa.string(),
    "period": pa.string(),
    "account_number": pa.string(),
    "subscription_number": pa.string(),
    "charge_number": pa.string(),
    "charge": pa.string(),
    "uom": pa.string(),
    # Wider than the store's 22 digits: what is too large must reach the validation.
    "quantity": pa.decimal128(38, 9),
    "start_at": pa.timestamp("us", "UTC"),
    "end_at": pa.timestamp("us", "UTC"),
    "description": pa.string(),
    "custom_fields": pa.string(),  # JSON: as the store takes it
    "readings": pa.int64(),
    "samples_expected": pa.int64(),
    "samples_seen": pa.int64(),
    "unique_key": pa.string(),
    "corrects": pa.int64(),
    "negative_allowed": pa.bool_(),
    "canonical": pa.string(),
}
USAGE = pa.schema(USAGE_TYPES)


def map_usage(store: sa.Engine, catalog: Catalog, quantities: Path, home: Path) -> Path:
    """Map the quantities of one artefact; gives the path of the usage artefact, which carries the ledger on."""
    table, about = artefact.read(quantities)
    meter = catalog.meter(about["meter"])
    period = Period.parse(about["period"])
    records = usage_of(store, catalog, meter, period, quantities_of(table, meter))
    usage = pa.Table.from_pylist([_row(record) for record in records], schema=USAGE)
    return artefact.write(home / "work" / meter.meter / str(period), "usage", usage, about)


def quantities_of(table: pa.Table, meter: Meter) -> list[Quantity]:
    """Give the rows of derived quantities, as `derive` writes them."""
    return [_quantity(row, meter.derive.group_by) for row in table.to_pylist()]


def usage_of(
    store: sa.Engine, catalog: Catalog, meter: Meter, period: Period, quantities: Iterable[Quantity]
) -> list[UsageRecord]:
    """Map a meter's quantities of a period to usage, by the catalog's units."""
    with store.begin() as connection:
        charges = customers.all_charges(connection)
    uom, factor = catalog.uom(meter), catalog.factor(meter)
    interval = catalog.source(meter.source_name).interval_seconds
    takes_off = catalog.charge_of(meter).takes_off
    return to_usage(quantities, charges, Terms(meter, period, uom, factor, interval, takes_off))


def read_usage(path: Path) -> tuple[list[UsageRecord], dict[str, Any]]:
    """Read a usage artefact back: its records and what it is about."""
    table, about = artefact.read(path)
    rows = table.drop_columns("canonical").to_pylist()
    return [UsageRecord(**row | {"custom_fields": json.loads(row["custom_fields"])}) for row in rows], about


def _row(record: UsageRecord) -> dict[str, Any]:
    custom = json.dumps(record.custom_fields, sort_keys=True, ensure_ascii=False)
    return asdict(record) | {"custom_fields": custom, "canonical": record.canonical}


def _quantity(row: dict[str, Any], group_by: Sequence[str]) -> Quantity:
    attributes = {name: row.pop(attribute_column(name)) for name in group_by}
    digits = {name: Decimal(row[name]) for name in ("numerator", "remainder")}
    return Quantity(**{**row, **digits}, attributes=attributes)
