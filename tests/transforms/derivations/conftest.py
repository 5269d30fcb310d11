"""One charge's readings in, its exact quantity out."""

from fractions import Fraction

import ibis
import pyarrow as pa
import pytest

from transforms import derive
from transforms.meter import Derivation
from transforms.scope import CalendarRow, ScopeRow
from transforms.source import Duplicates

SECOND = 1_000_000
PERIOD = (10, 30)  # the billing period, in seconds
KINDS = {"row": pa.int64(), "account": pa.string(), "subscription": pa.string(), "at_us": pa.int64()}
SCHEMA = pa.schema(KINDS | {"value": pa.decimal128(38, 18), "id_high": pa.int64(), "id_low": pa.int64()})


def _table(readings, files):
    rows = [
        {"row": row, "account": "A-1", "subscription": "", "at_us": int(at * SECOND), "value": value, "id_high": file}
        for row, ((at, value), file) in enumerate(zip(readings, files or [1] * len(readings), strict=True), start=1)
    ]
    return ibis.memtable(pa.Table.from_pylist([{**row, "id_low": row["row"]} for row in rows], schema=SCHEMA))


def classified(readings, derivation, *, window=PERIOD, files=None, duplicates="keep"):
    bounds = [at * SECOND for at in PERIOD]
    dated = derive.inside(_table(readings, files), [CalendarRow("A-1", *bounds)], CalendarRow("", *bounds))
    scope = [ScopeRow("A-1", "", "C-1", window[0] * SECOND, window[1] * SECOND, None)]
    placed = derive.classify(dated, scope, Duplicates(duplicates), by_event_id=False)
    return derive.narrow(placed, Derivation.model_validate(derivation).filter)


@pytest.fixture(scope="module")
def record(backend):
    """Derive the row of one charge from (second, value) pairs; None where there is none."""

    def run(readings, derivation, **options):
        table = derive.quantities(classified(readings, derivation, **options), Derivation.model_validate(derivation))
        rows = backend.to_pyarrow(table).to_pylist()
        assert len(rows) <= 1
        return rows[0] if rows else None

    return run


@pytest.fixture(scope="module")
def derived(record):
    """Derive the exact quantity of one charge; None where there is none."""

    def run(readings, derivation, **options):
        row = record(readings, derivation, **options)
        return row and (Fraction(row["numerator"]) + Fraction(row["remainder"])) / row["denominator"]

    return run


@pytest.fixture(scope="module")
def places(backend):
    """Count the ledger's lines of one charge's readings."""

    def run(readings, derivation, **options):
        lines = backend.to_pyarrow(derive.ledger(classified(readings, derivation, **options))).to_pylist()
        return {(line["category"], line["reason"]): line["rows"] for line in lines}

    return run
