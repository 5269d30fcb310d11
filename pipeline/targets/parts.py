"""Usage files cut to what a billing platform takes: plain and zipped below 4 MB, the same content in the same bytes."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zipfile import ZipFile

from pipeline.zips import entry
from transforms.upload.usage_file import UnfitRecordError

BYTES_MAX = (4 << 20) - (64 << 10)  # of the plain file: what a zip adds, and a form around it, stays below 4 MB
ROWS_MAX = 200_000


@dataclass(frozen=True)
class Limits:
    """What a file may have, unzipped and with its header."""

    bytes_max: int = BYTES_MAX
    rows_max: int = ROWS_MAX


DEFAULT = Limits()


@dataclass(frozen=True)
class Line:
    """A row as it stands in a file, and the record that it says."""

    text: bytes
    unique_key: str
    content: Mapping[str, Any]


def written(cells: Sequence[str]) -> bytes:
    """Write cells as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def parts(lines: Iterable[Line], header: bytes, limits: Limits = DEFAULT) -> Iterator[list[Line]]:
    """Cut lines, in their order, into files within the limits; UnfitRecordError for a line that no file can hold."""
    part: list[Line] = []
    size = len(header)
    for line in lines:
        if len(header) + len(line.text) > limits.bytes_max:
            raise UnfitRecordError(f"record {line.unique_key}: its row has {len(line.text)} bytes, too many for a file")
        if part and (size + len(line.text) > limits.bytes_max or len(part) == limits.rows_max):
            yield part
            part, size = [], len(header)
        part.append(line)
        size += len(line.text)
    if part:
        yield part


def zipped(name: str, plain: bytes) -> bytes:
    """Zip one file under this name; nothing of the moment or the machine is in it."""
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(entry(name), plain)
    return packed.getvalue()
