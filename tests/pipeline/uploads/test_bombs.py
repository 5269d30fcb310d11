"""A small file that asks for a lot of memory is refused before it gets it."""

import io
import subprocess
import sys
import zipfile

import pytest
import xlsxwriter

from pipeline.settings import PROJECT

ALLOWED_BYTES = 200_000_000
HEADER = b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"
# A process of its own: what it takes at most, its children's included, is told by the kernel.
PROGRAM = """
import resource, sys
from pathlib import Path
from pipeline.uploads.rows import read_rows
from pipeline.uploads.refused import UploadRefusedError
from transforms.upload.dates import Locale

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    print(len(read_rows(Path(sys.argv[1]), {}, Locale.US).rows))
except UploadRefusedError as error:
    print(error.code)
mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(max(mine, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) * 1024)
"""


def _zip(name, blocks):
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as file,
    ):
        for block in blocks:
            file.write(block)
    return buffer.getvalue()


def _zeros():
    return _zip("usage.csv", [HEADER, *[b"0" * (1 << 20)] * 250])


def _rows():
    return _zip("usage.csv", [HEADER, *[(b"1" + b"," * 20 + b"\n") * 5000] * 41])


def _one_line():
    return _zip("usage.csv", [HEADER, *[b"x" * (1 << 20)] * 30])


def _many_members():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(30_000):
            archive.writestr(f"{number:020}", b"")
    return buffer.getvalue()


def _sheet(write):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        write(workbook.add_worksheet())
    return buffer.getvalue()


def _far_away():
    return _sheet(lambda sheet: sheet.write("A1", "UOM") or sheet.write("XFD1048576", 1))


def _one_text_in_every_cell():
    def write(sheet):
        for row in range(70_000):
            sheet.write(row, 0, "x" * 32_000)

    return _sheet(write)


def _inflated_part():
    content = io.BytesIO(_sheet(lambda sheet: sheet.write("A1", "ACCOUNT_ID")))
    with zipfile.ZipFile(content, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b" " * (1 << 26))
    return content.getvalue()


@pytest.mark.parametrize(
    ("bomb", "code"),
    [
        (_zeros, "too_large"),
        (_rows, "too_many_rows"),
        (_one_line, "long_row"),
        (_many_members, "several_files"),
        (_far_away, "too_large"),
        (_one_text_in_every_cell, "too_large"),
        (_inflated_part, "too_large"),
    ],
)
def test_a_bomb_is_refused_within_200_megabytes(tmp_path, bomb, code):
    path = tmp_path / "bomb"
    path.write_bytes(bomb())
    assert path.stat().st_size < 4 << 20
    command = [sys.executable, "-c", PROGRAM, str(path)]
    said = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    outcome, taken = said.stdout.split()
    assert outcome == code
    assert int(taken) < ALLOWED_BYTES
