"""The engines: DuckDB lands readings and, unless Spark is asked for, carries them to quantities; both behind Ibis."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import ibis
import ibis.expr.types as ir
from ibis.backends import BaseBackend
from ibis.backends.duckdb import Backend

from pipeline.settings import EngineSettings
from transforms.errors import MeterbridgeError

ibis.options.sql.fuse_selects = False  # the engines merge selects themselves; in Ibis that takes half of a compilation


# Of the two sides of a join one may be a table that Arrow holds. DuckDB would filter it by what the other side has, and
# fails, on some data, where that is a Bloom filter (duckdb/duckdb-python, issue 463).
DISABLED = "join_filter_pushdown"


class EngineError(MeterbridgeError):
    """The engine that the settings ask for is not there; the message says what to do."""


def engine() -> AbstractContextManager[BaseBackend]:
    """Open the engine that METERBRIDGE_ENGINE names: duckdb (the default) or spark."""
    settings = EngineSettings.read()
    if settings.name == "duckdb":
        return landing_engine()
    if settings.name != "spark":
        raise EngineError(f"METERBRIDGE_ENGINE is {settings.name!r}; set it to duckdb or spark")
    from pipeline.spark import spark_engine  # noqa: PLC0415 an optional extra, and seconds of import

    return spark_engine(settings.spark_master)


@contextmanager
def landing_engine() -> Iterator[Backend]:
    """Open a DuckDB in memory, spilling to disk; METERBRIDGE_ENGINE_MEMORY (such as 1GB) bounds its memory."""
    with tempfile.TemporaryDirectory(prefix="meterbridge-") as spill:
        options = {"temp_directory": spill}
        if limit := EngineSettings.read().memory:
            options["memory_limit"] = limit
        backend: Backend = ibis.duckdb.connect(**options)
        backend.raw_sql(f"SET disabled_optimizers = '{DISABLED}'")
        try:
            yield backend
        finally:
            backend.disconnect()


def read_parquet(backend: BaseBackend, paths: Sequence[str], *, named: bool = False) -> ir.Table:
    """Give Parquet files of one schema as one table of an engine; DuckDB can add each row's path as `filename`."""
    if isinstance(backend, Backend):
        return backend.read_parquet(paths, filename=True) if named else backend.read_parquet(paths)
    from pipeline.spark import read_all  # noqa: PLC0415 an optional extra, and seconds of import

    return read_all(backend, paths)
