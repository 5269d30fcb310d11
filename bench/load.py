"""Loading beside its floor: a month's usage into the store, as a multiple of a raw COPY into a table without an index.

    python -m bench.load        METERBRIDGE_BENCH_RECORDS (default 1,000,000) usage records, one for each charge

Everything holds that holds in production: foreign keys, unique keys, checks, guards, the ledger, the read-back. Wall
time is measured in turn with the floor, METERBRIDGE_BENCH_RUNS times; memory is of one load in a process of its own.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import pyarrow as pa
import sqlalchemy as sa

from bench.sizes import RECORDS, RUNS
from bench.spent import peak_megabytes
from bench.usage import CATALOG, customers, usage
from pipeline import artefact
from pipeline.catalog.catalog import Catalog
from pipeline.store.copy import copy_batches
from pipeline.store.engine import connect
from pipeline.store.migrate import migrate
from pipeline.store.usage import FIELDS
from pipeline.usage.load import load
from stack import postgres
from stack.settings import read_settings

SMALLER = 5  # memory is also measured with so many times fewer records
TO_SQL_ROWS = 50_000  # pandas takes long: it is measured with a part, and said so


def main() -> None:
    """Print the table of ratios; with a store, a folder and a file as arguments, load that and print the memory."""
    if len(sys.argv) > 1:
        url, folder, path = sys.argv[1:]
        before = peak_megabytes()
        _load(connect(url), Path(folder), Path(path))
        click.echo(json.dumps(peak_megabytes() - before))
        return
    with tempfile.TemporaryDirectory(prefix="mb-") as folder, server(Path(folder)) as where:
        click.echo(f"{RECORDS:,} usage records; a raw COPY into a table without an index = 1\n")
        _compare(where, Path(folder))


def _compare(server: sa.URL, folder: Path) -> None:
    first, again = _written(folder, RECORDS), _written(folder, RECORDS, more=1)
    seconds: dict[str, list[float]] = {}
    for _ in range(RUNS):
        store = _store(server, folder)
        for name, work in _works(store, folder, first, again).items():
            began = time.perf_counter()
            work()
            seconds.setdefault(name, []).append(time.perf_counter() - began)
        store.dispose()
    floor = seconds["raw COPY"]
    for name, measured in seconds.items():
        ratio = statistics.median(each / least for each, least in zip(measured, floor, strict=True))
        scale = RECORDS / TO_SQL_ROWS if name.startswith("pandas") else 1
        click.echo(f"{name:44}{ratio * scale:7.1f}{statistics.median(measured) * scale:9.2f} s")
    for records in (RECORDS // SMALLER, RECORDS):
        url = _store(server, folder).url.render_as_string(hide_password=False)
        megabytes = _memory(url, folder, _written(folder, records))
        click.echo(f"memory that a load of {records:,} adds: {megabytes} MB")


def _works(store: sa.Engine, folder: Path, first: Path, again: Path) -> dict[str, Callable[[], object]]:
    """List what is measured, in its order: the correction comes upon what was loaded."""
    return {
        "raw COPY": partial(_copy, store, first),
        "load, the first of its period": partial(_load, store, folder, first),
        "load, the same again: exists": partial(_load, store, folder, first),
        "load, every record corrected": partial(_load, store, folder, again),
        f"pandas to_sql (from {TO_SQL_ROWS:,} records)": partial(_to_sql, store, first),
    }


def _copy(store: sa.Engine, path: Path) -> None:
    with store.begin() as connection:
        columns = ", ".join(f"{name} text" for name in FIELDS)
        connection.execute(sa.text(f"DROP TABLE IF EXISTS floor; CREATE TABLE floor ({columns})"))
        copy_batches(connection, "floor", FIELDS, artefact.batches(path))


def _load(store: sa.Engine, folder: Path, path: Path) -> None:
    verdict = {"usage": path.name, "validation": [], "docs": "", "warnings": []}
    nothing = pa.table({"record_key": pa.array([], pa.string()), "reason": pa.array([], pa.string())})
    judged = artefact.write(folder / "work", "verdict", nothing, verdict)
    click.echo(load(store, Catalog.read(folder / "catalog"), path, judged, folder), err=True)


def _to_sql(store: sa.Engine, path: Path) -> None:
    table = next(iter(artefact.batches(path))).slice(0, TO_SQL_ROWS)
    pa.Table.from_batches([table]).to_pandas().to_sql("by_pandas", store, if_exists="replace", index=False)


def _written(folder: Path, records: int, *, more: int = 0) -> Path:
    table, about = usage(records, more)
    return artefact.write(folder / "work", "usage", table, about)


def _store(server: sa.URL, folder: Path) -> sa.Engine:
    """Make an empty store with customers."""
    name = f"bench_{time.monotonic_ns()}"
    url = server.set(drivername="postgresql+psycopg")
    administration = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with administration.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
    administration.dispose()
    store = connect(url.set(database=name).render_as_string(hide_password=False))
    migrate(store)
    customers(store, RECORDS)
    for file, text in CATALOG.items():
        path = folder / "catalog" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return store


@contextmanager
def server(folder: Path) -> Iterator[sa.URL]:
    """Start a PostgreSQL in a folder, and stop it."""
    settings = read_settings({**os.environ, "METERBRIDGE_HOME": str(folder / "home")})
    try:
        yield postgres.start(settings).server
    finally:  # it would outlive what broke off
        postgres.stop(settings)


def _memory(url: str, folder: Path, path: Path) -> int:
    command = [sys.executable, "-m", "bench.load", url, str(folder), str(path)]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 ourselves
    return int(printed)


if __name__ == "__main__":
    main()
