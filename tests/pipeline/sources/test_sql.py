"""Readings from a real PostgreSQL by interval, and from a SQLite file where another database makes a difference."""

import gc
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fetched_api import lines
from usage_database import APRIL, BY_INTERVAL, BY_WATERMARK, MARCH, MAY, NOTHING, VARIABLE, ids, sql_source

from pipeline.sources.fetched import Position, fetch
from pipeline.sources.files import open_rows


@pytest.mark.usefixtures("database")
def test_the_rows_of_an_interval_come_with_its_start_and_without_its_end(spool):
    source = sql_source(BY_INTERVAL)
    march, position = fetch(source, NOTHING, APRIL, spool)
    assert (ids(march), position) == (["9", "10"], Position(APRIL))
    april, position = fetch(source, position, MAY, spool)
    assert (ids(april), position) == (["11"], Position(MAY))


@pytest.mark.usefixtures("database")
def test_a_line_is_the_exact_text_of_each_column_in_the_order_of_the_query(spool):
    (file,), _ = fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)
    assert file.path.read_text() == (
        '{"id": "9", "account": "A-1", "at": "2025-03-01T00:00:00+00:00", "kwh": "0.1000000000000000055"}\n'
        '{"id": "10", "account": "A-2", "at": "2025-03-31T23:59:59.999999+00:00", "kwh": "1.50"}\n'
    )


@pytest.mark.usefixtures("database")
def test_a_file_is_named_by_its_interval_and_the_same_interval_gives_the_same_bytes(spool):
    first, _ = fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)
    content = first[0].path.read_bytes()
    again, _ = fetch(sql_source(BY_INTERVAL), NOTHING, APRIL, spool)
    assert [file.uri for file in again] == ["sql/power/2025-03-01T00:00:00Z--2025-04-01T00:00:00Z.jsonl"]
    assert (again, again[0].path.read_bytes()) == (first, content)
    assert [path.name for path in (spool / "power").iterdir()] == [Path(first[0].uri).name]


@pytest.mark.usefixtures("database")
def test_what_was_fetched_is_read_like_any_file_of_json_lines(spool):
    source = sql_source(BY_INTERVAL, event_id="id")
    (file,), _ = fetch(source, NOTHING, APRIL, spool)
    with open_rows(file, source) as rows:
        found = rows.arrow().read_all().to_pylist()
    assert [(row["account"], row["value"], row["event_id"], row["defect"]) for row in found] == [
        ("A-1", "0.1000000000000000055", "9", None), ("A-2", "1.50", "10", None),
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_a_day_and_a_time_of_a_database_are_the_texts_of_one_stamp(spool):
    query = (
        "SELECT account, kwh, CAST(at AS date) AS day, CAST(at AS time) AS hour "
        "FROM usage WHERE at > :start AND at < :end"
    )
    source = sql_source(BY_INTERVAL | {"query": query}, at="day", at_time="hour")
    (file,), _ = fetch(source, NOTHING, APRIL, spool)
    with open_rows(file, source) as rows:
        (found,) = rows.arrow().read_all().to_pylist()
    assert (found["at"], found["at_time"]) == ("2025-03-31", "23:59:59.999999")


@pytest.mark.usefixtures("database")
def test_an_interval_without_a_row_makes_no_file_and_moves_on(spool):
    assert fetch(sql_source(BY_INTERVAL), Position(MAY), datetime(2025, 6, 1, tzinfo=UTC), spool) == (
        [], Position(datetime(2025, 6, 1, tzinfo=UTC)),
    )  # fmt: skip
    assert list((spool / "power").iterdir()) == []


@pytest.mark.parametrize("until", [MARCH, APRIL])
def test_an_interval_that_was_fetched_is_not_asked_again(monkeypatch, spool, until):
    monkeypatch.delenv(VARIABLE, raising=False)  # whoever asked would fail
    assert fetch(sql_source(BY_INTERVAL), Position(APRIL), until, spool) == ([], Position(APRIL))


def test_another_database_is_asked_in_the_same_way(monkeypatch, tmp_path, spool):
    with sqlite3.connect(tmp_path / "usage.db") as connection:
        connection.executescript("""
            CREATE TABLE usage (id INTEGER, account TEXT, at TEXT, kwh TEXT);
            INSERT INTO usage VALUES (9, 'A-1', '2025-03-01 00:00:00', '0.10'), (10, 'A-1', '2025-04-01 00:00:00', '2');
        """)
    connection.close()
    monkeypatch.setenv(VARIABLE, f"sqlite:///{tmp_path / 'usage.db'}")
    query = "SELECT id, account, at, kwh FROM usage WHERE at >= datetime(:start) AND at < datetime(:end)"
    march, _ = fetch(sql_source(BY_INTERVAL | {"query": query}), NOTHING, APRIL, spool)
    assert lines(march) == [{"id": "9", "account": "A-1", "at": "2025-03-01 00:00:00", "kwh": "0.10"}]
    rest, position = fetch(sql_source(BY_WATERMARK), Position(APRIL, "9"), MAY, spool)
    assert (ids(rest), position) == (["10"], Position(MAY, "10"))


def _memory_peak_bytes():
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peak memory is told by Linux alone")
@pytest.mark.usefixtures("database")
def test_an_answer_of_a_hundred_megabytes_takes_a_fraction_of_that_in_memory(spool):
    query = """
        SELECT 'A-1' AS account, 'x' AS at, repeat('7', 1000) AS kwh FROM generate_series(1, 100000)
        WHERE :start < :end
    """
    source = sql_source(BY_INTERVAL | {"query": query})
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    before = _memory_peak_bytes()
    (file,), _ = fetch(source, NOTHING, APRIL, spool)
    assert file.path.stat().st_size > 100_000_000
    assert _memory_peak_bytes() - before < 40_000_000
