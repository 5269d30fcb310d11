"""Spark in the engine's place: the same expressions, for readings that have outgrown one machine. An optional extra."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir
from ibis.util import gen_name

from transforms.errors import MeterbridgeError

if TYPE_CHECKING:
    from ibis.backends.pyspark import Backend

EXACT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # an overflow stops the derivation and never becomes null
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",  # Spark would round products to 6 decimals otherwise
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.ui.enabled": "false",
}
ALONE = dict.fromkeys(("spark.driver.host", "spark.driver.bindAddress"), "127.0.0.1")  # nobody else needs to reach it


class SparkMissingError(MeterbridgeError):
    """Spark is asked for and cannot be had; the message says what to install."""


@contextmanager
def spark_engine(master: str) -> "Iterator[Backend]":
    """Open a session of a Spark (`local[*]`: this machine's cores) that sees the same files as we do."""
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 an optional extra
    except ImportError as error:
        raise SparkMissingError("METERBRIDGE_ENGINE=spark needs PySpark: install meterbridge[spark]") from error
    builder = SparkSession.builder.appName("meterbridge").master(master)
    for name, value in (EXACT | (ALONE if master.startswith("local") else {})).items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        # PySpark warns that it has not been released for this pandas; the tests hold every derivation against DuckDB's.
        warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
        session = builder.getOrCreate()
        try:
            yield ibis.pyspark.connect(session)
        finally:
            session.stop()


def read_all(backend: "Backend", paths: Sequence[str]) -> ir.Table:
    """Give Parquet files of one schema as one table: Ibis hands Spark a single path."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 an optional extra

    name = gen_name("readings")
    SparkSession.active().read.parquet(*paths).createOrReplaceTempView(name)
    return backend.table(name)
