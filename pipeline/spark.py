"""Spark in the engine's place: the same expressions, for readings that have outgrown one machine. An optional extra."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import ibis

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


class SparkMissingError(MeterbridgeError):
    """Spark is asked for and cannot be had; the message says what to install."""


@contextmanager
def spark_engine() -> "Iterator[Backend]":
    """Open a session of METERBRIDGE_SPARK_MASTER (default: this machine's cores) that sees the same files as we do."""
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 an optional extra
    except ImportError as error:
        raise SparkMissingError("METERBRIDGE_ENGINE=spark needs PySpark: install meterbridge[spark]") from error
    builder = SparkSession.builder.appName("meterbridge").master(os.environ.get("METERBRIDGE_SPARK_MASTER", "local[*]"))
    for name, value in EXACT.items():
        builder = builder.config(name, value)
    with warnings.catch_warnings():
        # PySpark warns that it has not been released for this pandas; the tests hold every derivation against DuckDB's.
        warnings.filterwarnings("ignore", category=FutureWarning, module="pyspark")
        session = builder.getOrCreate()
        try:
            yield ibis.pyspark.connect(session)
        finally:
            session.stop()
