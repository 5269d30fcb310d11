"""An uploaded file as rows that mean something, with all that is wrong about them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline.uploads.table import Table, open_table
from transforms.identity import digest
from transforms.upload.columns import Column, read_header
from transforms.upload.custom_field import CustomField
from transforms.upload.dates import Locale
from transforms.upload.reasons import Problem, Reason
from transforms.upload.rows import Reader, Row, content_hash
from transforms.upload.tally import Tally


@dataclass(frozen=True)
class UploadedRows:
    """The rows of a file in its order; `content` is equal for equal usage, however it is written and packed."""

    rows: list[Row]
    problems: Tally
    content: str


def read_rows(path: Path, declared: Mapping[str, CustomField], locale: Locale) -> UploadedRows:
    """Read a file; UploadRefusedError when it is no table or out of bounds."""
    problems = Tally()
    with open_table(path) as table:
        header = read_header(table.names, declared)
        problems.add(header.problems)
        rows = _read(table, Reader(header, declared, locale), problems) if header.legible else _unread(table)
        content = content_hash([row.canonical for row in rows], header, table.names)
    if not rows:
        problems.add([Problem(Reason.NO_ROWS)])
    problems.add(_twice(rows))
    return UploadedRows(rows, problems, content)


def nothing(problem: Problem) -> UploadedRows:
    """Give what there is of a file that cannot be read any more: its problem."""
    problems = Tally()
    problems.add([problem])
    return UploadedRows([], problems, "")


def _unread(table: Table) -> list[Row]:
    """Take rows of which nobody can say what their cells are."""
    return [Row(number, line, digest(*cells), {}) for number, (line, cells) in enumerate(table.rows, start=1)]


def _read(table: Table, reader: Reader, problems: Tally) -> list[Row]:
    rows = []
    for number, (line, cells) in enumerate(table.rows, start=1):
        row, wrong = reader.read(number, line, cells)
        rows.append(row)
        problems.add(wrong)
    return rows


def _twice(rows: list[Row]) -> list[Problem]:
    """Find unique keys that stand in several rows, and name the row before in each problem."""
    seen: dict[str, Row] = {}
    found = []
    for row in rows:
        if not (key := row.text(Column.UNIQUE_KEY)):
            continue
        if (first := seen.setdefault(key, row)) is not row:
            also = f"as in row {first.number}, line {first.line}"
            found.append(Problem(Reason.UNIQUE_KEY_TWICE, Column.UNIQUE_KEY, key, row.number, row.line, also))
    return found
