"""`docs/exports.md`: every file, and every column in it, is on the page, and nothing that is not written."""

import re

import pytest
from pages_of_docs import page, section

from pipeline.exports import workbook
from pipeline.exports.export import KINDS
from transforms.period import Period

PAGE = page("exports")


def first_cells(text):
    return [cell for cell in re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE) if "`" in cell]


@pytest.mark.parametrize("what", KINDS)
def test_every_column_and_no_other_is_on_the_page(what):
    cells = first_cells(section(PAGE, f"Columns of `{what}`"))
    told = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    written = [column.name for column in KINDS[what].rows(Period.parse("2025-03")).selected_columns]
    assert sorted(told) == sorted(written)


def test_every_file_is_on_the_page(business):
    written = {(file.what, file.path.rpartition(".")[2]) for file in business.export()}
    told = set()
    for cell in first_cells(PAGE.partition("## ")[0]):
        what, *endings = re.findall(r"`\.?(\w+)`", cell)
        told |= {(what, ending) for ending in endings}
    assert told == written


def test_the_page_tells_how_many_rows_a_sheet_has():
    assert f"{workbook.SHEET_ROWS:,} rows" in section(PAGE, "The workbook")
