"""The engine that the rules run on, and one way to hand raw rows to it."""

import ibis
import pyarrow as pa
import pytest

from pipeline.engine import landing_engine
from transforms.readings.readings import parse

PLAIN = {"at": "2014-01-15", "value": "1", "account": "A-1", "subscription": "S-1", "event_id": "e-1"}


@pytest.fixture(scope="module")
def backend():
    """DuckDB behind Ibis, as the steps use it."""
    with landing_engine() as opened:
        yield opened


@pytest.fixture(scope="module")
def parsed(backend):
    """Parse rows as one raw file, in the file's order; what a row does not say is plain."""

    def run(rows, source, *, file_key=7, path=None):
        return backend.to_pyarrow(
            parse(raw_table(rows, source), source, file_key=file_key, path=path or {})
        ).to_pylist()

    def in_order(rows, source, **options):
        return sorted(run(rows, source, **options), key=lambda reading: reading["row"])

    return in_order


@pytest.fixture(scope="session")
def raw():
    """Make the text table of a raw file."""
    return raw_table


def raw_table(rows, source):
    names = [*source.named(), *(["at_time"] if source.wide == "time" else [])]
    columns = {name: pa.array([row.get(name, PLAIN.get(name, "")) for row in rows], pa.string()) for name in names}
    numbered = {"row": pa.array(range(1, len(rows) + 1), pa.int64())}
    defects = {"defect": pa.array([row.get("defect") for row in rows], pa.string())}
    return ibis.memtable(pa.table(numbered | defects | columns))
