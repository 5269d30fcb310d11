"""A file is unpacked by what it holds, once, and within bounds."""

import gzip
import resource
import tempfile
import zipfile

import pytest
from packed import zipped

from pipeline.sources import unpack
from pipeline.sources.unpack import unpacked
from pipeline.sources.unreadable import UnreadableFileError

TEXT = b"at,value\n" + b"".join(b"2025-03-%02dT00:00:00Z,%d\n" % (day, day * day) for day in range(1, 32))


@pytest.fixture
def scratch(tmp_path, monkeypatch):
    """The folder for temporary files, which is to be empty in the end."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def unpack_bytes(tmp_path, scratch):
    def unpack_bytes(content, **limits):
        path = tmp_path / "arrived"
        path.write_bytes(content)
        try:
            with unpacked(path, **limits) as plain:
                return plain.read_bytes()
        finally:
            assert list(scratch.iterdir()) == []

    return unpack_bytes


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:100]) + gzip.compress(TEXT[100:]),
        zipped(("march.csv", TEXT)),
        zipped(("march.csv", TEXT), method=zipfile.ZIP_STORED),
        zipped(("2025/", b""), ("2025/march.csv", TEXT)),
        zipped(("march.csv", TEXT), ("__MACOSX/._march.csv", b"notes")),
        zipped(("2025/.DS_Store", b"notes"), ("2025/march.csv", TEXT)),
        zipped(("march.csv.gz", TEXT)),
    ],
    ids=["plain", "gzip", "two-gzips", "zip", "stored", "in-a-folder", "from-a-mac", "folder-from-a-mac", "misnamed"],
)
def test_packing_is_told_by_content_and_taken_off(unpack_bytes, packed):
    assert unpack_bytes(packed) == TEXT


@pytest.mark.parametrize("name", ["../../evil.csv", "/etc/../evil.csv", "C:\\evil.csv", "a" * 5000])
def test_nothing_is_written_under_the_name_of_a_member(unpack_bytes, tmp_path, name):
    assert unpack_bytes(zipped((name, TEXT))) == TEXT
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["arrived", "scratch"]
    assert not (tmp_path.parent / "evil.csv").exists()


def test_a_member_without_a_name_is_a_file(unpack_bytes):
    nameless = zipfile.ZipInfo("x")
    nameless.filename = ""
    assert unpack_bytes(zipped((nameless, TEXT))) == TEXT


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file: it holds no byte"),
        (zipped(), "empty_file: the zip holds no file"),
        (zipped(("2025/", b"")), "empty_file: the zip holds no file"),
        (zipped(("march.csv", b"")), "empty_file: nothing is left when it is unpacked"),
        (zipped(("a.csv", TEXT), ("b.csv", TEXT)), r"several_files: the zip holds 2 of them \('a.csv', 'b.csv'\); "),
        (zipped(("march.csv", TEXT), method=zipfile.ZIP_LZMA), "unsupported_zip: compression 14"),
        (zipped(("march.zip", zipped(("march.csv", TEXT)))), "nested_archive: a zip lies in the zip"),
        (zipped(("march.csv", gzip.compress(TEXT))), "nested_archive: a gzip lies in the zip"),
        (gzip.compress(gzip.compress(TEXT)), "nested_archive: a gzip lies in the gzip"),
        (
            zipped(*((f"{number:0200}.csv", b"") for number in range(5000))),
            "several_files: the zip's list of files has",
        ),
    ],
    ids=["no-byte", "no-member", "folder", "empty", "two", "lzma", "zip-zip", "zip-gzip", "gzip-gzip", "thousands"],
)
def test_what_cannot_be_one_file_is_refused_with_a_reason(unpack_bytes, content, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        unpack_bytes(content)


def test_a_zip_with_a_password_is_refused(unpack_bytes):
    packed = bytearray(zipped(("march.csv", TEXT)))
    packed[packed.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of members; in the member itself:
    packed[6] |= 1
    with pytest.raises(UnreadableFileError, match="encrypted_zip"):
        unpack_bytes(bytes(packed))


def test_a_zip_cut_at_any_byte_gives_nothing(unpack_bytes):
    packed = zipped(("march.csv", TEXT))
    for size in range(4, len(packed)):  # with less than its signature it is no zip, but a short text
        with pytest.raises(UnreadableFileError, match=r"^damaged_zip: "):
            unpack_bytes(packed[:size])


def test_a_zip_with_any_byte_changed_gives_the_whole_text_or_nothing(unpack_bytes):
    packed = zipped(("march.csv", TEXT))
    refused = 0
    for place in range(4, len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 0xFF
        try:
            assert unpack_bytes(bytes(changed)) == TEXT, place  # a date or an attribute: nothing that is read
        except UnreadableFileError:
            refused += 1
    assert refused > len(packed) // 2


@pytest.mark.parametrize("pack", [gzip.compress, lambda zeros: zipped(("march.csv", zeros))], ids=["gzip", "zip"])
def test_a_bomb_is_refused_by_what_it_unpacks_to_and_not_by_what_it_says(unpack_bytes, pack):
    with pytest.raises(UnreadableFileError, match=r"too_large: it unpacks from \d+ to more than 67108864 bytes"):
        unpack_bytes(pack(bytes(80 << 20)))


def test_a_file_that_packs_well_and_is_small_is_no_bomb(unpack_bytes):
    quiet = b"2025-03-01T00:00:00Z,0\n" * 100_000
    packed = gzip.compress(quiet)
    assert len(quiet) > unpack.RATIO_MAX * len(packed)
    assert unpack_bytes(packed) == quiet


def test_no_file_unpacks_to_more_than_the_limit(unpack_bytes):
    with pytest.raises(UnreadableFileError, match="too_large"):
        unpack_bytes(gzip.compress(TEXT), bytes_max=len(TEXT) - 1)
    assert unpack_bytes(gzip.compress(TEXT), bytes_max=len(TEXT)) == TEXT


@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped(("march.csv", text))], ids=["gzip", "zip"])
def test_a_disk_that_is_full_is_no_fault_of_the_file(unpack_bytes, pack):
    allowed, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, most))  # no file may grow beyond it, as on a full disk
    try:
        with pytest.raises(OSError, match="File too large"):
            unpack_bytes(pack(TEXT * 200))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (allowed, most))
