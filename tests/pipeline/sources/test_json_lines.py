"""JSON lines: one object on a line, kept to the digit, numbered by its line."""

import gzip
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from packed import zipped
from small_business import SOURCE

from pipeline.settings import PROJECT
from pipeline.sources import batches
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

SAMPLE = PROJECT / "samples/request_count/A-100003/elb_request_count_8c0756.csv"  # real: one count in five minutes
CSV = """
source: power
files: power/{account}/*
columns: {at: timestamp, value: value}
duplicates: keep
"""
JSON = """
source: power
files: power/{account}/*
format: {kind: json_lines}
columns: {at: meta.at, value: usage.value}
duplicates: keep
quarantine_limit: 0.9
"""
GOOD = '{"meta": {"at": "2025-03-02T00:00:00Z"}, "usage": {"value": 1}}\n'


def _source(**columns):
    named = {"at": "at", "value": "usage.value"} | columns
    return Source.model_validate(
        {"source": "power", "files": "{account}/*", "format": {"kind": "json_lines"}, "columns": named}
    )


@pytest.fixture
def read(tmp_path):
    def read(text, **columns):
        path = tmp_path / "arrived"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        with open_rows(RawFile(Path(path), "arrived"), _source(**columns)) as rows:
            return rows.arrow().read_all().to_pylist()

    return read


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("0.1", "0.1"),
        ("1.10", "1.10"),
        ("11.529000000000002", "11.529000000000002"),
        ("12345678901234567890123456789.123456789", "12345678901234567890123456789.123456789"),
        ("1E-3", "1E-3"),
        ("-0", "-0"),
        ("9" * 5000, "9" * 5000),
        ('"007.10"', "007.10"),
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("true", "true"),
        ("false", "false"),
        ("null", ""),
        ('""', ""),
        ('"\\u00e4"', "ä"),
    ],
)
def test_a_value_is_the_text_that_was_written(read, written, kept):
    (row,) = read(f'{{"at": "x", "usage": {{"value": {written}}}}}')
    assert (row["value"], row["defect"]) == (kept, None)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('{"usage": {"value": 1}}', "1"),
        ('{"usage.value": 2}', "2"),
        ('{"usage.value": 2, "usage": {"value": 1}}', "2"),
        ('{"usage": {"values": 1}}', ""),
        ('{"usage": 1}', ""),
        ('{"usage": null}', ""),
        ("{}", ""),
    ],
)
def test_a_column_is_found_by_its_path_and_empty_where_there_is_none(read, line, value):
    (row,) = read(line)
    assert (row["value"], row["at"], row["defect"]) == (value, "", None)


@pytest.mark.parametrize(
    ("path", "value"),
    [("values.0", "1"), ("values.1", "0.10"), ("values.2", ""), ("values.-1", ""), ("values.x", ""), ("deep.1.0", "b")],
)
def test_a_column_is_found_by_its_place_in_a_list_and_empty_beyond_it(read, path, value):
    (row,) = read('{"values": [1, 0.10], "deep": ["a", ["b"]]}', value=path)
    assert (row["value"], row["defect"]) == (value, None)


@pytest.mark.parametrize(
    "line",
    [
        "at=1",
        '{"at": "x", "usage": {"value": 1}',
        '{"at": "x"} {"at": "y"}',
        "[1, 2]",
        "12",
        "null",
        '{"usage": {"value": [1]}}',
        '{"usage": {"value": {"kwh": 1}}}',
        '{"usage": {"value": 1, "value": 2}}',
        '{"at": "x", "at": "x"}',
        '{"at": "\\ud800"}',
        "[" * 100_000,
    ],
    ids=[
        "text",
        "cut",
        "two",
        "list",
        "number",
        "null",
        "list-inside",
        "object-inside",
        "twice",
        "same",
        "half",
        "deep",
    ],
)
def test_a_line_that_is_no_reading_is_kept_as_it_stands_and_the_others_are_read(read, line):
    good = '{"at": "x", "usage": {"value": 1}}'
    found = read(f"{good}\n{line}\n{good}\n")
    assert [row["defect"] for row in found] == [None, "unreadable_line", None]
    assert found[1] == {"row": 2, "defect": "unreadable_line", "at": "", "value": line}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_bear_the_numbers_of_their_lines_in_batches_and_past_blank_lines(read, end):
    lines = [f'{{"at": "x", "usage": {{"value": {number}}}}}' for number in range(1, 25_001)]
    lines[9] = lines[9_999] = ""
    lines[10_000] = lines[24_998] = "{"
    found = read(end.join(lines))
    assert [row["row"] for row in found] == [number for number in range(1, 25_001) if number not in {10, 10_000}]
    assert all(row["value"] == ("{" if row["defect"] else str(row["row"])) for row in found)
    assert [row["row"] for row in found if row["defect"]] == [10_001, 24_999]


@pytest.mark.parametrize("line", ['{"at": "x"}', "x" * 1_000_000], ids=["many", "long"])
def test_a_batch_is_bounded_in_rows_and_in_text(tmp_path, line):
    path = tmp_path / "arrived"
    path.write_text(f"{line}\n" * (30_000_000 // (1000 + len(line))))
    with open_rows(RawFile(path, "arrived"), _source()) as rows:
        sizes = [(batch.num_rows, batch.nbytes) for batch in rows.arrow()]
    assert len(sizes) > 2
    assert max(rows for rows, _ in sizes) <= batches.ROWS_MAX
    assert max(size for _, size in sizes) < 2 * batches.TEXT_MAX


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\n \n\r\n", "empty_file: it holds no line of text"),
        (b"\xef\xbb\xbf", "empty_file: it holds no line of text"),
        (b'{"at": "x"}\n{"at": "Z\xe4hler"}\n', "wrong_encoding: line 2 is not UTF-8"),
        ('{"at": "x"}\n'.encode("utf-16"), "wrong_encoding: line 1 is not UTF-8"),
        ('{"at": "x"}\n'.encode("utf-16-le"), "wrong_encoding: row 1 holds the character NUL"),
        (b'{"at": "' + b"x" * (1 << 20) + b'"}', "long_line: line 1 has more than 1048576 characters"),
    ],
    ids=["blank", "bom", "latin", "utf-16", "utf-16-without-bom", "long"],
)
def test_a_file_that_is_no_text_of_lines_is_refused_whole(read, content, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read(content)


def test_a_character_that_no_database_keeps_is_refused_even_when_it_is_written_as_an_escape(read):
    with pytest.raises(UnreadableFileError, match="wrong_encoding: row 2 holds the character NUL"):
        read('{"at": "x"}\n{"at": "\\u0000"}\n')


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800"])
def test_a_key_that_no_database_keeps_is_refused_too(business, character):
    business.declare("sources/power.yaml", SOURCE.replace("columns", "format: {kind: json_lines}\ncolumns"))
    business.deliver("power/A-1/march.jsonl", f'{{"at": "2025-03-01", "value": 1, "x{character}": 2}}\n')
    assert business.extract().quarantined == 1
    assert "cannot be kept as text" in business.rows("arrivals", "reason")[0]


def test_real_readings_written_as_json_lines_are_the_ones_of_the_csv_file(business):
    business.declare("sources/power.yaml", CSV)
    text = SAMPLE.read_text()
    business.deliver("power/A-1/april.csv", text)
    landed = business.extract()
    assert landed.readings == len(text.splitlines()) - 1
    lines = [line.split(",") for line in text.splitlines()[1:]]
    objects = "".join(f'{{"meta": {{"at": "{at}"}}, "usage": {{"value": {value}}}}}\n' for at, value in lines)
    business.declare("sources/power.yaml", JSON)
    for name, content in {
        "plain": objects,
        "gzip": gzip.compress(objects.encode()),
        "zip": zipped(("march.jsonl", objects)),
        "crlf": objects.replace("\n", "\r\n"),
        "bom": "\ufeff" + objects,
    }.items():
        business.deliver(f"power/A-1/{name}", content)
    again = business.extract()
    assert (again.landed, again.exists, again.known) == (0, 5, 1)
    assert len(business.rows("landed_files", "file_id")) == 1


def test_readings_land_to_the_digit_and_lines_that_are_none_are_quarantined_with_their_numbers(business):
    business.declare("sources/power.yaml", JSON)
    at = '"meta": {"at": "2025-03-02T00:00:00Z"}'
    lines = [
        GOOD,
        "\n",
        f'{{{at}, "usage": {{"value": 0.10000000000000001}}}}\n',
        f'{{{at}, "usage": {{}}}}\n',
        "{oops\n",
        '{"usage": {"value": 5}}\n',
        GOOD.strip()[:-5],
    ]
    business.deliver("power/A-1/march.jsonl", "".join(lines))
    found = business.extract()
    assert (found.landed, found.readings, found.rows_quarantined) == (1, 2, 4)
    assert business.rows("quarantined_rows", "row", "reason") == [
        (4, "missing_value"), (5, "unreadable_line"), (6, "missing_at"), (7, "unreadable_line"),
    ]  # fmt: skip
    assert "{oops" in business.rows("quarantined_rows", "row", "raw")[1][1]
    (path,) = business.rows("landed_files", "path")
    table = pq.read_table(business.home / "readings" / path).to_pydict()
    assert (table["row"], table["value"]) == ([1, 3], [Decimal(1), Decimal("0.10000000000000001")])


def test_a_file_cut_at_any_byte_loses_no_line_in_silence(read):
    text = ('{"at": "x", "usage": {"value": 12345}}\n' * 3).encode()
    whole = len(text) // 3
    for size in range(1, len(text)):
        found = read(text[:size])
        complete, rest = divmod(size + 1, whole)  # the last line break may be missing
        assert [row["value"] for row in found if not row["defect"]] == ["12345"] * complete
        assert sum(row["defect"] == "unreadable_line" for row in found) == (size > whole * complete), rest
