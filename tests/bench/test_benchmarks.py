"""The benchmarks run, and what they set beside each other is the same work."""

import json
import os
import subprocess
import sys
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from bench.beside import by_hand, by_pandas, by_polars, scan
from bench.derive import BY_DAYS, REPEATS, works
from bench.rated_usage import UNITS, dynamic, make, rate, tiered
from bench.readings import shapes
from transforms.period import instant
from transforms.rating.rate import rate as rate_by_group
from transforms.rating.usage import UsageLine
from transforms.readings.fate import Fate

READINGS = 30_000  # of the dense shape: three charges


@pytest.fixture(scope="module", params=["sparse", "dense"])
def made(request, tmp_path_factory):
    home = tmp_path_factory.mktemp("bench")
    shape = shapes(READINGS)[request.param]
    shape.make(home)
    return shape, home


def sums_by_charge(shape, carried):
    """What our derivation of a sum found, by the names that the raw files have for a charge."""
    names = list(shape.scope)
    rows = carried.found.select(["slot", "numerator"]).to_pylist()
    return {tuple(filter(None, names[row["slot"]])): row["numerator"] for row in rows}


def sums_by_name(shape, rows):
    return {tuple(row[name] for name in shape.names): Decimal(row["sum"]) for row in rows}


def test_sql_polars_and_pandas_add_up_what_we_add_up(made):
    shape, home = made
    ours = sums_by_charge(shape, works(shape, home)["sum"]())
    assert ours == sums_by_name(shape, by_hand(shape, home).to_pylist())
    assert ours == sums_by_name(shape, by_polars(shape, home).to_dicts())
    floats = by_pandas(shape, home)["sum"]
    assert sum(floats) == pytest.approx(float(sum(ours.values())))


def test_some_sparse_events_are_delivered_twice_and_counted_once(tmp_path):
    shape = shapes(READINGS)["sparse"]
    shape.make(tmp_path)
    tally = works(shape, tmp_path)["sum"]().sums.to_pylist()
    rows = {fate: sum(row["rows"] for row in tally if row["fate"] == fate) for fate in (Fate.USED, Fate.SAME_CONTENT)}
    assert sum(rows.values()) <= READINGS
    assert READINGS // 120 < rows[Fate.SAME_CONTENT] <= READINGS // 100


def test_the_scan_reads_every_raw_column(made):
    shape, home = made
    assert len(scan(shape, home)[0]) == len(shape.columns)


def test_dense_samples_are_carried_from_their_partials_to_the_same_quantities(tmp_path):
    shape = shapes(READINGS)["dense"]
    shape.make(tmp_path)
    found = works(shape, tmp_path)
    for name in BY_DAYS:
        assert len(found[f"{name}, its partials made"]()) >= 28
        assert found[f"{name}, from partials"]().found.sort_by("slot") == found[name]().found.sort_by("slot")


def test_a_work_is_measured_in_a_process_of_its_own(made):
    shape, home = made
    environment = os.environ | {"METERBRIDGE_BENCH_READINGS": str(READINGS), "METERBRIDGE_BENCH_RUNS": "1"}
    command = [sys.executable, "-m", "bench.derive", shape.source.source, "latest", str(home)]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    assert set(json.loads(printed)) == {"wall", "cpu", "seconds", "megabytes"}


def test_a_derivation_is_measured_with_a_limit_of_memory_and_without():
    environment = os.environ | {"METERBRIDGE_BENCH_READINGS": "500"}
    command = [sys.executable, "-m", "bench.memory", "peak hour"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    measured = [line.rsplit(maxsplit=6) for line in printed.splitlines()[3:]]
    assert [what for what, *_ in measured] == [REPEATS, "peak hour"]
    assert all(float(figure) > 0 for _, *figures in measured for figure in figures)


def test_the_landing_benchmark_prints_its_table():
    environment = os.environ | {"METERBRIDGE_BENCH_READINGS": "1000", "METERBRIDGE_BENCH_RUNS": "1"}
    command = [sys.executable, "-m", "bench.landing"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    assert "DuckDB copies" in printed


def test_every_way_of_rating_comes_to_the_same_total():
    environment = os.environ | {"METERBRIDGE_BENCH_RECORDS": "2000", "METERBRIDGE_BENCH_RUNS": "1"}
    command = [sys.executable, "-m", "bench.rate"]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout
    assert [line.split()[0] for line in printed.splitlines()[3:]] == ["tiered"] * 4 + ["dynamic"] * 4


def test_what_is_rated_beside_the_server_is_what_the_rules_rate(tmp_path):
    usage, items = tmp_path / "usage.parquet", tmp_path / "items.parquet"
    make(usage, 500)
    for charge in (tiered(), dynamic()):
        rate(usage, charge, items)
        found = pq.read_table(items).to_pylist()
        lines = [line_of(row, charge) for row in pq.read_table(usage).to_pylist()]
        expected = rate_by_group(lines, charges={"energy": charge}, units=UNITS, billed={})
        assert {(row["charge_number"], row["group_key"]): row["amount"] for row in found} == {
            (item.charge_number, item.group_key): item.amount for item in expected
        }


def line_of(row, charge):
    """A row of the benchmark's usage as the rules take it."""
    named = ("record_id", "account_number", "subscription_number", "charge_number", "charge", "uom", "quantity")
    instants = {"start_at": "start_us", "period_start": "period_start_us", "period_end": "period_end_us"}
    return UsageLine(
        **{name: row[name] for name in named},
        **{name: instant(row[column]) for name, column in instants.items()},
        time_zone="UTC",
        status="Pending",
        custom_fields={name: row[f"field_{name}"] for name in charge.price_fields},
    )
