"""Workbooks: every cell is the text of what it holds, numbered as the spreadsheet shows it, within bounds."""

import gzip
import io
import string
import zipfile
from datetime import date, datetime, time, timedelta
from itertools import accumulate, repeat

import psutil
import pytest
import workbooks
import xlsxwriter
from workbooks import edited, sheets, stamped

from pipeline.sources.excel import sheet_rows
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source


@pytest.fixture
def read(tmp_path):
    def read(content, columns=None, **form):
        path = tmp_path / "arrived"
        path.write_bytes(content)
        columns = {"at": "at", "value": "value"} | (columns or {})
        source = {"source": "power", "files": "{account}/*", "columns": columns, "format": {"kind": "excel"} | form}
        with open_rows(RawFile(path, "arrived"), Source.model_validate(source)) as rows:
            return [tuple(row.values()) for row in rows.arrow().read_all().to_pylist()]

    return read


def _cells_of_row(row):
    return [f"{first}{second}{row}" for first in "AB" for second in string.ascii_uppercase]


HEADER = {"A1": "at", "B1": "value"}
ONE = sheets(HEADER | {"A2": "t", "B2": 0.5})


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (7, "7"),
        (-3.0, "-3"),
        (0.1, "0.1"),
        (1234.56, "1234.56"),
        (1e-7, "0.0000001"),
        (1e21, "1000000000000000000000"),
        (100000000000000.5, "100000000000000.5"),
        ("007.10", "007.10"),
        (" 5 ", " 5 "),
        ("", ""),
        (True, "true"),
        (False, "false"),
        ("Zähler", "Zähler"),
        ("=1/0", "0"),
    ],
)
def test_a_cell_is_the_text_of_what_it_holds(read, cell, text):
    assert read(sheets(HEADER | {"A2": "t", "B2": cell})) == [(2, None, "t", text)]


def test_a_number_is_the_shortest_text_of_the_double_that_the_cell_is(read):
    third = 1 / 3
    content = edited(ONE, "xl/worksheets/sheet1.xml", b"<v>0.5</v>", f"<v>{third!r}0000001</v>".encode())
    (row,) = read(content)
    assert row[-1] == "0.3333333333333333"
    assert float(row[-1]) == third


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (datetime(2025, 3, 30, 2, 15), "2025-03-30T02:15:00"),
        (datetime(2025, 3, 30, 2, 15, 7, 250000), "2025-03-30T02:15:07.250000"),
        (datetime(2025, 3, 30), "2025-03-30T00:00:00"),
        (date(2025, 3, 30), "2025-03-30T00:00:00"),
        (time(2, 15), "02:15:00"),
    ],
)
def test_an_instant_is_iso_8601_at_midnight_too(read, cell, text):
    assert read(sheets(HEADER | {"A2": cell, "B2": 1})) == [(2, None, text, "1")]


def test_quarters_of_an_hour_do_not_drift(read):
    days = [datetime(2025, 3, 1 + quarter // 96, quarter % 96 // 4, quarter % 4 * 15) for quarter in range(31 * 96)]
    cells = {f"A{row}": day for row, day in enumerate(days, start=2)} | {
        f"B{row}": 1 for row in range(2, 2 + len(days))
    }
    assert [at for _, _, at, _ in read(sheets(HEADER | cells))] == [day.isoformat() for day in days]


@pytest.mark.parametrize(
    ("serial", "text"), [(0, "00:00:00"), (0.25, "06:00:00"), (1, "24:00:00"), (1 + 1 / 96, "24:15:00")]
)
def test_a_time_in_hours_that_go_on_after_24_is_written_as_it_is_shown(read, serial, text):
    content = stamped([serial], "[hh]:mm")
    assert read(content) == [(2, None, text, "1")]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_instants_that_each_add_an_interval_to_the_one_above_do_not_drift_in_a_year(read, minutes):
    count = 365 * 24 * 60 // minutes
    serials = accumulate(repeat(minutes / 1440, count - 1), initial=45_658.0)  # 2025-01-01 as a spreadsheet counts days
    found = read(stamped(serials))
    expected = [datetime(2025, 1, 1) + number * timedelta(minutes=minutes) for number in range(count)]
    assert [at for _, _, at, _ in found] == [at.isoformat() for at in expected]


def test_the_error_of_a_formula_is_no_value(read):
    content = edited(ONE, "xl/worksheets/sheet1.xml", b'<c r="B2"><v>0.5</v>', b'<c r="B2" t="e"><v>#DIV/0!</v>')
    assert read(content) == [(2, None, "t", "")]


def test_rows_bear_the_numbers_that_the_spreadsheet_shows_past_empty_and_merged_ones(read):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        sheet.merge_range("B1:E2", "Consumption of March")
        sheet.write_row("C4", ["at", "value", "note"])
        sheet.write_row("C6", ["t6", 6])
        sheet.merge_range("C8:C9", "t8")
        sheet.write_column("D8", [8, 9])
    assert read(buffer.getvalue(), skip_rows=2) == [
        (6, None, "t6", "6"), (8, None, "t8", "8"), (9, None, "", "9"),
    ]  # fmt: skip


def test_no_row_is_lost_where_rows_are_handed_over_in_pieces(read):
    cells = {f"A{row}": row for row in range(2, 3503)} | {"C1": "note", "C1500": "x" * 30_000, "C1501": "x" * 30_000}
    found = read(sheets(HEADER | cells))
    assert [(row, at) for row, _, at, _ in found] == [(row, str(row)) for row in range(2, 3503)]


def test_the_first_sheet_is_read_unless_another_is_named(read):
    content = sheets(HEADER | {"A2": "first"}, {"name": "März"} | HEADER | {"A2": "second"})
    assert [read(content)[0][2], read(content, sheet="März")[0][2]] == ["first", "second"]


def test_columns_are_found_by_name_in_any_order_and_one_can_serve_twice(read):
    content = sheets({"A1": "region", "B1": "value", "C1": "at", "A2": "north", "B2": 1, "C2": "t"})
    columns = {"event_id": "at", "attributes": {"region": "region"}}
    assert read(content, columns) == [(2, None, "t", "1", "t", "north")]


@pytest.mark.parametrize("kind", ["xlsx", "xls", "xlsb", "ods"])
def test_every_kind_of_workbook_is_told_by_its_content(read, kind):
    rows = [["at", "value"], ["t", 0.1], ["u", 7.0]]
    assert read(getattr(workbooks, kind)(rows)) == [(2, None, "t", "0.1"), (3, None, "u", "7")]


def test_a_workbook_may_come_in_a_gzip_or_in_a_zip(read):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("march.xlsx", ONE)
    assert read(gzip.compress(ONE)) == read(buffer.getvalue()) == read(ONE) == [(2, None, "t", "0.5")]


@pytest.mark.parametrize(
    ("content", "form", "reason"),
    [
        (sheets({}), {}, "empty_file: the sheet holds no header"),
        (sheets(HEADER), {"skip_rows": 1}, "empty_file: the sheet holds no header"),
        (sheets({"A1": "at", "B1": "Values"}), {}, "missing_column: no 'value'; the file has 'at', 'Values'"),
        (sheets(HEADER | {"C1": "value"}), {}, "repeated_column: 'value' stands in the header more than once"),
        (sheets({"name": "usage"} | HEADER), {"sheet": "use"}, "missing_sheet: no 'use'; the workbook has 'usage'"),
        (
            sheets(HEADER | dict.fromkeys(_cells_of_row(5), "x" * 32_000)),
            {},
            "long_row: row 5 has more than 1048576",
        ),
        (b"at,value\nt,1\n", {}, "damaged_file: "),
        (workbooks.encrypted(), {}, "encrypted_workbook: it asks for a password; deliver it without"),
        (ONE[:-30], {}, "damaged_zip: "),
        (workbooks.xls([["at", "value"]])[:600], {}, "damaged_file: "),
    ],
)
def test_what_is_no_sheet_of_readings_is_refused_with_a_reason(read, content, form, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read(content, **form)


def test_a_sheet_of_a_header_alone_has_no_row(read):
    assert read(sheets(HEADER)) == []


def _far_away():
    return sheets(HEADER | {"XFD1048576": 1})


def _one_text_in_every_cell():
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row("A1", ["at", "value"])
        for row in range(1, 70_000):
            sheet.write(row, 0, "x" * 32_000)
    return buffer.getvalue()


@pytest.mark.parametrize("bomb", [_far_away, _one_text_in_every_cell])
def test_a_small_workbook_that_asks_for_all_memory_is_refused_and_harms_nobody(read, bomb):
    content = bomb()
    assert len(content) < 1 << 20
    with pytest.raises(UnreadableFileError, match="too_large: it takes more than 2 GiB of memory to read"):
        read(content)


def test_a_file_whose_reader_the_machine_ends_in_the_midst_of_a_row_is_refused(tmp_path):
    path = tmp_path / "arrived.xlsx"
    path.write_bytes(sheets(HEADER | {f"A{row}": "x" * 2_000 for row in range(2, 2_000)}))
    rows = sheet_rows(path)
    next(rows)
    (reader,) = (child for child in psutil.Process().children() if str(path) in child.cmdline())
    reader.kill()
    with pytest.raises(UnreadableFileError, match="too_large"):
        list(rows)
