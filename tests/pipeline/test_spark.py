"""Spark gives what DuckDB gives, record for record and line for line: every derivation, on one set of readings."""

import importlib.util
import random
import shutil
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

import ibis
import pyarrow.parquet as pq
import pytest
from readings_by_hand import landed, source_of, target
from second_computation import RULES, WAYS, derivation_of

from pipeline.engine import EngineError, engine
from pipeline.quantities import derive
from pipeline.quantities.situation import Situation
from pipeline.store.manifest import LandedFile
from transforms.catalog.meter import Meter
from transforms.period import Period, micros
from transforms.quantities.place import targets_of

MISSING = [
    name
    for name, there in (
        ("java on PATH", shutil.which("java")),
        ("the package pyspark", importlib.util.find_spec("pyspark")),
    )
    if not there
]
pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"Spark needs {' and '.join(MISSING)}"),
    # PySpark has not been released for this pandas. The engine ignores that, too, but pytest takes filters back between
    # a module's fixture and its tests.
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),
]

QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # half of Java's work would be to compile well what runs twice
DAYS = Period.parse("2025-03-07--2025-03-11")  # four, with a clock change in New York
START_US = micros(DAYS.window("UTC").start)
HOUR_US = 3_600_000_000
ATTRIBUTES = ("tenant",)
FOLDER = "one-schema"
PARAMETERS = {
    "unique_count": [{}, {"of": "tenant"}],
    "time_weighted_average": [{}, {"gap_seconds_max": 7200}],
    "time_weighted_sum": [{"per": "day"}],
    "increase": [{}, {"wraps_at": 1_000_000}],
    "percentile": [
        {"percentile": "50"},
        {"percentile": "95", "bucket_seconds": 7200, "bucket_function": "average"},
    ],
    "peak": [{"bucket": "day", "bucket_function": "sum"}, {"bucket_seconds": 3600, "bucket_function": "count"}],
}
GROUPED = {"sum", "percentile", "time_weighted_average", "increase", "mean_of_daily_peaks"}
DERIVATIONS = [
    derivation_of(way, parameters, group_by)
    for way in WAYS
    for parameters in PARAMETERS.get(way, [{}])
    for group_by in ([(), ("tenant",)] if way in GROUPED else [()])
]
FILTERED = {"function": "sum", "filter": {"minimum": "0", "attributes": {"tenant": ["a", ""]}}}


def scope():
    """Two tenants of one charge, as a lookup gives them, one of New York, and one that is refused."""
    zones = {"t-1": ("C-1", "UTC"), "t-2": ("C-1", "UTC"), "t-3": ("C-3", "America/New_York")}
    found = {}
    for key, (charge, zone) in zones.items():
        window = DAYS.window(zone)
        found[key, ""] = target(f"A-{charge}", charge, (window.start_us, window.end_us), time_zone=zone)
    found["t-4", ""] = target("A-4", "", (START_US, START_US + 96 * HOUR_US), (0, 0), "no_charge")
    return found


def some_readings():
    """Draw readings of five names, in steps of half an hour; a tenth of them come twice, and some are corrected."""
    draw = random.Random(20250307)  # noqa: S311 the same readings every time, not secrets
    rows = [
        {
            "account": f"t-{draw.randint(1, 5)}",
            "at_us": START_US + draw.randint(-60, 4 * 48 + 60) * HOUR_US // 2,
            "value": Decimal(draw.randint(-(10**9), 10**12)) / 10**6,
            "attribute_tenant": draw.choice(["", "a", "b"]),
        }
        for _ in range(400)
    ]
    corrected = [row | {"value": row["value"] + 1, "revision": 1} for row in rows[:20]]
    return rows + rows[-40:] + corrected


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Readings as DuckDB landed them."""
    folder = tmp_path_factory.mktemp("spark")
    rows = some_readings()
    for name, part in (("one", rows[::2]), ("two", rows[1::2])):
        path = folder / "readings" / FOLDER / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        table = landed([row | {"id_high": ord(name[0])} for row in part], ATTRIBUTES).order_by("at_us", "row")
        pq.write_table(ibis.duckdb.connect().to_pyarrow(table), path)
    return folder


@pytest.fixture(scope="module")
def spark():
    """One session for all of this, opened as the settings ask for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("METERBRIDGE_ENGINE", "spark")
        opened = engine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPARK_SUBMIT_OPTS", QUICK)
        with opened as backend:
            yield backend


def situation(derivation, duplicates="exact"):
    group_by = derivation.get("group_by", ())
    meter = Meter.model_validate(
        {
            "meter": "energy",
            "owner": "x",
            "source": "power",
            "derive": derivation,
            "map": {"charge": "energy", "unit": "kwh", "custom_fields": {"T__c": "{tenant}"} if group_by else {}},
        }
    )
    source = source_of(duplicates, attributes=ATTRIBUTES, revision=True, interval_seconds=1800)
    names = scope()
    span = (START_US - 30 * HOUR_US, START_US + 126 * HOUR_US)
    files = [LandedFile("power", name, 0, 0, 0, *span, f"{FOLDER}/{name}.parquet") for name in ("one", "two")]
    default = DAYS.window("Europe/Berlin")
    return Situation(meter, source, DAYS, names, targets_of(names), default, *span, files)


@pytest.fixture
def by_spark(spark, monkeypatch):
    """Run a situation in the session that is open already."""

    @contextmanager
    def open_already():
        yield spark

    def run(found, home):
        with monkeypatch.context() as patch:
            patch.setattr(derive, "engine", open_already)
            return derive.run(found, home)

    return run


def test_every_derivation_is_held_against_spark():
    held = {each.get("rule", each["function"]) for each in DERIVATIONS}
    assert held == set(WAYS) >= RULES


@pytest.mark.parametrize("derivation", [*DERIVATIONS, FILTERED], ids=str)
def test_spark_gives_the_records_and_the_ledger_that_duckdb_gives(by_spark, home, derivation):
    found = situation(derivation)
    ours, theirs = derive.run(found, home), by_spark(found, home)
    assert ours.quantities.num_rows >= 2
    assert theirs.quantities.to_pylist() == ours.quantities.to_pylist()
    assert replace(theirs, quantities=ours.quantities) == ours
    assert sum(line.rows for line in ours.lines) == ours.landed


@pytest.mark.parametrize("duplicates", ["keep", "reject"])
def test_spark_settles_repeats_as_duckdb_does(by_spark, home, duplicates):
    found = situation({"function": "sum"}, duplicates)
    ours, theirs = derive.run(found, home), by_spark(found, home)
    assert (theirs.quantities.to_pylist(), theirs.lines) == (ours.quantities.to_pylist(), ours.lines)


def test_another_engine_than_these_two_is_refused(monkeypatch):
    monkeypatch.setenv("METERBRIDGE_ENGINE", "flink")
    with pytest.raises(EngineError, match="METERBRIDGE_ENGINE is 'flink'; set it to duckdb or spark"):
        engine()
