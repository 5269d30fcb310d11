import hashlib

import pytest

from pipeline.durable import aside, publish, sha256


@pytest.mark.parametrize("size", [0, 1, 1_000_000])
def test_a_file_is_hashed_whole(tmp_path, size):
    path = tmp_path / "file"
    content = bytes(number % 251 for number in range(size))
    path.write_bytes(content)
    assert sha256(path) == hashlib.sha256(content).hexdigest()


def test_a_published_file_is_there_and_nothing_beside_it(tmp_path):
    with aside(tmp_path / "folder") as written:
        written.write_text("whole")
        publish(written, tmp_path / "folder" / "deeper" / "final")
    assert (tmp_path / "folder/deeper/final").read_text() == "whole"
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["deeper"]


def _write_half(folder):
    with aside(folder) as written:
        written.write_text("half")
        raise RuntimeError("disk full")


def test_what_fails_while_it_is_written_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError, match="disk full"):
        _write_half(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_two_who_write_the_same_file_do_not_meet(tmp_path):
    with aside(tmp_path) as one, aside(tmp_path) as other:
        assert one != other
        for written in (one, other):
            written.write_text("the same")
            publish(written, tmp_path / "final")
    assert (tmp_path / "final").read_text() == "the same"
    assert len(list(tmp_path.iterdir())) == 1
