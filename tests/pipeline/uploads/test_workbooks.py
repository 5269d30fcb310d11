"""A workbook is read like the CSV file of the same usage, and its numbers to the digit."""

import io
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import workbooks
import xlsxwriter

MARCH_2 = {"QTY": "2.5", "STARTDATE": "03/02/2025", "DESCRIPTION": "second"}


def _sheet(rows):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_workbook_is_loaded_like_the_csv_file_of_the_same_usage(desk, usage_file, kind):
    names, *rows = [line.split(",") for line in usage_file({}, MARCH_2).decode().splitlines()]
    cells = [names, *([float(cell) if at == 2 else cell for at, cell in enumerate(row)] for row in rows)]
    content = _sheet(cells) if kind == "xlsx" else workbooks.xls(cells)
    desk.loaded(content, f"usage.{kind}")
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "2.5")]
    assert desk.submit(usage_file({}, MARCH_2)).outcome == "exists"


def test_a_workbooks_own_dates_and_numbers_are_taken_as_they_are_and_never_rounded(desk):
    names = ["ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID", "DESCRIPTION"]
    desk.loaded(_sheet([names, ["A-1", "kwh", 0.1, datetime(2025, 3, 1, 12)]]), "usage.xlsx")
    assert desk.rows("usage_records", "quantity", "start_at") == [
        (Decimal("0.1"), datetime(2025, 3, 1, 12, tzinfo=UTC))
    ]
    found = desk.load(_sheet([names, ["A-1", "kwh", 1 / 3, datetime(2025, 3, 1)]]), "usage.xlsx")
    assert "QTY: quantity_too_fine '0.3333333333333333'" in found["status_reason"]
