"""A sheet's rows, read in a process of its own: python workbook.py MEMORY_BYTES FILE [SHEET].

A workbook is read as a whole, and a small one can ask for any amount of memory: a cell in its last row and column, a
long text in every cell, a bomb. Here that ends this process and no other. Written are lines of JSON, each a list of
rows, which are lists of texts, from the first row of the sheet on. Where there is no reading it, the reason stands on
standard error.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    SheetTypeEnum,
    WorksheetNotFound,
)

MEMORY_BYTES_MAX = 2 << 30  # a full sheet of a million rows and ten columns takes half of it
CPU_SECONDS_MAX = 900
ROW_MAX = 1 << 20  # characters; a longer row is no row of a metering file, and would not fit the memory of the reader
ROWS_MAX = 1000  # of a line
ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # the name of the part that all others lie in, locked
MISSED_MAX = timedelta(milliseconds=10)  # 35,040 quarters of an hour, each cell adding one to that above, drift by 7
Cell = int | float | str | bool | time | date | datetime | timedelta


def text_of(cell: Cell) -> str:
    """Write a cell: numbers in full, by the fewest digits that are the same double; instants as ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float):
        text = repr(cell)
        return text.removesuffix(".0") if "e" not in text else f"{Decimal(text):f}"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int) else _text_of_time(cell)


def _text_of_time(cell: time | date | datetime | timedelta) -> str:
    if isinstance(cell, timedelta):  # hours that go on after 24
        days, rest = divmod(cell, timedelta(days=1))
        clock = (datetime.min + rest).time()  # noqa: DTZ901 of any day
        return f"{days * 24 + clock.hour:02}{clock.isoformat()[2:]}"
    if isinstance(cell, datetime):
        return _shown(cell).isoformat()
    if isinstance(cell, time):
        return cell.isoformat()
    return f"{cell.isoformat()}T00:00:00"  # a day is its midnight: the format of a cell tells no more


def _shown(at: datetime) -> datetime:
    """Give the whole second that a spreadsheet shows for an instant which a sum of fractions of days just misses."""
    second = (at + timedelta(milliseconds=500)).replace(microsecond=0)
    return second if abs(second - at) <= MISSED_MAX else at


def too_large(memory_bytes: int) -> str:
    """Say that a workbook takes more memory to read than it may."""
    size = f"{memory_bytes >> 30} GiB" if memory_bytes >> 30 else f"{memory_bytes >> 20} MiB"
    return f"too_large: it takes more than {size} of memory to read; deliver it as CSV"


def _sheet(workbook: CalamineWorkbook, name: str | None) -> CalamineSheet:
    """Find a sheet by its name, or the first one that holds cells."""
    sheets = [each.name for each in workbook.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
    wanted = name if name is not None else next(iter(sheets), "")
    try:
        return workbook.get_sheet_by_name(wanted)
    except WorksheetNotFound:
        sys.exit(f"missing_sheet: no {wanted!r}; the workbook has {', '.join(map(repr, sheets))}")


def _lines(sheet: CalamineSheet) -> Iterator[list[list[str]]]:
    """Give the rows, some at once."""
    rows: list[list[str]] = []
    size = 0
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        rows.append([text_of(cell) for cell in cells])
        length = sum(map(len, rows[-1]))
        if length > ROW_MAX:
            sys.exit(f"long_row: row {number} has more than {ROW_MAX} characters")
        size += length
        if len(rows) == ROWS_MAX or size > ROW_MAX:
            yield rows
            rows, size = [], 0
    yield rows


def write(path: Path, name: str | None, memory_bytes: int) -> None:
    """Write the rows of a sheet to standard output."""
    try:
        with path.open("rb") as file, CalamineWorkbook.from_filelike(file) as workbook:
            for rows in _lines(_sheet(workbook, name)):
                print(json.dumps(rows, check_circular=False))  # noqa: T201 the rows are what this is run for
    except MemoryError:
        sys.exit(too_large(memory_bytes))
    except CalamineError as error:
        if ENCRYPTED in path.read_bytes():
            sys.exit("encrypted_workbook: it asks for a password; deliver it without")
        sys.exit(f"damaged_file: {error}")


if __name__ == "__main__":
    allowed = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (allowed, allowed))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))
    write(Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None, allowed)  # noqa: PLR2004 MEMORY_BYTES, FILE and SHEET
