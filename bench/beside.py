"""What derivations are held against: the bare scan of the raw columns, and others' totals of the same raw files.

The others count every repeated row once, and add up, count and compare the values of each account and subscription.
"""

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from bench.readings import WINDOW, Shape

TOTALS = ("sum", "count", "min", "max", "mean")


def scan(shape: Shape, home: Path) -> object:
    """Read every raw column, and do next to nothing with it: the floor."""
    looked_at = {"at": "max(raw.at)", "value": "sum(value)"}
    figures = ", ".join(looked_at.get(name, f"sum(length({name}))") for name in shape.columns)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {figures} FROM '{shape.raw(home)}' AS raw").fetchall()  # noqa: S608 ours


def by_hand(shape: Shape, home: Path) -> pa.Table:
    """Do it in SQL, written by hand."""
    names = ", ".join(shape.names)
    query = f"""
        SELECT {names}, sum(value) AS sum, count(*) AS count, min(value) AS min, max(value) AS max, avg(value) AS mean
        FROM (SELECT DISTINCT * FROM '{shape.raw(home)}' AS raw WHERE raw.at >= $start) GROUP BY {names}
    """  # noqa: S608 our own names
    with duckdb.connect() as connection:
        return connection.execute(query, {"start": WINDOW.start.replace(tzinfo=None)}).to_arrow_table()


def by_polars(shape: Shape, home: Path) -> pl.DataFrame:
    """Do it in Polars, which may read in any order and as little as it likes."""
    rows = pl.scan_parquet(shape.raw(home)).filter(pl.col("at") >= WINDOW.start.replace(tzinfo=None)).unique()
    value = pl.col("value")
    figures = (value.sum().alias("sum"), value.count().alias("count"), value.min().alias("min"))
    return rows.group_by(shape.names).agg(*figures, value.max().alias("max"), value.mean().alias("mean")).collect()


def by_pandas(shape: Shape, home: Path) -> pd.DataFrame:
    """Do it in pandas as a script would, in floats: exact decimals would be Python objects."""
    raw = pq.read_table(Path(shape.raw(home)).parent)
    at = raw.schema.get_field_index("value")
    rows = raw.set_column(at, "value", raw["value"].cast(pa.float64())).to_pandas()
    rows = rows[rows["at"] >= WINDOW.start.replace(tzinfo=None)].drop_duplicates()
    return rows.groupby(shape.names)["value"].agg(list(TOTALS))
