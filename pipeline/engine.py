"""The engine that carries readings to quantities: DuckDB behind Ibis, in memory, spilling to disk."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import ibis
from ibis.backends.duckdb import Backend


@contextmanager
def engine() -> Iterator[Backend]:
    """Open an engine of one's own; METERBRIDGE_ENGINE_MEMORY (such as 1GB) bounds its memory."""
    with tempfile.TemporaryDirectory(prefix="meterbridge-") as spill:
        options = {"temp_directory": spill}
        if limit := os.environ.get("METERBRIDGE_ENGINE_MEMORY"):
            options["memory_limit"] = limit
        backend: Backend = ibis.duckdb.connect(**options)
        try:
            yield backend
        finally:
            backend.disconnect()
