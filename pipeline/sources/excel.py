"""Excel: a sheet of a workbook (xlsx, xlsm, xlsb, xls, ods), each cell as the text of what it holds."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from pipeline.sources import workbook
from pipeline.sources.batches import Opened, Row, batched
from pipeline.sources.drift import check_columns
from pipeline.sources.parts import WRONG, part_of
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.columns import column_and_part
from transforms.catalog.formats import Excel
from transforms.catalog.source import Source


def read(path: Path, source: Source) -> Opened:
    """Read a sheet whose first row that is not empty, after those to be skipped, names its columns."""
    assert isinstance(source.format, Excel)  # noqa: S101 narrows the type; the caller chose by it
    skip = source.format.skip_rows
    filled = ((row, texts) for row, texts in sheet_rows(path, source.format.sheet) if row > skip and any(texts))
    _, header = next(filled, (0, None))
    if header is None:
        raise UnreadableFileError("empty_file: the sheet holds no header")
    check_columns(header, source)
    named = (column_and_part(theirs, header) for theirs in source.named().values())
    places = [(header.index(column), path) for column, path in named]
    return Opened(header, batched((_row(row, texts, places) for row, texts in filled), source))


def _row(number: int, texts: list[str], places: list[tuple[int, str]]) -> Row:
    """Give what stands at the places of a row: cells, or parts of them."""
    found = [part_of(texts[index], path) if path else texts[index] for index, path in places]
    shown = (texts[index] if text is None else text for (index, _), text in zip(places, found, strict=True))
    return Row(number, WRONG if None in found else None, tuple(shown))


def sheet_rows(
    path: Path, sheet: str | None = None, memory_bytes: int = workbook.MEMORY_BYTES_MAX
) -> Iterator[tuple[int, list[str]]]:
    """Give a sheet's rows, by default the first one's, with their numbers, 1 the first, as a spreadsheet shows them.

    UnreadableFileError when there is no reading it, or it takes more than so much memory.
    """
    # -P keeps this folder, in which a module is named as one of the standard library, out of the way of imports.
    command = [sys.executable, "-P", workbook.__file__, str(memory_bytes), str(path)]
    command += [] if sheet is None else [sheet]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:  # noqa: S603 no shell, a program of ours
        assert reader.stdout is not None and reader.stderr is not None  # noqa: S101, PT018 both are pipes
        try:
            whole = (line for line in reader.stdout if line.endswith("\n"))  # the last one breaks off where it is ended
            yield from enumerate(chain.from_iterable(map(json.loads, whole)), start=1)
            said = reader.stderr.read().strip()
            if reader.wait():
                raise UnreadableFileError(_reason(reader.returncode, said, memory_bytes))
        finally:
            reader.kill()


def _reason(code: int, said: str, memory_bytes: int) -> str:
    """Say why no sheet came: by the reader's own word, unless it was ended for what it took, or broke down."""
    if code < 0 or "memory allocation" in said:
        return workbook.too_large(memory_bytes)
    last = said.rpartition("\n")[2]
    return last if re.match("[a-z_]+: ", last) else f"damaged_file: {last}; is it a workbook?"
