"""What is no usage file is refused before anything is created."""

import hashlib
import io
import struct
import zipfile

import pytest
import workbooks
import xlsxwriter
from packed import zipped

from pipeline.uploads.refused import UploadRefusedError

PLAIN = b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\r\nA-1,kwh,1,2025-03-01,,,,\r\n"


def _workbook(**cells):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        for place, value in cells.items():
            sheet.write(place, value)
    return buffer.getvalue()


def _xls_with_formula():
    """A formula's record among the cells: its place, format, last result and tokens."""
    record = struct.pack("<HHHHHdHIH", 6, 22, 1, 0, 0, 3.0, 0, 0, 0)
    plain = workbooks.xls([["ACCOUNT_ID"]])
    cell = plain.index(struct.pack("<HH", 0x204, 19))
    return (plain[:cell] + record + plain[cell:])[: len(plain)]


NO_USAGE_FILES = [
    ("", PLAIN, "name_missing"),
    ("x" * 47 + ".csv", PLAIN, "name_too_long"),
    ("../usage.csv", PLAIN, "name_invalid"),
    ("a\\usage.csv", PLAIN, "name_invalid"),
    ("usage\n.csv", PLAIN, "name_invalid"),
    ("vsc\u202eusage.csv", PLAIN, "name_invalid"),
    ("usage", PLAIN, "type_unknown"),
    ("usage.txt", PLAIN, "type_unknown"),
    ("usage.csv", zipped(("usage.csv", PLAIN)), "type_unknown"),
    ("usage.zip", PLAIN, "type_unknown"),
    ("usage.xlsx", workbooks.xls([["a"]]), "type_unknown"),
    ("usage.xlsx", workbooks.xlsb([["a"]]), "type_unknown"),
    ("usage.csv", PLAIN.replace(b"A-1", b"A-\xe4"), "not_utf8"),
    ("usage.csv", PLAIN.decode().encode("utf-16"), "not_utf8"),
    ("usage.csv", b"", "empty_file"),
    ("usage.csv", b"\r\n\r\n", "empty_file"),
    ("usage.zip", zipped(), "empty_file"),
    ("usage.zip", zipped(("usage.csv", b"")), "empty_file"),
    ("usage.csv", PLAIN + b'"A-1,kwh\r\n', "damaged_file"),
    ("usage.xlsx", _workbook(A1="a")[:-40], "type_unknown"),
    ("usage.zip", zipped(("usage.csv", PLAIN))[:-40], "damaged_zip"),
    ("usage.zip", zipped(("usage.csv", PLAIN), method=zipfile.ZIP_LZMA), "unsupported_zip"),
    ("usage.zip", zipped(("usage.zip", zipped(("usage.csv", PLAIN)))), "nested_archive"),
    ("usage.zip", zipped(("a.csv", PLAIN), ("b.csv", PLAIN)), "several_files"),
    ("usage.zip", zipped(("march/usage.csv", PLAIN)), "directory_in_zip"),
    ("usage.zip", zipped(("march/", b""), ("usage.csv", PLAIN)), "directory_in_zip"),
    ("usage.zip", zipped(("usage.csv", PLAIN), ("__MACOSX/._usage.csv", b"notes")), "directory_in_zip"),
    ("usage.zip", zipped(("../../usage.csv", PLAIN)), "directory_in_zip"),
    ("usage.zip", zipped(("..\\usage.csv", PLAIN)), "directory_in_zip"),
    ("usage.xlsx", _workbook(A1="ACCOUNT_ID", A2="=1+1"), "formula"),
    ("usage.zip", zipped(("usage.xlsx", _workbook(A1="ACCOUNT_ID", A2="=1+1"))), "formula"),
    ("usage.xls", _xls_with_formula(), "formula"),
    ("usage.xls", workbooks.encrypted(), "encrypted_workbook"),
    ("usage.xls", workbooks.xls([["a"]])[:700], "damaged_file"),
    ("usage.csv", b",".join([b"a"] * 201), "too_many_columns"),
    ("usage.csv", PLAIN + b"x" * 40_000, "long_row"),
    ("usage.csv", b"x" * (1 << 21), "long_row"),
    ("usage.csv", PLAIN + b"1\n" * 200_001, "too_many_rows"),
    ("usage.csv", PLAIN + b" " * (4 << 20), "file_too_large"),
]  # fmt: skip


def test_a_file_that_is_none_is_refused_and_nothing_is_created(desk):
    assert [_code(desk, name, content) for name, content, _ in NO_USAGE_FILES] == [code for *_, code in NO_USAGE_FILES]
    assert desk.listed() == []
    assert [path for path in desk.home.rglob("*") if path.is_file()] == []


def _code(desk, name, content):
    with pytest.raises(UploadRefusedError) as refused:
        desk.submit(content, name)
    return refused.value.code


def test_a_file_that_was_changed_on_its_way_is_refused(desk):
    digest = hashlib.md5(PLAIN).hexdigest()  # noqa: S324 what the platform's clients send
    with pytest.raises(UploadRefusedError, match="md5_mismatch"):
        desk.submit(PLAIN + b"\n", md5=digest)
    assert desk.submit(PLAIN, md5=digest.upper()).outcome == "accepted"
    assert desk.rows("imports", "md5") == [digest]


def test_a_locale_that_nobody_declared_is_refused(desk):
    with pytest.raises(UploadRefusedError, match="locale_unknown: 'fr_FR'"):
        desk.submit(PLAIN, locale="fr_FR")


def test_what_is_accepted_is_kept_byte_for_byte_under_a_name_of_our_own(desk):
    found = desk.submit(PLAIN, "mine.CSV", locale="en_GB")
    assert (found.outcome, found.size) == ("accepted", len(PLAIN))
    files = [path for path in desk.home.rglob("*") if path.is_file()]
    assert files == [desk.home / "imports" / found.import_id / "original.csv"]
    assert files[0].read_bytes() == PLAIN
    columns = ("source_type", "status", "file_name", "created_by", "total_count", "validation")
    assert desk.rows("imports", *columns) == [("File", "Pending", "mine.CSV", "ann", 0, {"locale": "en_GB"})]


def test_a_file_or_a_stream_is_taken_as_bytes_are(desk, tmp_path):
    path = tmp_path / "sent"
    path.write_bytes(PLAIN)
    first = desk.submit(path)
    assert desk.submit(io.BytesIO(PLAIN)).import_id == first.import_id


def test_a_file_of_exactly_4_megabytes_is_taken(desk):
    blank = b" " * 999 + b"\n"
    content = (PLAIN + blank * 4200)[: 4 << 20]
    assert desk.submit(content).size == 4 << 20
