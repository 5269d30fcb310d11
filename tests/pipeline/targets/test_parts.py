"""Files stay within the platform's limits, lose no row, keep the order, and are the same bytes for the same content."""

import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.targets.parts import BYTES_MAX, Limits, Line, parts, written, zipped
from transforms.upload.usage_file import UnfitRecordError

HEADER = b"ACCOUNT_ID,QTY\n"


def _line(text):
    return Line(text, "k", {})


@given(
    texts=st.lists(st.binary(min_size=1, max_size=40), max_size=60),
    bytes_max=st.integers(len(HEADER) + 40, 300),
    rows_max=st.integers(1, 12),
)
def test_every_row_is_in_one_file_and_no_file_is_beyond_a_limit_or_smaller_than_it_must_be(texts, bytes_max, rows_max):
    found = list(parts(map(_line, texts), HEADER, Limits(bytes_max, rows_max)))
    assert [line.text for part in found for line in part] == texts
    sizes = [len(HEADER) + sum(len(line.text) for line in part) for part in found]
    assert all(size <= bytes_max for size in sizes)
    assert all(1 <= len(part) <= rows_max for part in found)
    for part, size, following in zip(found, sizes, found[1:], strict=False):
        assert len(part) == rows_max or size + len(following[0].text) > bytes_max


def test_a_row_that_fits_no_file_is_refused():
    with pytest.raises(UnfitRecordError, match="record k: its row has 30 bytes, too many for a file"):
        list(parts([_line(b"x" * 30)], HEADER, Limits(bytes_max=40)))


def test_a_full_file_is_below_four_megabytes_even_where_a_zip_makes_it_no_smaller():
    plain = bytes(number * 7919 % 251 for number in range(BYTES_MAX))
    assert len(zipped("march.csv", plain)) < 4 * 1024 * 1024


def test_a_zip_holds_one_file_and_nothing_of_the_moment():
    packed = zipped("march.csv", b"ACCOUNT_ID\nA-1\n")
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        (member,) = archive.infolist()
        assert archive.read(member) == b"ACCOUNT_ID\nA-1\n"
    assert (member.filename, member.date_time, member.create_system) == ("march.csv", (1980, 1, 1, 0, 0, 0), 3)
    assert zipped("march.csv", b"ACCOUNT_ID\nA-1\n") == packed


def test_cells_are_quoted_as_csv_wants_it():
    assert written(['say "a, b"', "ü", ""]) == '"say ""a, b""",ü,\n'.encode()
