"""A row that holds a day, in every format: one row for each cell that is filled, and none for a blank one."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import workbooks
from usage_database import APRIL, BY_INTERVAL, NOTHING

from pipeline.sources.batches import CELLS_MAX
from pipeline.sources.drift import difference
from pipeline.sources.fetched import SourceUnavailableError, fetch
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

COLUMNS = {"at": "Date", "account": "MPAN", "value": "H{1..4}"}
HEADER = ["MPAN", "Date", "note", "H1", "H2", "H3", "H4"]


def opened(tmp_path, content, columns=COLUMNS, wide="ordinal", interval_seconds=21_600, kind="csv"):
    path = tmp_path / "arrived"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    fields = {"source": "power", "files": "*", "format": {"kind": kind}, "columns": columns, "wide": wide}
    source = Source.model_validate(fields | {"interval_seconds": str(interval_seconds)})
    return open_rows(RawFile(path, "arrived"), source)


def read(tmp_path, content, *rules, **more):
    with opened(tmp_path, content, *rules, **more) as found:
        rows = sorted(found.arrow().read_all().to_pylist(), key=lambda row: row["row"])
        assert found.count == len(rows)
        return rows


def csv(*rows):
    return "\n".join(",".join(row) for row in rows)


def parquet(*rows):
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: [text or None for text in column] for name, *column in zip(*rows, strict=True)}),
                   buffer)  # fmt: skip
    return buffer.getvalue()


WRITTEN = {
    "csv": csv,
    "excel": lambda *rows: workbooks.xlsx(rows),
    "json_lines": lambda *rows: "\n".join(
        json.dumps({name: text or None for name, text in zip(rows[0], row, strict=True)}) for row in rows[1:]
    ),
    "parquet": parquet,
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_filled_cell_is_a_row_numbered_by_its_line_and_its_place(tmp_path, kind):
    days = [["A", "2025-03-01", "x", "1", "2.50", "", "0"], ["B", "2025-03-02", "", "", "7", "8", "n/a"]]
    found = read(tmp_path, WRITTEN[kind](HEADER, *days), kind=kind)
    first, second = (2, 3) if kind == "excel" else (1, 2)  # as the spreadsheet shows them
    assert [(row["row"], row["at"], row["account"], row["value"]) for row in found] == [
        (first * 1000 + 1, "2025-03-01", "A", "1"), (first * 1000 + 2, "2025-03-01", "A", "2.50"),
        (first * 1000 + 4, "2025-03-01", "A", "0"),
        (second * 1000 + 2, "2025-03-02", "B", "7"), (second * 1000 + 3, "2025-03-02", "B", "8"),
        (second * 1000 + 4, "2025-03-02", "B", "n/a"),
    ]  # fmt: skip


def test_a_cell_of_blanks_is_no_row_and_neither_is_a_day_of_them(tmp_path):
    assert [row["row"] for row in read(tmp_path, csv(HEADER, ["A", "d", "", " ", "\t", "", "5"]))] == [1004]
    assert read(tmp_path, csv(HEADER, ["A", "d", "x", "", "", "", ""])) == []


def test_a_column_named_by_its_time_gives_that_time(tmp_path):
    text = "MPAN,Date,00:00,06:00,12:00,18:00\nA,2025-03-01,1,,3,4\n"
    found = read(tmp_path, text, COLUMNS | {"value": "{00:00..18:00}"}, "time")
    assert [(row["row"], row["at"], row["at_time"], row["value"]) for row in found] == [
        (1001, "2025-03-01", "00:00", "1"), (1003, "2025-03-01", "12:00", "3"), (1004, "2025-03-01", "18:00", "4"),
    ]  # fmt: skip


def test_revision_and_attributes_stand_with_every_interval(tmp_path):
    columns = COLUMNS | {"revision": "note", "attributes": {"site": "MPAN"}}
    found = read(tmp_path, csv(HEADER, ["A", "d", "3", "1", "2", "", ""]), columns)
    assert [(row["revision"], row["attribute_site"], row["value"]) for row in found] == [
        ("3", "A", "1"), ("3", "A", "2"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "content", "number", "raw"),
    [
        ("csv", csv(HEADER, ["A", "d", "x", "1", "", "", ""], ["B", "d", "2"]), 2000, "B,d,2"),
        ("csv", csv(HEADER, ["A", "d", "x", "1", "", "", ""], ["  "]), 2000, "  "),
        ("json_lines", '{"MPAN": "A", "Date": "d", "H1": 1}\n{"MPAN": "B"', 2000, '{"MPAN": "B"'),
    ],
)
def test_a_line_that_cannot_be_read_is_one_row_at_the_place_before_the_first(tmp_path, kind, content, number, raw):
    good, bad = read(tmp_path, content, kind=kind)
    assert (good["row"], good["defect"], good["value"]) == (1001, None, "1")
    assert (bad["row"], bad["at"], bad["value"]) == (number, raw, "")
    assert bad["defect"] in {"ragged_row", "unreadable_line"}


def test_the_intervals_of_json_lines_may_be_a_list_that_ends_early(tmp_path):
    lines = '{"who": "A", "day": "d", "kwh": [1.50, null, 3]}\n{"who": "B", "day": "d", "kwh": [4, 5, 6, 7]}\n'
    columns = {"at": "day", "account": "who", "value": "kwh.{0..3}"}
    found = read(tmp_path, lines, columns, kind="json_lines")
    assert [(row["row"], row["value"]) for row in found] == [
        (1001, "1.50"), (1003, "3"), (2001, "4"), (2002, "5"), (2003, "6"), (2004, "7"),
    ]  # fmt: skip


def test_minutes_have_numbers_of_their_own_in_every_line(tmp_path):
    header = ["MPAN", "Date", *(f"M{minute}" for minute in range(1, 1441))]
    text = csv(header, *([who, "d", *["1"] * 1440] for who in "AB"))
    numbers = [row["row"] for row in read(tmp_path, text, COLUMNS | {"value": "M{1..1440}"}, interval_seconds=60)]
    assert numbers == [*range(10_001, 11_441), *range(20_001, 21_441)]


@pytest.mark.parametrize("kind", ["csv", "json_lines", "parquet"])
def test_more_days_than_are_spread_at_once_all_come_a_bounded_number_of_rows_at_a_time(tmp_path, kind):
    minutes, days = range(1, 1441), range(1, 201)
    days_of_ones = ([str(day), "d", *["1"] * 1440] for day in days)
    content = WRITTEN[kind](["MPAN", "Date", *(f"M{minute}" for minute in minutes)], *days_of_ones)
    with opened(tmp_path, content, COLUMNS | {"value": "M{1..1440}"}, interval_seconds=60, kind=kind) as found:
        batches = list(found.arrow())
    assert max(len(batch) for batch in batches) <= CELLS_MAX < 200 * 1440
    rows = pa.Table.from_batches(batches).sort_by("row")
    assert rows["row"].to_pylist() == [day * 10_000 + minute for day in days for minute in minutes]
    assert rows["account"].to_pylist() == [str(day) for day in days for _ in minutes]


@pytest.mark.parametrize("kind", ["csv", "excel", "parquet"])
def test_a_file_that_lacks_a_column_of_the_day_is_refused_with_the_difference(tmp_path, kind):
    gone = [name.replace("H3", "h3") for name in HEADER]
    with pytest.raises(UnreadableFileError) as refused:
        read(tmp_path, WRITTEN[kind](gone, ["A", "d", "x", "1", "2", "3", "4"]), kind=kind)
    assert str(refused.value) == (
        "missing_column: no 'H3'; the file has 'MPAN', 'Date', 'note', 'H1', 'H2', 'h3', 'H4'; 'h3' may be 'H3'"
    )


def test_a_column_of_the_day_that_the_latest_file_did_not_have_is_nothing_new():
    columns = ["MPAN", "Date", "H1", "H2", "H3"]
    fields = {"source": "power", "files": "*", "columns": COLUMNS, "wide": "ordinal", "interval_seconds": "21600"}
    source = Source.model_validate(fields | {"format": {"kind": "json_lines"}})
    assert difference([*columns, "H4"], source, columns) is None
    assert "'H5'" in difference([*columns, "H5"], source, columns)


def of_days(query):
    """Declare a source of the database whose rows hold a day."""
    fields = {"sql": BY_INTERVAL | {"query": query}, "columns": COLUMNS, "wide": "ordinal", "interval_seconds": "21600"}
    return Source.model_validate({"source": "power"} | fields)


DAY = 'SELECT \'A\' AS "MPAN", DATE \'2025-03-01\' AS "Date", 1.50 AS "H1", NULL AS "H2", 3 AS "H3"'


@pytest.mark.usefixtures("database")
def test_a_query_may_give_days_in_rows(spool):
    source = of_days(f'{DAY}, 4 AS "H4" WHERE :start < :end')
    (file,), _ = fetch(source, NOTHING, APRIL, spool)
    with open_rows(file, source) as found:
        rows = found.arrow().read_all().to_pylist()
    assert [(row["row"], row["at"], row["value"]) for row in rows] == [
        (1001, "2025-03-01", "1.50"), (1003, "2025-03-01", "3"), (1004, "2025-03-01", "4"),
    ]  # fmt: skip


@pytest.mark.usefixtures("database")
def test_a_query_that_lacks_a_column_of_the_day_is_refused(spool):
    with pytest.raises(SourceUnavailableError, match="the query gives no column 'H4', which the source names"):
        fetch(of_days(f"{DAY} WHERE :start < :end"), NOTHING, APRIL, spool)


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_row_of_many_meters_is_a_reading_of_each_that_has_one(tmp_path, kind):
    rows = [["Time", "A 1", "A 2", "A 3"], ["2025-03-01", "1", "", "3.50"], ["2025-03-02", "", "5", "x"]]
    columns = {"at": "Time", "value": "A {1..3}"}
    found = read(tmp_path, WRITTEN[kind](*rows), columns, "account", kind=kind)
    assert [(each["row"] % 1000, each["at"][:10], each["account"], each["value"]) for each in found] == [
        (1, "2025-03-01", "1", "1"), (3, "2025-03-01", "3", "3.50"),
        (2, "2025-03-02", "2", "5"), (3, "2025-03-02", "3", "x"),
    ]  # fmt: skip


def test_a_file_that_lacks_a_meters_column_is_refused_and_a_new_one_is_reported(tmp_path):
    columns = {"at": "Time", "value": "{North,South}"}
    with pytest.raises(UnreadableFileError, match="missing_column: no 'South'"):
        read(tmp_path, "Time,North,West\n2025-03-01,1,2\n", columns, "account")
    with opened(tmp_path, "Time,North,South,West\n2025-03-01,1,2,3\n", columns, "account") as found:
        assert [row["account"] for row in found.arrow().read_all().to_pylist()] == ["North", "South"]
