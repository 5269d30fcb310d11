"""Synthetic usage: one record for each of many charges of one month, as mapping would leave it."""

from typing import Any

import duckdb
import pyarrow as pa
import sqlalchemy as sa

from pipeline.store.copy import copy_batches
from pipeline.usage.map import USAGE
from transforms.period import Period

PERIOD = Period.parse("2025-03")
CATALOG = {
    "units.yaml": "units: {kwh: {decimals: 3}}\ncurrencies: {EUR: {decimals: 2}}\n",
    "charges/energy.yaml": "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 0.25}\n",
    "sources/power.yaml": "source: power\nfiles: power/{account}/*\ncolumns: {at: at, value: value}\n",
    "meters/energy.yaml": (
        "meter: energy\nowner: bench\nsource: power\nderive: {function: sum}\nmap: {charge: energy, unit: kwh}\n"
    ),
}
ABOUT = {"meter": "energy", "period": str(PERIOD), "source": "power", "files": [], "from_us": 0, "until_us": 1}
ACCOUNTS = """
    SELECT 'A-' || i AS account_number, 'Shop ' || i AS name, 'EUR' AS currency, 'UTC' AS time_zone, 'Active' AS status
    FROM range($charges // 10 + 1) AS numbers(i)
"""
CHARGES = """
    SELECT 'C-' || i AS charge_number, 'S-' || i AS subscription_number, 'A-' || i // 10 AS account_number,
        'energy' AS charge, '2020-01-01T00:00:00Z' AS start_at, 'Active' AS status
    FROM range($charges) AS numbers(i)
"""
RECORDS = """
    SELECT sha256(i::VARCHAR) AS record_key, '2025-03' AS period, 'A-' || i // 10 AS account_number,
        'S-' || i AS subscription_number, 'C-' || i AS charge_number, 'energy' AS charge, 'kwh' AS uom,
        ((i % 1000003) / 1000)::DECIMAL(38, 9) + $more AS quantity,
        TIMESTAMP '2025-03-01' AS start_at, TIMESTAMP '2025-04-01' AS end_at,
        'sum of 3 readings in 2025-03' AS description, '{"DERIVATION__c": "sum by energy"}' AS custom_fields,
        3 AS readings, NULL AS samples_expected, NULL AS samples_seen, NULL AS unique_key, NULL AS corrects,
        false AS negative_allowed, sha256(i || '/' || $more) AS canonical
    FROM range($records) AS numbers(i) ORDER BY record_key
"""


def customers(store: sa.Engine, charges: int) -> None:
    """Add so many subscribed charges, ten to an account."""
    with store.begin() as connection:
        for table, query in (("accounts", ACCOUNTS), ("subscribed_charges", CHARGES)):
            rows = duckdb.execute(query, {"charges": charges}).to_arrow_table()
            copy_batches(connection, table, rows.column_names, rows.to_batches(max_chunksize=50_000))
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))


def usage(records: int, more: int) -> tuple[pa.Table, dict[str, Any]]:
    """Make so many records in the order of their keys, each by `more` higher; and what they are about."""
    found = duckdb.execute(RECORDS, {"records": records, "more": more}).to_arrow_table()
    return found.cast(USAGE), ABOUT | {"landed": 3 * records, "lines": []}
