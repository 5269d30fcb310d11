import io
from zipfile import ZIP_DEFLATED, ZipFile

from pipeline.zips import entry


def test_a_file_of_a_zip_is_compressed_readable_and_says_nothing_of_the_moment_or_the_machine():
    described = entry("march.csv")
    assert (described.filename, described.date_time) == ("march.csv", (1980, 1, 1, 0, 0, 0))
    assert (described.create_system, described.external_attr >> 16) == (3, 0o644)
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(described, b"0" * 10_000)
    assert described.compress_type == ZIP_DEFLATED
    assert len(packed.getvalue()) < 1_000
