"""What a file's columns are, against those that its source names and those of the file before."""

import pytest

from pipeline.sources.drift import check_columns, difference
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

COLUMNS = {"at": "at", "value": "value", "account": "who", "attributes": {"region": "area"}}


def _source(columns=None, **more):
    return Source.model_validate({"source": "power", "files": "*", "columns": columns or COLUMNS} | more)


def test_a_column_that_neither_the_source_names_nor_its_latest_file_had_is_told():
    warning = difference(["at", "value", "who", "area", "note", "unit"], _source(), ["at", "value", "who", "note"])
    assert warning == "new_column: 'unit' was not in the source's latest file; what it holds is left out"


@pytest.mark.parametrize(
    ("columns", "known"),
    [
        (["at", "value", "note"], None),
        (["at", "value", "note"], ["note", "value", "at"]),
        (["at", "value", "area"], ["at", "value"]),
        (["at", "value"], ["at", "value", "note"]),
        (["at", "value", ""], ["at", "value"]),
    ],
    ids=["first", "other-order", "named", "gone", "no-name"],
)
def test_nothing_is_told_where_nothing_is_new(columns, known):
    assert difference(columns, _source(), known) is None


def test_columns_that_are_missing_are_shown_beside_those_that_they_may_have_become():
    with pytest.raises(UnreadableFileError) as refused:
        check_columns(["At", "values", "note", "area"], _source())
    assert str(refused.value) == (
        "missing_column: no 'at', 'value', 'who'; the file has 'At', 'values', 'note', 'area'; "
        "'At' may be 'at'; 'values' may be 'value'"
    )


def test_a_reason_shows_so_many_columns_as_a_person_reads():
    with pytest.raises(UnreadableFileError, match=r"'column 49' and 9950 more$"):
        check_columns([f"column {number}" for number in range(10_000)], _source())


@pytest.mark.parametrize(
    ("kind", "content", "columns"),
    [
        ("csv", "at,value,who,area,note\n1,2,3,4,5\n", ["at", "value", "who", "area", "note"]),
        ("json_lines", '{"at": 1, "use": {"value": 2}}\n{"who": 3, "at": 2, "use": {}, "at.": [4]}\nx\n',
         ["at", "use.value", "who", "at."]),
    ],
)  # fmt: skip
def test_a_file_that_is_read_tells_all_its_columns(tmp_path, kind, content, columns):
    path = tmp_path / "arrived"
    path.write_text(content)
    with open_rows(RawFile(path, "arrived"), _source(format={"kind": kind})) as rows:
        assert rows.columns == columns
