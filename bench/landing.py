"""Landing beside its floor: reading raw files into readings, as a multiple of DuckDB's own copy of them to Parquet.

    python -m bench.landing        METERBRIDGE_BENCH_READINGS (default 2,000,000) readings of each shape

Two shapes of data: sparse events with an event id, in no order, of 100,000 accounts; and dense samples of 5,000 meters,
one every five minutes. Wall and CPU time are the medians of METERBRIDGE_BENCH_RUNS (default 3) runs after a warm-up, as
multiples of DuckDB's copy in the same process; peak memory is of one landing in a process of its own.
"""

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import duckdb

from bench.sizes import READINGS, RUNS
from bench.spent import peak_megabytes, timed
from pipeline.durable import sha256
from pipeline.readings.landing import landing
from pipeline.readings.raw import keep_raw
from pipeline.sources.files import RawFile
from transforms.catalog.source import Source

START_US = 1_391_212_800_000_000  # 2014-02-01
MONTH_SECONDS = 28 * 86_400
SHAPES = {
    "sparse": f"""
        SELECT 'evt-' || lpad(hash(i)::VARCHAR, 20, '0') AS event_id, 'A-' || (hash(i + 3) % 100000) AS account,
            strftime(make_timestamp({START_US} + (hash(i + 7) % {MONTH_SECONDS})::BIGINT * 1000000),
                '%Y-%m-%dT%H:%M:%SZ') AS at,
            ((hash(i + 13) % 1000000) / 1000)::DECIMAL(12, 3) AS value
        FROM range({READINGS}) AS numbers(i)""",  # noqa: S608 the figures are ours
    "dense": f"""
        SELECT 'A-' || (i % 5000) AS account,
            strftime(make_timestamp({START_US} + (i // 5000) * 300000000), '%Y-%m-%dT%H:%M:%SZ') AS at,
            ((hash(i + 13) % 1000000) / 1000)::DECIMAL(12, 3) AS value
        FROM range({READINGS}) AS numbers(i)""",  # noqa: S608 the figures are ours
}
COLUMNS = {"at": "at", "value": "value", "account": "account"}
SOURCES = {
    "sparse": Source.model_validate(
        {
            "source": "sparse",
            "files": "*.csv",
            "columns": COLUMNS | {"event_id": "event_id"},
            "value": {"digits": 18, "decimals": 6},
        }
    ),
    "dense": Source.model_validate(
        {"source": "dense", "files": "*.csv", "columns": COLUMNS, "value": {"digits": 18, "decimals": 6}}
    ),
}


def main() -> None:
    """Print the table of ratios; with a shape, a file and a home as arguments, land that file and print the memory."""
    if len(sys.argv) > 1:
        shape, path, home = sys.argv[1:]
        _land(SOURCES[shape], Path(path), Path(home))
        click.echo(peak_megabytes())
        return
    with tempfile.TemporaryDirectory(prefix="meterbridge-bench-") as folder:
        click.echo(f"{READINGS:,} readings of each shape; DuckDB's copy of the CSV file to Parquet = 1\n")
        click.echo(f"{'shape':8}{'what':28}{'wall':>6}{'CPU':>6}{'s':>7}{'MB':>7}")
        for shape in SHAPES:
            _compare(shape, Path(folder))


def _compare(shape: str, folder: Path) -> None:
    path, home = folder / f"{shape}.csv", folder / "home"
    duckdb.execute(f"COPY ({SHAPES[shape]}) TO '{path}' (HEADER)")
    floor = _median(partial(_copy, path))
    click.echo(f"{shape:8}{'DuckDB copies':28}{1:6.1f}{1:6.1f}{floor[0]:7.2f}")
    works = {"land": partial(_land, SOURCES[shape], path, home), "hash and keep the raw bytes": partial(_keep, path)}
    for name, work in works.items():
        wall, cpu = _median(work)
        memory = _memory(shape, path, home) if name == "land" else ""
        click.echo(f"{shape:8}{name:28}{wall / floor[0]:6.1f}{cpu / floor[1]:6.1f}{wall:7.2f}{memory:>7}")


def _copy(path: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"COPY (FROM read_csv('{path}')) TO '{path.with_suffix('.parquet')}'")


def _land(source: Source, path: Path, home: Path) -> None:
    with landing(source, RawFile(path, path.name), "0" * 64, home) as read:
        read.write(home)


def _keep(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as home:
        keep_raw(path, Path(home), "bench", sha256(path))


def _memory(shape: str, path: Path, home: Path) -> str:
    command = [sys.executable, "-m", "bench.landing", shape, str(path), str(home)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603 ourselves


def _median(work: Callable[[], object]) -> tuple[float, float]:
    """Give wall and CPU seconds."""
    work()
    walls, cpus = zip(*(timed(work) for _ in range(RUNS)), strict=True)
    return statistics.median(walls), statistics.median(cpus)


if __name__ == "__main__":
    main()
