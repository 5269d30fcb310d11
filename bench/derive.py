"""Derive beside its floor: every derivation over synthetic readings, as a multiple of the bare scan of the raw columns.

    python -m bench.derive

METERBRIDGE_BENCH_READINGS (default 2,000,000) says how many readings each of the two shapes has. Each line is measured
in a process of its own, after a warm-up, METERBRIDGE_BENCH_RUNS times (default 3) in turn with the scan; it gives the
medians, and by how much the work raised the peak memory of its process.
"""

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import click
from ibis.backends.duckdb import Backend

from bench.beside import by_hand, by_pandas, by_polars, scan
from bench.readings import Shape, shapes
from bench.sizes import READINGS, RUNS
from bench.spent import peak_megabytes, timed
from pipeline.engine import landing_engine
from pipeline.quantities.carry import Carried, can_use_days, from_days, from_repeats
from pipeline.quantities.situation import Situation
from pipeline.readings import partials, repeats
from pipeline.readings.days import Day, days_of
from transforms.catalog.meter import Derivation

# The name begins with the function.
RULES: dict[str, dict[str, Any]] = {
    "sum": {},  # and count, maximum, minimum, average: one tally holds them all
    "unique_count": {},
    "latest": {},
    "time_weighted_average": {},
    "time_weighted_sum": {},
    "increase": {},
    "percentile": {"percentile": "95"},
    "percentile of hours": {"percentile": "95", "bucket_seconds": 3600, "bucket_function": "average"},
    "peak hour": {"bucket_seconds": 3600, "bucket_function": "sum"},
    "peak day": {"bucket": "day", "bucket_function": "sum"},
    "custom spread": {"rule": "spread"},
}
DERIVATIONS = {
    name: Derivation.model_validate({"function": name.partition(" ")[0]} | rules) for name, rules in RULES.items()
}
BY_DAYS = ("sum", "time_weighted_average", "percentile of hours")  # one for each kind of partials
TOTALS_OF_OTHERS = {"SQL by hand: totals": by_hand, "Polars: totals": by_polars, "pandas: totals": by_pandas}
REPEATS = "the repeats, when they land"
Work = Callable[[], object]
Carry = Callable[[Backend, Any, Any, Path], Carried]


def main() -> None:
    """Print the table; with a shape, a work and a home as arguments, measure that one and print it as JSON."""
    if len(sys.argv) > 1:
        named, what, folder = sys.argv[1:]
        shape, home = shapes(READINGS)[named], Path(folder)
        click.echo(json.dumps(_measured(works(shape, home)[what], partial(scan, shape, home))))
        return
    click.echo(f"{READINGS:,} readings of each shape; a scan of the raw columns = 1\n")
    click.echo(f"{'shape':8}{'what':42}{'wall':>6}{'CPU':>6}{'s':>8}{'MB':>7}")
    for name, shape in shapes(READINGS).items():
        with tempfile.TemporaryDirectory(prefix="meterbridge-bench-") as folder:
            shape.make(Path(folder))
            for what in works(shape, Path(folder)):
                click.echo(f"{name:8}{what:42}{_in_a_process(name, what, folder)}")


def works(shape: Shape, home: Path) -> dict[str, Work]:
    """List what is measured of a shape, by name."""
    found: dict[str, Work] = {what: partial(work, shape, home) for what, work in TOTALS_OF_OTHERS.items()}
    found[REPEATS] = partial(make_repeats, shape.situation(DERIVATIONS["sum"], home), home)
    for name, derivation in DERIVATIONS.items():
        situation = shape.situation(derivation, home)
        found[name] = partial(carried, from_repeats, shape, situation, home)
        if name in BY_DAYS and can_use_days(situation):
            found[f"{name}, its partials made"] = partial(make_partials, situation, home)
            found[f"{name}, from partials"] = partial(carried, from_days, shape, situation, home)
    return found


def carried(way: Carry, shape: Shape, situation: Situation, home: Path) -> Carried:
    """Carry the readings of the period to quantities, in one way or the other."""
    with landing_engine() as backend:
        return way(backend, situation, shape.scoped(home), home)


def make_repeats(situation: Situation, home: Path) -> list[Path]:
    """Look for the repeats of all days anew."""
    shutil.rmtree(home / "repeats", ignore_errors=True)
    with landing_engine() as backend:
        return repeats.kept(backend, situation.source, _days(situation, home), home)


def make_partials(situation: Situation, home: Path) -> list[Path]:
    """Make the partials of all days anew."""
    shutil.rmtree(home / "partials", ignore_errors=True)
    with landing_engine() as backend:
        return partials.kept(backend, situation.source, situation.meter.derive, _days(situation, home), home)


def _days(situation: Situation, home: Path) -> Iterator[Day]:
    return days_of(situation.files, home, situation.from_us, situation.until_us)


def _in_a_process(shape: str, what: str, folder: str) -> str:
    command = [sys.executable, "-m", "bench.derive", shape, what, folder]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 ourselves
    found = json.loads(printed)
    return "{wall:6.1f}{cpu:6.1f}{seconds:8.2f}{megabytes:7}".format_map(found)


def _measured(work: Work, floor: Work) -> dict[str, float]:
    """Measure a work beside its floor: wall and CPU time as multiples, its seconds, and megabytes of memory."""
    floor()
    before = peak_megabytes()
    work()
    pairs = [(timed(floor), timed(work)) for _ in range(RUNS)]
    (floor_wall, floor_cpu), (wall, cpu) = (
        [statistics.median(run[each][clock] for run in pairs) for clock in (0, 1)] for each in (0, 1)
    )
    return {"wall": wall / floor_wall, "cpu": cpu / floor_cpu, "seconds": wall, "megabytes": peak_megabytes() - before}


if __name__ == "__main__":
    main()
