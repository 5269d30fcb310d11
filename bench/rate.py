"""Rating beside hand-written SQL and pandas: usage summed, tiered and written as items, or priced by a decision table.

    python -m bench.rate        METERBRIDGE_BENCH_RECORDS (default 1,000,000) usage records

The records lie in a Parquet file, and in a table of a PostgreSQL server, whose SQL makes a table of items from them.
Each way is measured METERBRIDGE_BENCH_RUNS times in turn with the server's SQL, and must come to the same total.
Wall and CPU time, the server's included, are medians of the ratios.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
import psutil
import sqlalchemy as sa

from bench import rated_beside
from bench.load import server
from bench.rated_usage import dynamic, make, rate, tiered
from bench.sizes import RECORDS, RUNS
from pipeline.store.engine import connect
from transforms.catalog.charge import Charge

Work = Callable[[], object]


def main() -> None:
    """Print the table of ratios."""
    with tempfile.TemporaryDirectory(prefix="mb-") as folder, server(Path(folder)) as url:
        store = connect(url.set(database="postgres").render_as_string(hide_password=False))
        usage = Path(folder) / "usage.parquet"
        make(usage, 1000)
        rate(usage, tiered(), usage.with_name("items.parquet"))  # what is loaded once takes longer than this
        make(usage, RECORDS)
        rated_beside.load(store, usage)
        click.echo(f"{RECORDS:,} usage records; the server's SQL, from its table to a table of items = 1\n")
        click.echo(f"{'':41}{'wall':>6}{'CPU':>6}{'s':>8}")
        for charge in (tiered(), dynamic()):
            _compare(charge.pricing.model, works(store, usage, charge), rated_beside.postmaster(store))
        store.dispose()


def works(store: sa.Engine, usage: Path, charge: Charge) -> dict[str, Work]:
    """List the ways of rating usage, the server's first; each gives the total of its items."""
    items = usage.with_name("items.parquet")
    return {
        "SQL by hand, on the server": partial(rated_beside.by_sql, store, charge.pricing.model),
        "ours, from Parquet to Parquet": partial(rate, usage, charge, items),
        "ours, from the store and into it": partial(rated_beside.through_the_store, store, charge, usage.parent),
        "pandas, in whole numbers": partial(rated_beside.by_pandas, usage, charge.pricing.model),
    }


def _compare(model: str, ways: dict[str, Work], server: psutil.Process) -> None:
    spent: dict[str, list[tuple[float, float]]] = {}
    for _ in range(RUNS):
        totals = set()
        for name, work in ways.items():
            wall, cpu = time.perf_counter(), _cpu(server)
            totals.add(work())
            spent.setdefault(name, []).append((time.perf_counter() - wall, _cpu(server) - cpu))
        if len(totals) > 1:
            raise click.ClickException(f"{model}: the ways come to different totals: {totals}")
    floor = next(iter(spent.values()))
    for name, runs in spent.items():
        wall, cpu = (
            statistics.median(run[at] / least[at] for run, least in zip(runs, floor, strict=True)) for at in (0, 1)
        )
        click.echo(f"{model:9}{name:32}{wall:6.2f}{cpu:6.2f}{min(runs)[0]:8.2f}")


def _cpu(server: psutil.Process) -> float:
    """Give the CPU seconds of this process and of the server with all that it has started."""
    spent = server.cpu_times()
    running = (child.cpu_times() for child in server.children())
    done = spent.user + spent.system + spent.children_user + spent.children_system
    return float(time.process_time() + done + sum(child.user + child.system for child in running))


if __name__ == "__main__":
    main()
