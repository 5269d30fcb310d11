"""Readings from a real PostgreSQL above a watermark."""

import pytest
from usage_database import APRIL, BY_WATERMARK, MAY, NOTHING, execute, ids, sql_source

from pipeline.sources.fetched import Position, SourceUnavailableError, fetch


def test_only_what_is_above_the_watermark_is_asked_and_the_highest_number_is_the_next(database, spool):
    source = sql_source(BY_WATERMARK)
    first, position = fetch(source, NOTHING, MAY, spool)
    assert (ids(first), position) == (["9", "11", "10"], Position(MAY, "11"))  # as numbers: 9 is below 10
    assert first[0].uri == "sql/power/0--11.jsonl"
    assert fetch(source, position, MAY, spool) == ([], Position(MAY, "11"))
    assert fetch(source, position, APRIL, spool) == ([], Position(MAY, "11"))  # an earlier run again takes nothing back
    execute(database, "INSERT INTO usage VALUES (12, 'A-1', '2025-03-05', 2, '2025-05-01')")
    late, position = fetch(source, position, MAY, spool)
    assert (ids(late), late[0].uri, position.watermark) == (["12"], "sql/power/11--12.jsonl", "12")


@pytest.mark.parametrize(
    ("column", "first", "highest"),
    [
        ("arrived", "2025-03-01", "2025-04-02T00:00:00"),
        ("at", "2025-03-01T00:00:00+01:00", "2025-04-01T00:00:00+00:00"),
        ("at::date", "1970-01-01", "2025-04-01"),
        ("to_char(arrived, 'YYYY-MM-DD\"T\"HH24\\:MI\\:SS.US')", "2025", "2025-04-02T00:00:00.000000"),
        ("id::numeric / 4", "0.5", "2.7500000000000000"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_watermark_is_a_decimal_or_an_instant_or_a_stamp_as_well(spool, column, first, highest):
    query = f"SELECT id, account, at, kwh, {column} AS mark FROM usage WHERE {column} > :after"  # noqa: S608  the test's own text
    origin = BY_WATERMARK | {"query": query, "watermark": "mark", "first": first}
    files, position = fetch(sql_source(origin), NOTHING, MAY, spool)
    expected = ["9", "10", "11"]
    assert (sorted(ids(files), key=int), position.watermark) == (expected, highest)
    assert fetch(sql_source(origin), position, MAY, spool) == ([], position)


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("NULL::bigint", "the watermark 'id': it is empty"),
        ("'A-' || id", r"'A-9' \(str\) has no order to trust"),
        ("true", r"True \(bool\) has no order to trust"),
        ("'NaN'::numeric", "has no order to trust"),
        ("id::float8", r"9.0 \(float\) has no order to trust"),
        ("id - 9", "0 came although only what is above 0 was asked for"),
        ("arrived", "2025-03-02T00:00:00 cannot be compared with '0', from which on it was asked"),
    ],
)
@pytest.mark.usefixtures("database")
def test_a_watermark_that_cannot_be_trusted_is_refused(spool, mark, message):
    query = f"SELECT {mark} AS id, account, at, kwh FROM usage WHERE id > :after ORDER BY usage.id"  # noqa: S608  the test's own text
    with pytest.raises(SourceUnavailableError, match=message):
        fetch(sql_source(BY_WATERMARK | {"query": query}), NOTHING, MAY, spool)
    assert list((spool / "power").iterdir()) == []


@pytest.mark.usefixtures("database")
def test_stamps_with_and_without_an_offset_are_not_compared(spool):
    query = "SELECT id, account, at, kwh, arrived AS mark FROM usage WHERE arrived > :after"
    origin = BY_WATERMARK | {"query": query, "watermark": "mark", "first": "2025-01-01T00:00:00Z"}
    with pytest.raises(SourceUnavailableError, match="write both in one way"):
        fetch(sql_source(origin), NOTHING, MAY, spool)
