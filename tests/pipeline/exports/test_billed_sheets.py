"""The workbook of a billed period, read back as a spreadsheet reads it."""

from datetime import date
from decimal import Decimal
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook
from small_business import MARCH, UNITS

from pipeline.exports import workbook
from pipeline.exports.export import ExportMismatchError

FEE = "charge: fee\nuom: each\ncurrency: JPY\npricing: {model: flat_fee, price: 1500}\n"
WITH_YEN = UNITS.replace("units:", "units:\n  each: {}") + "  JPY: {decimals: 0}\n"
FORMULA = "=1+1"


@pytest.fixture
def billed(business):
    """March: 1.63 EUR for A-1, 1.00 EUR for one whose name looks like a formula, 1,500 JPY for a third."""
    business.declare("units.yaml", WITH_YEN)
    business.declare("charges/fee.yaml", FEE)
    customers = business.inbox / "customers"
    business.customer("A-2")
    path = customers / "accounts.csv"
    path.write_text(path.read_text().replace("Shop 2", FORMULA))
    business.customer("A-3", of="fee", currency="JPY")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-05T00:00:00Z,4\n")
    business.bill(MARCH)
    business.rate()
    business.post()
    return business


def path_of(business):
    (file,) = [each for each in business.export() if each.what == "workbook"]
    return business.home / "exports" / file.path


def sheets(business):
    book = CalamineWorkbook.from_path(path_of(business))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_the_summary_adds_up_by_currency_and_by_charge(billed):
    assert sheets(billed)["Summary"] == [
        ["Billed in 2025-03", "", "", "", ""],
        ["", "", "", "", ""],
        ["Currency", "Invoices", "Credit notes", "Items", "Amount"],
        ["EUR", 2, 0, 2, 2.63],
        ["JPY", 1, 0, 1, 1500],
        ["", "", "", "", ""],
        ["Charge", "Currency", "", "Items", "Amount"],
        ["energy", "EUR", "", 2, 2.63],
        ["fee", "JPY", "", 1, 1500],
    ]


def test_each_invoice_has_a_row_and_each_currency_a_total(billed):
    header, *rows = sheets(billed)["Invoices"]
    assert header[0] == "Invoice"
    assert [(row[0], row[2], row[8], row[9]) for row in rows] == [
        ("INV-00000001", "A-1", "EUR", 1.63), ("INV-00000002", "A-2", "EUR", 1),
        ("INV-00000003", "A-3", "JPY", 1500),
        ("Total", "", "EUR", 2.63), ("Total", "", "JPY", 1500),
    ]  # fmt: skip


def test_items_have_real_dates_and_numbers(billed):
    header, first, *_ = sheets(billed)["Items"]
    row = dict(zip(header, first, strict=True))
    assert (row["Service from"], row["Service through"]) == (date(2025, 3, 1), date(2025, 3, 31))
    assert (row["Quantity"], row["Period so far"], row["Billed before"], row["Amount"]) == (6.5, 1.63, 0, 1.63)


def test_usage_names_its_invoice_and_is_added_up_by_unit(billed):
    header, *rows = sheets(billed)["Usage"]
    assert [(row[header.index("Invoice")], row[-2], row[-1]) for row in rows] == [
        ("INV-00000001", "kwh", 6.5), ("INV-00000002", "kwh", 4), ("", "kwh", 10.5)
    ]  # fmt: skip


def test_there_is_no_formula_and_a_name_like_one_is_text(billed):
    assert sheets(billed)["Invoices"][2][3] == f"'{FORMULA}"
    with ZipFile(path_of(billed)) as archive:
        assert not any(b"<f>" in archive.read(name) for name in archive.namelist())


def test_amounts_are_shown_with_the_decimals_of_their_currency_and_headers_stay_in_view(billed):
    with ZipFile(path_of(billed)) as archive:
        styles = archive.read("xl/styles.xml").decode()
        sheet = archive.read("xl/worksheets/sheet2.xml").decode()
    assert 'formatCode="#,##0"' in styles or 'numFmtId="3"' in styles
    assert 'formatCode="#,##0.00"' in styles or 'numFmtId="4"' in styles
    assert 'formatCode="yyyy-mm-dd"' in styles
    assert '<pane ySplit="1"' in sheet
    assert "<autoFilter" in sheet


def test_a_month_without_anything_is_a_workbook_of_headers(business):
    assert [len(rows) for rows in sheets(business).values()] == [5, 1, 1, 1]


def test_more_rows_than_a_sheet_is_for_are_left_to_the_other_files(billed, monkeypatch):
    monkeypatch.setattr(workbook, "SHEET_ROWS", 2)
    found = sheets(billed)
    assert found["Invoices"] == found["Items"]
    assert found["Items"] == [["3 rows are too many for a sheet: the CSV and Parquet files have them"]]
    assert len(found["Usage"]) == 4


def test_a_workbook_that_does_not_hold_what_the_store_counts_is_refused(billed, monkeypatch):
    put = workbook.put

    def one_cent_less(sheet, row, column, cell, look=None):
        put(sheet, row, column, cell - Decimal("0.01") if cell == Decimal("1.63") else cell, look)

    monkeypatch.setattr(workbook, "put", one_cent_less)
    with pytest.raises(ExportMismatchError, match="sheet Invoices"):
        billed.export()


def test_an_amount_of_more_digits_than_a_number_keeps_is_text_with_all_of_them(business):
    business.declare("charges/energy.yaml", (
        "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 12345678901234.56}\n"
    ))  # fmt: skip
    business.bill("at,value\n2025-03-05T00:00:00Z,1\n")
    business.rate()
    business.post()
    assert sheets(business)["Invoices"][1][-1] == "12345678901234.560000000"
