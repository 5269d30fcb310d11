"""Rows are left out alike whatever kind of file they come in."""

import json
from decimal import Decimal

import pytest
from cost_reports import REPORT, ROWS, land, placed, quantity
from nem12_files import HALF_HOURS, SMALL
from nem12_files import SOURCE as NEM12
from packed import parquet
from small_business import SOURCE
from workbooks import xlsx


def _lines():
    return [dict(zip(("at", "value", "line.kind"), row, strict=True)) for row in ROWS]


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("csv, names: [at, value, line.kind]", REPORT.split("\n", 1)[1]),
        ("json_lines", "\n".join(map(json.dumps, _lines()))),
        ("json", json.dumps(_lines())),
        ("parquet", parquet(**{name: [each[name] for each in _lines()] for name in ("at", "value", "line.kind")})),
        ("excel", xlsx([("at", "value", "line.kind"), *ROWS])),
    ],
    ids=lambda each: each if isinstance(each, str) and len(each) < 40 else "",
)
def test_every_kind_of_file_leaves_the_same_rows_out(business, form, content):
    source = SOURCE.replace("columns:", f"format: {{kind: {form}}}\ncolumns:")
    found = land(business, source + "leave_out: {line.kind: [Tax, Credit]}\n", content, "power/A-1/march")
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (2, 0, 2)
    business.run()
    assert quantity(business) == (Decimal("3.5"), 2)


def test_in_json_a_line_without_the_column_is_held_to_be_a_reading(business):
    source = SOURCE.replace("columns:", "format: {kind: json_lines}\ncolumns:") + "leave_out: {line.kind: [Tax]}\n"
    lines = ['{"at": "2025-03-02T00:00:00Z", "value": 1}', '{"at": "2025-03-02T00:00:00Z", "line": {"kind": "Tax"}}']
    found = land(business, source, "\n".join(lines))
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (1, 0, 1)


def test_a_channel_of_nem12_in_another_unit_is_left_out_by_its_unit(business):
    reactive = f"200,N1,E1Q1,,Q1,,,kVArh,30,\n300,20040201,{HALF_HOURS},A,,,,\n"
    content = SMALL.replace("900\n", reactive + "900\n")
    found = land(business, NEM12 + "leave_out: {unit: [kVArh]}\n", content, "power/n.csv")
    assert (found.readings, found.rows_quarantined, found.rows_left_out) == (48, 0, 48)


def test_a_line_of_a_wide_file_is_left_out_with_all_of_its_cells(business):
    wide = "source: power\nfiles: power/*\ncolumns: {at: at, value: '{A-1,A-2}'}\nwide: account\n"
    rows = "at,A-1,A-2,kind\n2025-03-02,1,2,hour\n2025-03-03,1,2,total\n2025-03-04,,,total\n"
    land(business, wide + "leave_out: {kind: [total]}\n", rows, "power/march.csv")
    assert placed(business) == ((4, 2, 0, 2), [(2001, "left_out"), (2002, "left_out")])
