"""The result file: what became of every row, a zipped CSV kept beside the upload."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TextIO
from zipfile import ZipFile

from pipeline.durable import aside, publish, sha256
from pipeline.uploads.rows import UploadedRows
from pipeline.uploads.submit import FOLDER
from pipeline.zips import entry
from transforms.spreadsheet import neutral
from transforms.upload.columns import Column
from transforms.upload.reasons import Problem

COLUMNS = ("ROW", "LINE", "OUTCOME", "RECORD_ID", "ACCOUNT_ID", "UNIQUE_KEY", "REMARKS")
SHOWN_DIGITS = 12
NOT_LISTED = "more is wrong with it than is listed"


def write_result(
    home: Path,
    import_id: str,
    uploaded: UploadedRows,
    outcomes: Mapping[int, tuple[str, str]],
    remarks: Iterable[Problem],
) -> str:
    """Write what became of each row: (outcome, record number) by row; gives the path below the imports folder."""
    by_row: defaultdict[int, list[str]] = defaultdict(list)
    for remark in remarks:
        by_row[remark.row].append(str(remark))
    folder = home / FOLDER / import_id
    with aside(folder) as written:
        with ZipFile(written, "w") as archive, archive.open(entry("result.csv"), "w") as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="")
            _write(text, uploaded, outcomes, by_row)
            text.flush()
        name = f"result-{sha256(written)[:SHOWN_DIGITS]}.zip"
        publish(written, folder / name)
    return f"{import_id}/{name}"


def _write(
    file: TextIO, uploaded: UploadedRows, outcomes: Mapping[int, tuple[str, str]], remarks: Mapping[int, list[str]]
) -> None:
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    writer.writerows(["", "", "", "", "", "", neutral(text)] for text in remarks.get(0, []))
    for row in uploaded.rows:
        outcome, record = outcomes[row.number]
        told = remarks.get(row.number) or ([NOT_LISTED] if row.number in uploaded.problems.rows else [])
        names = (row.text(Column.ACCOUNT), row.text(Column.UNIQUE_KEY), " | ".join(told))
        writer.writerow([row.number, row.line, outcome, record, *map(neutral, names)])
