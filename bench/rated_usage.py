"""Synthetic usage to be rated: ten records a charge, by three tiers, or each by a decision table of 1,000 rows."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import ibis.expr.types as ir
import pyarrow.compute as pc
import pyarrow.parquet as pq
from ibis.backends.duckdb import Backend

from pipeline.engine import landing_engine
from transforms.catalog.charge import Charge
from transforms.catalog.units import Units
from transforms.rating import bulk

UNITS = Units.model_validate({"units": {"kwh": {"decimals": 3}}, "currencies": {"EUR": {"decimals": 2}}})
RECORDS_A_CHARGE = 10
NARROW, QUANTITY = "decimal(18, 9)", "decimal(22, 9)"
ROWS_AT_ONCE = 20_480  # of items in a Parquet file; cores write such groups of rows side by side
REGIONS, PLANS, DATES = 20, 5, 10  # of the decision table
START = datetime(2025, 3, 1, tzinfo=UTC)
TIERS = (("0", "50", "0.25"), ("50", "2000", "0.2125"), ("2000", None, "0.15"))  # above, up to, price
DECISIONS = [
    (f"R{region}", f"P{plan}", START + timedelta(days=3 * date), f"0.{1000 + region + 20 * plan + 100 * date}")
    for region in range(REGIONS)
    for plan in range(PLANS)
    for date in range(DATES)
]
USAGE = """
    SELECT i AS record_id, 'A-' || i % $charges // 10 AS account_number, 'S-' || i % $charges AS subscription_number,
        'C-' || i % $charges AS charge_number, 'energy' AS charge, 'kwh' AS uom,
        (hash(i) % 1000000 / 1000)::DECIMAL(22, 9) AS quantity,
        $start + (hash(i + 7) % 2678400)::BIGINT * 1000000 AS start_us, $start AS period_start_us,
        $start + 2678400000000 AS period_end_us, NULL::BIGINT AS corrects, 'I-1' AS import_id, true AS pending,
        'R' || hash(i + 13) % $regions AS field_REGION__c, 'P' || hash(i + 17) % $plans AS field_PLAN__c
    FROM range($records) AS numbers(i)
"""
COLUMNS = {
    "record_id": "BIGINT", "account_number": "VARCHAR", "subscription_number": "VARCHAR", "charge_number": "VARCHAR",
    "charge": "VARCHAR", "uom": "VARCHAR", "quantity": "VARCHAR", "start_us": "BIGINT",
    "period_start_us": "BIGINT", "period_end_us": "BIGINT", "corrects": "BIGINT", "import_id": "VARCHAR",
    "pending": "BOOLEAN", "field_REGION__c": "VARCHAR", "field_PLAN__c": "VARCHAR",
}  # fmt: skip


def tiered() -> Charge:
    """Give a charge of three tiers, for a whole period."""
    tiers = [{"up_to": up_to, "price": price} for _, up_to, price in TIERS]
    return _charge({"model": "tiered", "tiers": tiers}, "billing_period")


def dynamic() -> Charge:
    """Give a charge whose records are priced by a decision table."""
    table = [
        {"when": {"Region": region, "Plan": plan}, "effective": effective, "price": price}
        for region, plan, effective, price in DECISIONS
    ]
    attributes = {"Region": "REGION__c", "Plan": "PLAN__c"}
    return _charge({"model": "dynamic", "attributes": attributes, "table": table}, "record")


def _charge(pricing: dict[str, object], group: str) -> Charge:
    declared = {"charge": "energy", "uom": "kwh", "currency": "EUR", "rating_group": group, "pricing": pricing}
    return Charge.model_validate(declared)


def make(path: Path, records: int) -> None:
    """Write usage of March 2025 to a Parquet file."""
    start_us = int(START.timestamp()) * 1_000_000
    figures = {
        "records": records, "charges": max(1, records // RECORDS_A_CHARGE), "start": start_us, "regions": REGIONS,
        "plans": PLANS,
    }  # fmt: skip
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE usage AS {USAGE}", figures)
        connection.execute(f"COPY usage TO '{path}'")


def rate(usage: Path, charge: Charge, items: Path) -> Decimal:
    """Rate usage in a Parquet or CSV file into a Parquet file of items, as a bill run does; gives their total."""
    with landing_engine() as backend:
        read = _read_csv(backend, usage) if usage.suffix == ".csv" else backend.read_parquet(usage)
        found = bulk.rated(read, [charge], UNITS, {})
        due = found.filter(~found.is_left).drop("is_left")
        backend.to_parquet(due, items, row_group_size=ROWS_AT_ONCE)
    return Decimal(pc.sum(pq.read_table(items, columns=["amount"])["amount"]).as_py()).quantize(Decimal("0.01"))


def _read_csv(backend: Backend, usage: Path) -> ir.Table:
    """Read usage; text becomes a decimal of 64 bits ten times faster than one of 128, which few need."""
    read = backend.read_csv(usage, columns=COLUMNS)
    return read.mutate(quantity=read.quantity.try_cast(NARROW).fill_null(read.quantity.cast(QUANTITY)))
