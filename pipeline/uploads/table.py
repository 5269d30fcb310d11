"""The rows of an uploaded file: CSV, the first sheet of a workbook, or either in a zip; within bounds, one by one."""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from pipeline.sources.excel import sheet_rows
from pipeline.sources.unpack import unpacked
from pipeline.sources.unreadable import UnreadableFileError
from pipeline.uploads.formulas import check_xls, check_xlsx
from pipeline.uploads.refused import UploadRefusedError, refusal
from transforms.upload.reasons import Refusal

UNPACKED_BYTES_MAX = 40_000_000
WORKBOOK_MEMORY_BYTES = 180 << 20
COLUMNS_MAX = 200
ROWS_MAX = 200_000
CELL_MAX = 32_767  # characters, as many as a spreadsheet's cell holds
LINE_MAX = 1 << 20  # characters
ZIP, XLS = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
EMPTY_ZIP = b"PK\x05\x06"
KINDS = {".csv": "csv", ".xls": "xls", ".xlsx": "xlsx", ".zip": "zip"}
NumberedCells = tuple[int, list[str]]


@dataclass(frozen=True)
class Table:
    """A header's names, and the rows below it: where each begins in the file, and its cells. Read once."""

    names: list[str]
    rows: Iterator[NumberedCells]


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Open an uploaded file; UploadRefusedError, while it is opened or read, when it is no table or out of bounds."""
    try:
        with _plain(path) as plain:
            lines = _gathered(_bounded(_lines(plain)))
            names = next(lines, None)
            if names is None:
                raise UploadRefusedError(Refusal.EMPTY_FILE, "it holds no header")
            yield Table(names[1], lines)
    except UnreadableFileError as error:
        raise refusal(str(error)) from error
    except UnicodeDecodeError as error:
        raise UploadRefusedError(Refusal.NOT_UTF8, f"byte {error.object[error.start]:#04x}") from error
    except csv.Error as error:
        raise UploadRefusedError(Refusal.DAMAGED_FILE, str(error)) from error


def kind_of(path: Path) -> str:
    """Tell what a file is by its content: csv (any text), xls, xlsx or zip."""
    with path.open("rb") as file:
        start = file.read(len(XLS))
    if start.startswith((ZIP, EMPTY_ZIP)):
        return "xlsx" if _is_xlsx(path) else "zip"
    return "xls" if start == XLS else "csv"


def _is_xlsx(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "[Content_Types].xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False  # unpacking it says what is wrong


@contextmanager
def _plain(path: Path) -> Iterator[Path]:
    """Give the file itself, or what is in the zip."""
    if kind_of(path) != "zip":
        yield path
        return
    with unpacked(path, keep_workbook=True, bytes_max=UNPACKED_BYTES_MAX) as plain:
        _check_names(path)
        yield plain


def _check_names(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if "/" in name or "\\" in name or name in {".", ".."}:
                raise UploadRefusedError(Refusal.DIRECTORY_IN_ZIP, f"it holds {name[:100]!r}")


def _lines(path: Path) -> Iterator[NumberedCells]:
    """Give all rows with the numbers of their lines."""
    kind = kind_of(path)
    if kind == "csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            yield from _csv(file)
        return
    (check_xls if kind == "xls" else check_xlsx)(path, UNPACKED_BYTES_MAX)
    yield from sheet_rows(path, memory_bytes=WORKBOOK_MEMORY_BYTES)


def _csv(file: TextIO) -> Iterator[NumberedCells]:
    reader = csv.reader(_short_lines(file), strict=True)
    before = 0
    for cells in reader:
        yield before + 1, cells
        before = reader.line_num


def _short_lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LINE_MAX + 1):
        number += 1
        if len(line) > LINE_MAX:
            raise UploadRefusedError(Refusal.LONG_ROW, f"line {number} has more than {LINE_MAX} characters")
        yield line


def _bounded(lines: Iterable[NumberedCells]) -> Iterator[NumberedCells]:
    for line, cells in lines:
        if len(cells) > COLUMNS_MAX and any(cells[COLUMNS_MAX:]):
            raise UploadRefusedError(Refusal.TOO_MANY_COLUMNS, f"line {line} has {len(cells)} columns")
        if max(map(len, cells), default=0) > CELL_MAX:
            raise UploadRefusedError(Refusal.LONG_ROW, f"line {line} has a cell of more than {CELL_MAX} characters")
        yield line, cells[:COLUMNS_MAX]


def _gathered(lines: Iterable[NumberedCells]) -> Iterator[NumberedCells]:
    """Leave out what is empty before the header and after the last row, and count the rows between."""
    count, empty = -1, 0
    for line, cells in lines:
        if not any(map(str.strip, cells)):
            empty += 1 if count >= 0 else 0
            continue
        count += 1 + empty
        if count > ROWS_MAX:
            raise UploadRefusedError(Refusal.TOO_MANY_ROWS, f"line {line} is beyond row {ROWS_MAX}")
        yield from ((line - back, []) for back in range(empty, 0, -1))
        empty = 0
        yield line, cells
