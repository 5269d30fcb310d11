"""The same readings land once, whatever the file's name, wrapping, order of rows or format."""

import gzip
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from packed import parquet

PARQUET = """
source: power
files: power/{account}/*
format: {kind: parquet}
columns: {at: at, value: value}
duplicates: keep
"""


def _quarantined_rows(business):
    return business.rows("quarantined_rows", "row", "reason", "raw")


def _shuffled(text):
    header, *rows = text.splitlines(keepends=True)
    return header + "".join(reversed(rows))


def test_the_same_file_again_is_known_and_changes_nothing(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    before = business.contents()
    found = business.extract()
    assert (found.landed, found.known) == (0, 1)
    assert business.contents() == before


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        lambda text: gzip.compress(text.encode()),
        _shuffled,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("at,value", "value,at").replace("Z,", "Z;"),
    ],
    ids=["another-name", "gzip", "shuffled", "crlf", "bom", "no-last-line-break", "another-file"],
)
def test_the_same_readings_in_another_wrapping_exist_and_another_file_does_not(business, march, wrap, request):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    landed = business.rows("landed_files", "file_id")
    business.deliver("power/A-1/again.csv", wrap(march))
    found = business.extract()
    if "another-file" in request.node.name:  # the proof that the comparison can tell files apart
        assert (found.landed, found.exists) == (1, 0)
    else:
        assert (found.landed, found.exists, found.readings) == (0, 1, 0)
        assert business.rows("landed_files", "file_id") == landed
        assert len(business.rows("arrivals", "sha256")) == 2


def test_landed_readings_are_never_written_again(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    (path,) = business.rows("landed_files", "path")
    landed = business.home / "readings" / path
    before = (landed.read_bytes(), landed.stat().st_mtime_ns)
    business.deliver("power/A-1/again.csv", _shuffled(march))  # its rows have other numbers
    assert business.extract().exists == 1
    assert (landed.read_bytes(), landed.stat().st_mtime_ns) == before


def test_a_file_that_exists_adds_nothing_to_the_bill(business, march):
    business.bill(march)
    loaded = business.bill(gzip.compress(march.encode()), "power/A-1/again.csv.gz")
    assert loaded.outcome == "exists"
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]


def test_the_same_figures_of_two_accounts_are_two_files(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-2/march.csv", march.replace("3.5", "3.50"))
    assert business.extract().landed == 2


def test_the_very_same_bytes_delivered_for_two_accounts_are_readings_of_both(business, march):
    business.customer("A-2")
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-2/march.csv", march)
    business.extract()
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-2", "2025-03", Decimal("6.5"), 3)]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (pa.array([datetime(2025, 3, 2, 12, tzinfo=UTC)], pa.timestamp("us", "UTC")), pa.array([Decimal("1.500")])),
        (pa.array([datetime(2025, 3, 2, 12, tzinfo=UTC)], pa.timestamp("ms", "Europe/Berlin")), pa.array([1.5])),
        (pa.array([datetime(2025, 3, 2, 12)], pa.timestamp("ns")), pa.array(["1.5"])),
        (pa.array(["2025-03-02T12:00:00Z"]), pa.array([1.5], pa.float32())),
    ],
    ids=["decimal", "double", "text", "float"],
)
def test_typed_columns_of_a_parquet_file_are_read_to_the_same_reading(business, at, value):
    business.declare("sources/power.yaml", PARQUET)
    business.deliver("power/A-1/march.parquet", parquet(at=at, value=value))
    assert business.extract().readings == 1, _quarantined_rows(business)
    (path,) = business.rows("landed_files", "path")
    (reading,) = pq.read_table(business.home / "readings" / path).to_pylist()
    assert reading["value"] == Decimal("1.5")
    assert reading["at_us"] == 1_740_916_800_000_000  # 2025-03-02 12:00 UTC


def test_a_double_that_is_no_number_is_quarantined(business):
    business.declare("sources/power.yaml", PARQUET)
    at = ["2025-03-02T00:00:00Z"] * 4
    business.deliver("power/A-1/march.parquet", parquet(at=at, value=[float("nan"), float("inf"), None, 2.0]))
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (1, 3)
    assert [row[:2] for row in _quarantined_rows(business)] == [
        (1, "unreadable_value"), (2, "unreadable_value"), (3, "missing_value")
    ]  # fmt: skip


def test_a_parquet_file_inside_gzip_is_read(business):
    business.declare("sources/power.yaml", PARQUET)
    packed = gzip.compress(parquet(at=["2025-03-02T00:00:00Z"], value=["1"]))
    business.deliver("power/A-1/march.parquet.gz", packed)
    assert business.extract().readings == 1
