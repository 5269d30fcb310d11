"""Tags: a part of a column that holds a JSON object, a map or fields is a column like any other."""

import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

TEAM = {"at": "at", "value": "value", "attributes": {"team": "Tags.team"}}


@pytest.fixture
def read(tmp_path):
    """Give (row, defect, team) of a file's rows."""

    def read(content, kind, columns=None, **form):
        path = tmp_path / "arrived"
        path.write_bytes(content)
        told = {"source": "costs", "files": "{account}/*", "columns": columns or TEAM, "format": {"kind": kind} | form}
        with open_rows(RawFile(path, "arrived"), Source.model_validate(told)) as rows:
            found = rows.arrow().read_all().select(["row", "defect", "attribute_team"])
            return list(zip(*found.to_pydict().values(), strict=True))

    return read


def _csv(*tags):
    quoted = (text.replace('"', '""') for text in tags)
    return "".join(["at,value,Tags\n", *(f'2025-03-01,1,"{text}"\n' for text in quoted)]).encode()


def _workbook(*tags):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as workbook:
        sheet = workbook.add_worksheet()
        for row, cells in enumerate([("at", "value", "Tags"), *(("2025-03-01", 1, text) for text in tags)]):
            sheet.write_row(row, 0, cells)
    return buffer.getvalue()


def _parquet(tags):
    buffer = io.BytesIO()
    columns = {"at": ["2025-03-01"] * len(tags), "value": [1] * len(tags), "Tags": tags}
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


WEB = json.dumps({"team": "web", "cost": 12.50})
MAP = pa.map_(pa.string(), pa.string())


@pytest.mark.parametrize(("kind", "write"), [("csv", _csv), ("excel", _workbook)])
def test_a_row_bears_the_tag_that_its_json_holds_and_none_where_it_has_no_such_tag(read, kind, write):
    first = 1 if kind == "csv" else 2  # as a spreadsheet numbers its rows
    found = read(write(WEB, '{"cost": 3}', "NULL", WEB), kind)
    assert found == [(first, None, "web"), (first + 1, None, ""), (first + 2, None, ""), (first + 3, None, "web")]


@pytest.mark.parametrize("text", ["web", '{"team": "web"', '{"team": "a", "team": "b"}', '{"team": ["a"]}', "[1]"])
@pytest.mark.parametrize(("kind", "write"), [("csv", _csv), ("excel", _workbook)])
def test_a_row_whose_tags_cannot_be_read_is_set_aside_with_what_stood_there(read, kind, write, text):
    first, second = read(write(WEB, text), kind)
    assert (first[1:], second[1:]) == ((None, "web"), ("unreadable_parts", text))


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        (
            pa.array([[("team", "web"), ("cost", "1")], [], None], pa.map_(pa.string(), pa.string())),
            ["web", None, None],
        ),
        (pa.array([{"team": "web"}, {"team": None}, None], pa.struct({"team": pa.string()})), ["web", None, None]),
        (pa.array([{"team": 7}], pa.struct({"team": pa.int64()})), ["7"]),
        (pa.array([WEB, None]), ["web", ""]),
        (pa.array([WEB, "NULL"]).dictionary_encode(), ["web", ""]),
    ],
    ids=["map", "struct", "number", "json", "dictionary"],
)
def test_parquet_keeps_tags_as_a_map_as_fields_or_as_json(read, tags, found):
    assert [team for _, _, team in read(_parquet(tags), "parquet")] == found


def test_a_column_of_the_whole_name_comes_first(read):
    content = f'at,value,Tags.team,Tags\n2025-03-01,1,ops,"{WEB.replace(chr(34), chr(34) * 2)}"\n'
    assert read(content.encode(), "csv") == [(1, None, "ops")]


def test_a_key_may_hold_dots_and_a_path_leads_further_in(read):
    tags = json.dumps({"k8s.io/app": "web", "owner": {"team": "ops"}})
    columns = {"at": "at", "value": "value", "attributes": {"team": "Tags.k8s.io/app", "owner": "Tags.owner.team"}}
    assert read(_csv(tags), "csv", columns) == [(1, None, "web")]


def test_columns_that_the_source_names_itself_have_parts_too(read):
    content = _csv(WEB).partition(b"\n")[2]
    assert read(content, "csv", names=["at", "value", "Tags"]) == [(1, None, "web")]


def test_a_file_without_the_column_of_tags_is_quarantined(read):
    with pytest.raises(UnreadableFileError, match=r"^missing_column: no 'Tags.team'; the file has 'at', 'value'"):
        read(b"at,value\n2025-03-01,1\n", "csv")


def test_a_field_that_the_column_does_not_have_is_missing(read):
    tags = pa.array([{"env": "prod"}], pa.struct({"env": pa.string()}))
    with pytest.raises(UnreadableFileError, match=r"^missing_column: no 'Tags.team'; 'Tags' holds struct<env: string>"):
        read(_parquet(tags), "parquet")


def test_a_part_that_has_parts_itself_is_refused(read):
    tags = pa.array([[("team", ["a", "b"])]], pa.map_(pa.string(), pa.list_(pa.string())))
    with pytest.raises(UnreadableFileError, match=r"^nested_column: 'Tags.team' holds list<"):
        read(_parquet(tags), "parquet")
