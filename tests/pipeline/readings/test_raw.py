import pytest

from pipeline.durable import sha256
from pipeline.readings.raw import RawBytesError, keep_raw


def test_a_raw_file_is_kept_whole_and_once(tmp_path):
    path, home = tmp_path / "march.csv", tmp_path / "home"
    path.write_text("at,value\n")
    kept = keep_raw(path, home, "power", sha256(path))
    assert kept.read_text() == "at,value\n"
    path.unlink()
    assert keep_raw(path, home, "power", kept.name) == kept


def test_a_file_that_grew_since_it_was_hashed_is_not_kept(tmp_path):
    path, home = tmp_path / "march.csv", tmp_path / "home"
    path.write_text("at,value\n")
    hashed = sha256(path)
    path.write_text("at,value\n2025-03-01T00:00:00Z,1\n")
    with pytest.raises(RawBytesError, match=r"march.csv: it is still being written; extract it again"):
        keep_raw(path, home, "power", hashed)
    assert [found for found in home.rglob("*") if found.is_file()] == []
