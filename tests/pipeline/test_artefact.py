import pyarrow as pa
import pytest

from pipeline import artefact
from pipeline.artefact import DamagedArtefactError

TABLE = pa.table({"number": [1, 2, 3]})


def test_what_was_written_is_read_back_with_what_it_is_about(tmp_path):
    path = artefact.write(tmp_path / "new" / "folder", "usage", TABLE, {"meter": "energy", "landed": 3})
    table, about = artefact.read(path)
    assert table == TABLE
    assert about == {"meter": "energy", "landed": 3}


def test_the_same_content_has_the_same_path_whatever_the_order_of_its_words(tmp_path):
    first = artefact.write(tmp_path, "usage", TABLE, {"a": 1, "b": 2})
    assert artefact.write(tmp_path, "usage", TABLE, {"b": 2, "a": 1}) == first
    assert list(tmp_path.iterdir()) == [first]


@pytest.mark.parametrize(("table", "about"), [(TABLE.slice(1), {"a": 1}), (TABLE, {"a": 2})])
def test_other_content_has_another_path(tmp_path, table, about):
    first = artefact.write(tmp_path, "usage", TABLE, {"a": 1})
    assert artefact.write(tmp_path, "usage", table, about) != first


@pytest.mark.parametrize("position", [10, -10])
def test_a_changed_byte_is_noticed(tmp_path, position):
    path = artefact.write(tmp_path, "usage", TABLE, {})
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedArtefactError, match="not what was written there"):
        artefact.read(path)


def test_a_cut_file_is_noticed(tmp_path):
    path = artefact.write(tmp_path, "usage", TABLE, {})
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(DamagedArtefactError):
        artefact.read(path)


def test_a_file_under_the_name_of_another_is_noticed(tmp_path):
    first = artefact.write(tmp_path, "usage", TABLE, {"a": 1})
    second = artefact.write(tmp_path, "usage", TABLE, {"a": 2})
    second.replace(first)
    with pytest.raises(DamagedArtefactError):
        artefact.read(first)


def test_a_missing_file_says_what_to_do(tmp_path):
    with pytest.raises(DamagedArtefactError, match="is missing: run the step that writes it again"):
        artefact.read(tmp_path / "usage-0123456789abcdef.parquet")
