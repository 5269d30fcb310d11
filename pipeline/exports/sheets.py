"""Cells of a workbook: every digit kept, nothing taken for a formula, the same bytes for the same content."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from transforms.errors import MeterbridgeError
from transforms.spreadsheet import neutral

SHEET_ROWS_MAX = 1_048_575  # below the header
DOUBLE_DIGITS = 15  # that a spreadsheet's numbers keep
FIRST_YEAR = 1900  # of a spreadsheet's dates
# A workbook says when it was made: always this, so that its bytes are its content.
CREATED = datetime(1980, 1, 1, tzinfo=UTC)


class UnfitExportError(MeterbridgeError):
    """An export that the wanted form cannot hold; the message says which would. Nothing was written."""


@contextmanager
def new_book(path: Path) -> Iterator[Any]:
    """Write a workbook sheet by sheet, each from its top to its bottom, in bounded memory."""
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        book.set_properties({"created": CREATED})
        yield book


def put(sheet: Any, row: int, column: int, cell: object, look: object = None) -> None:  # noqa: ANN401 xlsxwriter ships no types
    """Write a number or a date as one where it keeps every digit, all else as text: never as a formula or a link."""
    if cell is None:
        return
    if isinstance(cell, int | Decimal) and fits_a_double(Decimal(cell)):
        sheet.write_number(row, column, cell, look)
    elif isinstance(cell, date) and not isinstance(cell, datetime) and cell.year >= FIRST_YEAR:
        sheet.write_datetime(row, column, cell, look)
    elif sheet.write_string(row, column, as_text(cell), look) != 0:
        raise UnfitExportError(f"row {row}: a cell holds 32,767 characters: write CSV or Parquet")


def fits_a_double(number: Decimal) -> bool:
    """Tell whether a spreadsheet's number keeps all digits of this one."""
    return len(f"{abs(number):f}".replace(".", "").strip("0")) <= DOUBLE_DIGITS


def as_text(cell: object) -> str:
    """Write a cell of a spreadsheet."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat()
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return "" if cell is None else neutral(str(cell))
