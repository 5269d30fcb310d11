"""Every derivation under a limit of the engine's memory, beside the same without one.

    python -m bench.memory [DERIVATION ...]        METERBRIDGE_BENCH_READINGS (default 2,000,000) sparse readings

Each is measured in a process of its own, once: wall and CPU seconds, its start included, and the peak memory of the
whole process, most of which Python and the names of the charges hold where readings are few.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

from bench.derive import DERIVATIONS, REPEATS, works
from bench.readings import shapes
from bench.sizes import READINGS

LIMIT = "1GB"
SHAPE, READINGS_MADE = "sparse", "the readings"


@click.command()
@click.argument("derivations", nargs=-1)
@click.option("--home", type=click.Path(path_type=Path), help="Do the first of these in this folder; measure nothing.")
def main(derivations: tuple[str, ...], home: Path | None) -> None:
    """Print the table of these derivations, or of all."""
    if home:
        _do(derivations[0], home)
        return
    click.echo(f"{READINGS:,} sparse readings; the engine's memory is limited to {LIMIT}, or not\n")
    click.echo(f"{'':28}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}   {'wall s':>8}{'CPU s':>8}{'peak MB':>9}")
    with tempfile.TemporaryDirectory(prefix="meterbridge-bench-") as folder:
        _spent(READINGS_MADE, folder, None)  # in a process of its own, too: one inherits the peak of what started it
        for what in (REPEATS, *(derivations or DERIVATIONS)):
            click.echo(f"{what:28}{_spent(what, folder, LIMIT)}   {_spent(what, folder, None)}")


def _do(what: str, home: Path) -> None:
    shape = shapes(READINGS)[SHAPE]
    if what == READINGS_MADE:
        shape.make(home)
    else:
        works(shape, home)[what]()


def _spent(what: str, folder: str, limit: str | None) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "METERBRIDGE_ENGINE_MEMORY"}
    environment |= {"METERBRIDGE_ENGINE_MEMORY": limit} if limit else {}
    command = [sys.executable, "-m", "bench.memory", what, "--home", folder]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment)  # noqa: S603 ourselves
    _, status, spent = os.wait4(process.pid, 0)
    if status:
        raise click.ClickException(f"{what} failed, limited to {limit}")
    wall, cpu = time.perf_counter() - began, spent.ru_utime + spent.ru_stime
    return f"{wall:8.1f}{cpu:8.1f}{spent.ru_maxrss // 1024:9}"


if __name__ == "__main__":
    main()
