"""A workbook of tables for finance: formatted, with totals as values; read back once it is written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineWorkbook

from pipeline.exports.sheets import new_book, put
from transforms.rating.lines import exact_sum

SHEET_ROWS = 100_000  # more than anybody reads: then the other files of the export have them
A4 = 9  # by xlsxwriter's count
LOOKS = {
    "title": {"bold": True, "font_size": 14},
    "header": {"bold": True, "bottom": 1, "text_wrap": True},
    "row": {},
    "total": {"bold": True, "top": 1},
}
DAY = "yyyy-mm-dd"


class Money(NamedTuple):
    """An amount with the decimals that it is shown with."""

    amount: Decimal
    decimals: int


@dataclass(frozen=True)
class Table:
    """Rows under a header and over their totals: (of what, figure); `count` says how many, the last column is added up.

    `columns` are titles with widths, in digits.
    """

    name: str
    columns: Mapping[str, int]
    count: int
    rows: Iterable[Sequence[object]]
    totals: Sequence[tuple[str, object]] = ()


def write_workbook(path: Path, title: str, summaries: Sequence[Table], tables: Sequence[Table]) -> None:
    """Write a workbook: the summaries on one sheet under the title, and a sheet for each table.

    UnfitExportError for a cell that a sheet cannot hold.
    """
    with new_book(path) as book:
        writer = _Writer(book)
        writer.write_summary(title, summaries)
        for table in tables:
            writer.write_sheet(table)


def added_up(path: Path, tables: Iterable[Table]) -> dict[str, tuple[int, Decimal]]:
    """Read a workbook back: of each table that has a sheet, how many rows it has and what its last column comes to."""
    with CalamineWorkbook.from_path(path) as book:
        found = {table.name: _last_column(book, table) for table in tables if table.count <= SHEET_ROWS}
    return {name: (len(figures), exact_sum(figures)) for name, figures in found.items()}


def _last_column(book: CalamineWorkbook, table: Table) -> list[Decimal]:
    """Give the figures between the header and the totals: a number by its shortest text, which has all its digits."""
    rows = list(book.get_sheet_by_name(table.name).iter_rows())
    return [Decimal(str(row[len(table.columns) - 1])) for row in rows[1 : len(rows) - len(table.totals)]]


class _Writer:
    """A workbook that is being written; each of its formats is made once."""

    def __init__(self, book: Any) -> None:  # noqa: ANN401 xlsxwriter ships no types
        self.book = book
        self.looks: dict[tuple[str, str], object] = {}

    def write_summary(self, title: str, summaries: Sequence[Table]) -> None:
        sheet, row = self.book.add_worksheet("Summary"), 0
        _set_widths(sheet, [max(each) for each in zip(*(table.columns.values() for table in summaries), strict=True)])
        self._write_row(sheet, row, [title], "title")
        for table in summaries:
            row = self._write_table(sheet, row + 2, table)

    def write_sheet(self, table: Table) -> None:
        sheet = self.book.add_worksheet(table.name)
        _set_widths(sheet, table.columns.values())
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)  # as wide as one page, as long as it takes
        if table.count > SHEET_ROWS:
            put(sheet, 0, 0, f"{table.count} rows are too many for a sheet: the CSV and Parquet files have them")
            return
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        sheet.autofilter(0, 0, table.count, len(table.columns) - 1)
        self._write_table(sheet, 0, table)

    def _write_table(self, sheet: Any, row: int, table: Table) -> int:  # noqa: ANN401 xlsxwriter ships no types
        """Write a table from a row on, and give the row of its last line."""
        self._write_row(sheet, row, list(table.columns), "header")
        for cells in table.rows:
            row += 1
            self._write_row(sheet, row, cells, "row")
        blank = [""] * (len(table.columns) - 3)
        for name, figure in table.totals:
            row += 1
            self._write_row(sheet, row, ["Total", *blank, name, figure], "total")
        return row

    def _write_row(self, sheet: Any, row: int, cells: Sequence[object], look: str) -> None:  # noqa: ANN401 as above
        for column, cell in enumerate(cells):
            content = cell.amount if isinstance(cell, Money) else cell
            put(sheet, row, column, content, self._look(look, _number_format(cell)))

    def _look(self, name: str, number_format: str) -> object:
        key = (name, number_format)
        if key not in self.looks:
            aligned = {"align": "left" if number_format == DAY else "right"} if number_format else {}
            self.looks[key] = self.book.add_format({**LOOKS[name], **aligned, "num_format": number_format or "General"})
        return self.looks[key]


def _set_widths(sheet: Any, widths: Iterable[int]) -> None:  # noqa: ANN401 as above
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)


def _number_format(cell: object) -> str:
    """Tell how a figure or a day is shown; empty for text. What is too long for a number stands to the right too."""
    match cell:
        case Money(decimals=decimals):
            return f"#,##0.{'0' * decimals}" if decimals else "#,##0"
        case Decimal():
            return "General"
        case date() if not isinstance(cell, datetime):
            return DAY
        case _:
            return ""
