"""Formulas in a workbook, which are refused: their cells show what they last came to, somewhere else."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from pipeline.uploads.refused import UploadRefusedError
from pipeline.zips import ENCRYPTED, METHODS
from transforms.upload.reasons import Refusal

BLOCK = 1 << 16
# A cell's formula is an element named f, of any namespace; charts refer to cells by elements of that name.
FORMULA = re.compile(rb"<(?:\w{1,20}:)?f[\s/>]")
OVERLAP = 32
CHARTS = "xl/charts/"
BINARY_SHEET = re.compile(r"xl/worksheets/.*\.bin")
# Where a compound file's header says how large its sectors are, and where its parts begin.
SECTOR_SHIFT, FOLDER_START, TABLE_LIST_START, TABLE_LIST = 30, 48, 68, 76
SECTOR_END_MIN = 0xFFFFFFFA
ENTRY_BYTES, SMALL_BYTES = 128, 4096
STREAMS = {"Workbook", "Book"}
FORMULA_RECORDS = {0x0006, 0x0206, 0x0406, 0x0021, 0x0221, 0x04BC}  # of a cell, of an array, shared by cells
RECORD_HEADER = struct.Struct("<HH")


def check_xlsx(path: Path, bytes_max: int) -> None:
    """Refuse a workbook with a formula, or that unpacks to more than so many bytes, or is no plain XML."""
    left = bytes_max
    try:
        with zipfile.ZipFile(path) as archive:
            for part in archive.infolist():
                left -= _check_part(archive, part, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise UploadRefusedError(Refusal.DAMAGED_FILE, str(error)) from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """Read a part and say how large it is."""
    if part.flag_bits & ENCRYPTED:
        raise UploadRefusedError(Refusal.ENCRYPTED_WORKBOOK, f"{part.filename} asks for a password")
    if part.compress_type not in METHODS or BINARY_SHEET.match(part.filename):
        raise UploadRefusedError(Refusal.TYPE_UNKNOWN, f"{part.filename[:100]!r} is no part of an .xlsx file")
    xml = part.filename.endswith(".xml") and not part.filename.startswith(CHARTS)
    size, tail = 0, b""
    with archive.open(part) as file:
        while block := file.read(BLOCK):
            size += len(block)
            if size > left:
                raise UploadRefusedError(Refusal.TOO_LARGE, "its parts unpack to more than 40 MB")
            if xml and (b"\0" in block or FORMULA.search(tail + block)):
                raise UploadRefusedError(Refusal.FORMULA, f"{part.filename[:100]} holds one, or is not UTF-8")
            tail = block[-OVERLAP:]
    return size


def check_xls(path: Path, bytes_max: int) -> None:
    """Refuse a workbook of the older format with a formula."""
    content = path.read_bytes()
    if len(content) > bytes_max:
        raise UploadRefusedError(Refusal.TOO_LARGE, f"it has {len(content)} bytes")
    try:
        stream = _workbook_stream(content)
    except (struct.error, IndexError, ValueError) as error:
        raise UploadRefusedError(Refusal.DAMAGED_FILE, str(error)) from error
    if any(kind in FORMULA_RECORDS for kind in _records(stream)):
        raise UploadRefusedError(Refusal.FORMULA, "a cell holds one")


def _records(stream: bytes) -> Iterator[int]:
    """Give the kinds of the records of a stream, in order."""
    at = 0
    while at + RECORD_HEADER.size <= len(stream):
        kind, length = RECORD_HEADER.unpack_from(stream, at)
        yield kind
        at += RECORD_HEADER.size + length


def _workbook_stream(content: bytes) -> bytes:
    """Find the stream of the workbook in its compound file: sectors, each of which names the next one."""
    size = 1 << _numbers(content, SECTOR_SHIFT, "H")[0]
    nexts = _table(content, size)
    folder = _chain(content, nexts, _numbers(content, FOLDER_START)[0], size)
    for at in range(0, len(folder) - ENTRY_BYTES + 1, ENTRY_BYTES):
        length = _numbers(folder, at + 64, "H")[0]
        if folder[at : at + max(length - 2, 0)].decode("utf-16-le") in STREAMS:
            start, bytes_of_stream = _numbers(folder, at + 116, "2I")
            if bytes_of_stream < SMALL_BYTES:
                raise ValueError("its workbook is shorter than any that a spreadsheet writes")
            return _chain(content, nexts, start, size)[:bytes_of_stream]
    return b""  # without one there is nothing to read either, and the reader says why


def _table(content: bytes, size: int) -> tuple[int, ...]:
    """Read which sector follows each one; the sectors of this table are listed in the header, and in sectors."""
    listed = list(_numbers(content, TABLE_LIST, "109I"))
    following = _numbers(content, TABLE_LIST_START)[0]
    while following < SECTOR_END_MIN and len(listed) < len(content) // size:
        *more, following = _numbers(content, (following + 1) * size, f"{size // 4}I")
        listed += more
    sectors = (each for each in listed if each < SECTOR_END_MIN)
    table = b"".join(content[(each + 1) * size : (each + 2) * size] for each in sectors)
    return _numbers(table, 0, f"{len(table) // 4}I")


def _numbers(content: bytes, at: int, form: str = "I") -> tuple[int, ...]:
    return struct.unpack_from(f"<{form}", content, at)


def _chain(content: bytes, nexts: tuple[int, ...], start: int, size: int) -> bytes:
    """Put together the sectors of a chain; a damaged one may run in a ring, so it ends where the table would."""

    def sectors() -> Iterator[int]:
        sector = start
        while sector < SECTOR_END_MIN:
            yield sector
            sector = nexts[sector]

    return b"".join(content[(each + 1) * size : (each + 2) * size] for each in islice(sectors(), len(nexts)))
