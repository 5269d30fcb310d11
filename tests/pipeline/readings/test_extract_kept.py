"""What extract keeps beside the readings: raw bytes, headers, positions; and what it need not fetch again."""

import hashlib

import fsspec
import pyarrow.parquet as pq
import pytest

ROW = "at,value\n2025-03-02T00:00:00Z,1\n"
AT_A_URL = """
source: power
files: memory://meters/{account}/*.csv
columns: {at: at, value: value}
"""
BY_WATERMARK = """
source: power
sql: {connection: billing, query: "SELECT id, account, at, kwh FROM usage WHERE id > :after", watermark: id}
columns: {at: at, value: kwh, account: account, event_id: id}
"""


@pytest.fixture
def bucket():
    """Files at a URL, gone after the test."""
    files = fsspec.filesystem("memory")
    yield files
    files.rm("/meters", recursive=True)


@pytest.mark.parametrize("content", [ROW, "time,value\n1,2\n"], ids=["landed", "quarantined whole"])
def test_the_raw_bytes_of_every_file_are_kept_when_the_inbox_is_emptied(business, content):
    business.deliver("power/A-1/march.csv", content)
    business.extract()
    (business.inbox / "power/A-1/march.csv").unlink()
    hashed = hashlib.sha256(content.encode()).hexdigest()
    assert business.rows("arrivals", "sha256") == [hashed]
    assert (business.home / "raw/power" / hashed[:2] / hashed).read_bytes() == content.encode()


def test_a_remote_file_of_a_known_version_is_not_read_again(business, bucket):
    business.declare("sources/power.yaml", AT_A_URL)
    bucket.pipe("/meters/A-1/march.csv", ROW.encode())
    first = business.extract()
    file = bucket.store["/meters/A-1/march.csv"]
    file.seek(0)
    file.write(b"x" * len(ROW))  # behind the back of its version, which stays
    second = business.extract()
    assert (first.landed, second.landed, second.known) == (1, 0, 1)


def test_a_remote_file_that_is_uploaded_again_unchanged_is_known_by_its_bytes(business, bucket):
    business.declare("sources/power.yaml", AT_A_URL)
    for _ in range(2):
        bucket.pipe("/meters/A-1/march.csv", ROW.encode())
        found = business.extract()
    assert (found.landed, found.known) == (0, 1)
    assert len(business.rows("arrivals", "uri")) == 1


def test_a_remote_file_that_is_replaced_by_another_lands_besides(business, bucket):
    business.declare("sources/power.yaml", AT_A_URL)
    for value in (1, 2):
        bucket.pipe("/meters/A-1/march.csv", ROW.replace(",1", f",{value}").encode())
        assert business.extract().landed == 1
    assert business.rows("arrivals", "uri") == ["memory://meters/A-1/march.csv"] * 2


@pytest.fixture
def database(business, monkeypatch):
    """A database with two readings, which the source `power` asks by watermark."""
    business.declare("sources/power.yaml", BY_WATERMARK)
    monkeypatch.setenv("METERBRIDGE_CONNECTION_BILLING", business.store.url.render_as_string(hide_password=False))
    with business.store.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE usage (id bigint, account text, at timestamptz, kwh numeric)")
    add_usage(business, 1, 2)
    return business


def add_usage(business, *numbers):
    with business.store.begin() as connection:
        for number in numbers:
            row = (number, f"2025-03-0{number}Z", number)
            connection.exec_driver_sql("INSERT INTO usage VALUES (%s, 'A-1', %s::timestamptz, %s)", row)


def test_a_database_is_asked_for_what_came_after_the_last_reading_that_landed(database):
    assert database.extract().readings == 2
    add_usage(database, 3)
    assert database.extract().readings == 1
    assert database.rows("extractions", "watermark") == ["3"]
    assert not list((database.home / "fetched").rglob("*.jsonl"))


def test_a_database_without_anything_new_gives_no_file_and_keeps_its_place(database):
    database.extract()
    found = database.extract()
    assert (found.landed, found.known) == (0, 0)
    assert database.rows("extractions", "watermark") == ["2"]


def test_what_was_fetched_twice_because_of_a_death_before_its_position_was_kept_counts_once(database):
    database.extract()
    with database.store.begin() as connection:
        connection.exec_driver_sql("UPDATE extractions SET watermark = NULL")
    found = database.extract()
    assert (found.landed, found.known, found.exists) == (0, 1, 0)
    assert database.rows("landed_files", "readings") == [2]


def test_readings_land_sorted_by_time_and_then_by_row(business):
    stamps = ["2025-03-02T02:00:00Z", "2025-03-02T01:00:00Z", "2025-03-02T02:00:00Z", "2025-03-01T00:00:00Z"]
    business.deliver("power/A-1/march.csv", "at,value\n" + "".join(f"{stamp},1\n" for stamp in stamps))
    business.extract()
    (path,) = business.rows("landed_files", "path")
    assert pq.read_table(business.home / "readings" / path)["row"].to_pylist() == [4, 2, 1, 3]
