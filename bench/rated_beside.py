"""What rating is held against: SQL by hand on the server that holds the usage, and pandas in whole numbers."""

from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa

from bench.rated_usage import DECISIONS, TIERS, rate
from pipeline.store.copy import copy_batches, copy_in, copy_out
from transforms.catalog.charge import Charge
from transforms.period import micros

OWNER = "account_number, subscription_number, charge_number, charge, uom, period_start_us, period_end_us"
TABLES = """
    CREATE TABLE usage (record_id bigint, account_number text, subscription_number text, charge_number text,
        charge text, uom text, quantity numeric(22, 9), start_us bigint, period_start_us bigint, period_end_us bigint,
        corrects bigint, import_id text, pending boolean, "field_REGION__c" text, "field_PLAN__c" text);
    CREATE TABLE tiers (tier integer, above numeric, up_to numeric, price numeric);
    CREATE TABLE decisions (region text, plan text, from_us bigint, price numeric);
    CREATE INDEX ON decisions (region, plan, from_us);
    CREATE TABLE links (item bigint, record_id bigint);
    CREATE TABLE ours (account_number text, subscription_number text, charge_number text, charge text, group_key text,
        period_start_us bigint, period_end_us bigint, uom text, quantity numeric(22, 9), amount_total numeric(30, 9),
        billed_before numeric(30, 9), amount numeric(30, 9), currency text, breakdown text, item bigint);
"""
LINE = (
    """'{"tier": "' || tier || '", "above": "' || above || '", "up_to": "' || coalesce(up_to::text, '') ||"""
    """ '", "units": "' || units || '", "price": "' || price || '", "format": "per_unit"}'"""
)
BY_SQL = {
    "tiered": f"""
        CREATE TABLE items AS
        WITH summed AS (
            SELECT {OWNER}, round(ceil(sum(quantity) * 1000) / 1000, 3) AS quantity, array_agg(record_id) AS record_ids
            FROM usage GROUP BY {OWNER}
        )
        SELECT summed.*, priced.* FROM summed CROSS JOIN LATERAL (
            SELECT round(sum(units * price), 2) AS amount,
                '[' || string_agg({LINE}, ', ' ORDER BY tier) || ']' AS breakdown
            FROM (SELECT *, least(summed.quantity, up_to) - above AS units FROM tiers) AS tiers WHERE units > 0
        ) AS priced
    """,  # noqa: S608 our own names
    "dynamic": f"""
        CREATE TABLE items AS
        SELECT {OWNER}, record_id::text AS group_key, units AS quantity, ARRAY[record_id] AS record_ids,
            round(units * price, 2) AS amount, '[' || {LINE} || ']' AS breakdown
        FROM (
            SELECT *, 1 AS tier, 0 AS above, NULL AS up_to, round(ceil(quantity * 1000) / 1000, 3) AS units FROM usage
        ) AS usage
        CROSS JOIN LATERAL (
            SELECT price FROM decisions
            WHERE region = "field_REGION__c" AND plan = "field_PLAN__c" AND from_us <= start_us
            ORDER BY from_us DESC LIMIT 1
        ) AS decided
    """,  # noqa: S608 our own names
}
PRICE_DIGITS, CENT = 4, 100_000  # a price has four decimals, and an amount, of thousandths times it, seven


def load(store: sa.Engine, usage: Path) -> None:
    """Give the server the usage, the tiers and the decision table, and let it look at them."""
    with store.begin() as connection:
        connection.execute(sa.text(TABLES))
        table = pq.read_table(usage)
        copy_batches(connection, "usage", table.column_names, table.to_batches(max_chunksize=50_000))
        tiers = [(number, *tier) for number, tier in enumerate(TIERS, start=1)]
        decisions = [(region, plan, micros(at), price) for region, plan, at, price in DECISIONS]
        copy_in(connection, _table("tiers"), ("tier", "above", "up_to", "price"), tiers)
        copy_in(connection, _table("decisions"), ("region", "plan", "from_us", "price"), decisions)
    with store.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("VACUUM ANALYZE"))


def postmaster(store: sa.Engine) -> psutil.Process:
    """Find the server's own process, which starts all others."""
    with store.connect() as connection:
        backend = psutil.Process(connection.scalar(sa.text("SELECT pg_backend_pid()")))
    return backend.parents()[0]


def by_sql(store: sa.Engine, model: str) -> Decimal:
    """Let the server make a table of items from its table of usage."""
    with store.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS items"))
        connection.execute(sa.text(BY_SQL[model].replace(":", r"\:")))
        return _total(connection, "items")


def through_the_store(store: sa.Engine, charge: Charge, folder: Path) -> Decimal:
    """Copy the usage out of the server, rate it, and copy the items and what they rate into it."""
    usage, items = folder / "usage.csv", folder / "items.parquet"
    with store.begin() as connection:
        copy_out(connection, sa.select(sa.text("*")).select_from(_table("usage")), usage)
    rate(usage, charge, items)
    with store.begin() as connection:
        connection.execute(sa.text("TRUNCATE ours, links"))
        found = pq.read_table(items)
        numbered = found.drop_columns(["record_ids"]).append_column("item", pa.array(range(len(found)), pa.int64()))
        copy_batches(connection, "ours", numbered.column_names, numbered.to_batches(max_chunksize=50_000))
        records = found["record_ids"].combine_chunks()
        links = pa.table({"item": pc.list_parent_indices(records), "record_id": pc.list_flatten(records)})
        copy_batches(connection, "links", links.column_names, links.to_batches(max_chunksize=50_000))
        return _total(connection, "ours")


def by_pandas(usage: Path, model: str) -> Decimal:
    """Do it in pandas as a script would that minds the cents: in integers, and without a breakdown."""
    table = pq.read_table(usage)
    thousandths = pc.multiply(table["quantity"], pa.scalar(Decimal(1000))).cast(pa.int64())
    frame = table.drop_columns(["quantity"]).to_pandas().assign(quantity=thousandths.to_numpy())
    items = _tiers(frame) if model == "tiered" else _decided(frame)
    items["cents"] = (items["amount"] + CENT // 2) // CENT
    items.to_parquet(usage.with_name("by_pandas.parquet"))
    return Decimal(int(items["cents"].sum())).scaleb(-2)


def _tiers(usage: pd.DataFrame) -> pd.DataFrame:
    items = usage.groupby(OWNER.split(", "))["quantity"].sum().reset_index()
    items["amount"] = 0
    for above, up_to, price in TIERS:
        top = items["quantity"] if up_to is None else np.minimum(items["quantity"], int(up_to) * 1000)
        items["amount"] += np.maximum(top - int(above) * 1000, 0) * _whole(price)
    return items


def _decided(usage: pd.DataFrame) -> pd.DataFrame:
    rows = [(region, plan, micros(at), _whole(price)) for region, plan, at, price in DECISIONS]
    columns = ["field_REGION__c", "field_PLAN__c", "start_us", "price"]
    table = pd.DataFrame(rows, columns=columns).sort_values("start_us")
    items = pd.merge_asof(usage.sort_values("start_us"), table, on="start_us", by=columns[:2])
    return items.assign(amount=items["quantity"] * items["price"])


def _whole(price: str) -> int:
    return int(Decimal(price).scaleb(PRICE_DIGITS))


def _table(name: str) -> sa.Table:
    return sa.Table(name, sa.MetaData())


def _total(connection: sa.Connection, name: str) -> Decimal:
    return Decimal(connection.scalar(sa.text(f"SELECT sum(amount) FROM {name}")))  # noqa: S608 our own name
