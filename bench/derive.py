"""Derive beside its floor: every derivation over synthetic readings, as a multiple of the bare scan of their columns.

    python -m bench.derive        METERBRIDGE_BENCH_READINGS (default 5,000,000) readings of 5,000 accounts

Each figure is the median of three runs, after a warm-up, divided by the median of the scan in the same process.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import click
import ibis.expr.types as ir
import pandas as pd
from ibis.backends.duckdb import Backend

from pipeline.engine import engine
from transforms import derive
from transforms.meter import Derivation, Function
from transforms.period import Month
from transforms.scope import Account, CalendarRow, SubscribedCharge, calendar, scope
from transforms.source import Duplicates

READINGS = int(os.environ.get("METERBRIDGE_BENCH_READINGS", "5000000"))
ACCOUNTS = 5_000
RUNS = 3
BUCKETS = {"bucket_seconds": 300}
PARAMETERS: dict[Function, dict[str, Any]] = {
    Function.PERCENTILE: BUCKETS | {"percentile": Decimal(95), "bucket_function": "average"},
    Function.PEAK: BUCKETS | {"bucket_function": "sum"},
}
PERIOD = Month.parse("2014-02")
GENERATE = """
COPY (
    SELECT i AS row, 'A-' || (hash(i) % {accounts}) AS account, '' AS subscription,
        {start} + (hash(i + 7) % 2419200)::BIGINT * 1000000 AS at_us,
        ((hash(i + 13) % 1000000000)::DECIMAL(38, 18) / 1000)::DECIMAL(38, 18) AS value,
        1::BIGINT AS id_high, i::BIGINT AS id_low
    FROM range({readings}) t(i)
) TO '{path}' (FORMAT parquet)
"""
SCAN = "SELECT sum(length(account)), sum(at_us), sum(value) FROM '{path}'"


def main() -> None:
    """Print the table of ratios."""
    with tempfile.TemporaryDirectory(prefix="meterbridge-bench-") as folder, engine() as backend:
        path = Path(folder) / "readings.parquet"
        start = PERIOD.window("UTC").start_us
        backend.raw_sql(GENERATE.format(accounts=ACCOUNTS, readings=READINGS, path=path, start=start))
        floor = _median(lambda: backend.raw_sql(SCAN.format(path=path)).fetchall())
        click.echo(f"{READINGS:,} readings of {ACCOUNTS:,} accounts; the scan of account, at and value = 1\n")
        click.echo(f"{'what':32}  times the scan")
        for name, work in _works(backend, path):
            click.echo(f"{name:32}  {_median(work) / floor:6.1f}")


def _works(backend: Backend, path: Path) -> list[tuple[str, Callable[[], object]]]:
    return [
        *((function.value, partial(_quantities, backend, path, function, Duplicates.KEEP)) for function in Function),
        ("sum, exact duplicates", partial(_quantities, backend, path, Function.SUM, Duplicates.EXACT)),
        ("pandas: sum, in floats", partial(_pandas, path)),
    ]


def _quantities(backend: Backend, path: Path, function: Function, duplicates: Duplicates) -> object:
    derivation = Derivation(function=function, **PARAMETERS.get(function, {}))
    return backend.to_pyarrow(derive.quantities(_classified(backend, path, duplicates), derivation))


def _classified(backend: Backend, path: Path, duplicates: Duplicates) -> ir.Table:
    accounts = [Account(f"A-{number}", "", "USD", "UTC") for number in range(ACCOUNTS)]
    begun = datetime(2014, 1, 1, tzinfo=UTC)
    charges = [SubscribedCharge(f"C-{n}", f"S-{n}", f"A-{n}", "charge", begun) for n in range(ACCOUNTS)]
    window = PERIOD.window("UTC")
    default = CalendarRow("", window.start_us, window.end_us)
    dated = derive.inside(backend.read_parquet(path), calendar(accounts, PERIOD), default)
    return derive.classify(dated, scope(accounts, charges, "charge", PERIOD), duplicates, by_event_id=False)


def _pandas(path: Path) -> object:
    """Do it as a script would: in floats, and without a place for what is not counted."""
    return pd.read_parquet(path, columns=["account", "value"]).astype({"value": float}).groupby("account").value.sum()


def _median(work: Callable[[], object]) -> float:
    work()
    seconds = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return statistics.median(seconds)


if __name__ == "__main__":
    main()
