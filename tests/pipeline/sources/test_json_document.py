"""A JSON document: the answer of an API as somebody saved it, each record kept to the digit."""

import json

import pytest

from pipeline.sources import json_document
from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

# A range query of Prometheus, as its documentation shows one.
RANGE = """{
  "status": "success",
  "data": {"resultType": "matrix", "result": [
    {"metric": {"job": "prometheus"}, "values": [[1435781430.781, "1"], [1435781445.781, "0.1"]]},
    {"metric": {"job": "node"}, "values": [[1435781430.781, "0"]]}
  ]}
}"""
COLUMNS = {"at": "values.0", "value": "values.1", "account": "metric.job"}


@pytest.fixture
def read(tmp_path):
    def read(content, records=(), **columns):
        path = tmp_path / "arrived"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        form = {"kind": "json", "records": list(records)}
        source = {"source": "power", "files": "*", "format": form, "columns": columns or COLUMNS}
        with open_rows(RawFile(path, "arrived"), Source.model_validate(source)) as rows:
            return rows.columns, [tuple(row.values()) for row in rows.arrow().read_all().to_pylist()]

    return read


def test_each_entry_of_the_lists_is_a_record_numbered_in_the_order_of_the_document(read):
    assert read(RANGE, ["data.result", "values"]) == (
        ["metric.job", "values"],
        [
            (1, None, "1435781430.781", "1", "prometheus"),
            (2, None, "1435781445.781", "0.1", "prometheus"),
            (3, None, "1435781430.781", "0", "node"),
        ],
    )


def test_a_document_may_be_the_list_and_its_numbers_keep_their_digits(read):
    content = (
        b'\xef\xbb\xbf[{"t": "2025-03-01", "v": 11.529000000000002, "a": "A-1"},\n {"t": "2025-03-02", "v": 1e-9}]'
    )
    assert read(content, at="t", value="v", account="a")[1] == [
        (1, None, "2025-03-01", "11.529000000000002", "A-1"), (2, None, "2025-03-02", "1e-9", ""),
    ]  # fmt: skip


def test_a_record_that_has_a_list_where_a_value_should_be_is_set_aside_alone(read):
    content = '[{"t": "x", "v": [1], "a": "A"}, {"t": "y", "v": 2, "a": "B"}]'
    (_, defect, *_), good = read(content, at="t", value="v", account="a")[1]
    assert (defect, good) == ("unreadable_record", (2, None, "y", "2", "B"))


def test_a_list_without_records_is_a_file_without_rows(read):
    assert read('{"data": []}', ["data"], at="t", account="a")[1] == []


@pytest.mark.parametrize(
    ("content", "records", "reason"),
    [
        (RANGE, ["data.results"], "records: data.results is no list; the keys are 'status', 'data'"),
        (RANGE, [], "records: the whole is no list; the keys are 'status', 'data'"),
        ("[1, 2]", [], "records: an entry of the whole is no object"),
        ('{"a": 1}\n{"a": 2}\n', [], "damaged_file: it is no JSON document .Extra data: line 2 column 1 .*json_lines"),
        ('{"a": ', [], "damaged_file: it is no JSON document"),
        ("[" * 100_000, [], "damaged_file: it is no JSON document"),
        (b'[{"a": "\xe4"}]', [], "wrong_encoding"),
    ],
)
def test_a_document_of_another_shape_is_refused_and_the_reason_says_what_is_there(read, content, records, reason):
    with pytest.raises(UnreadableFileError, match=reason):
        read(content, records)


def test_a_document_that_would_not_fit_into_memory_is_refused(read, monkeypatch):
    monkeypatch.setattr(json_document, "BYTES_MAX", 20)
    with pytest.raises(UnreadableFileError, match=r"too_large: .* more than 20 bytes; deliver JSON lines"):
        read(json.dumps([{"t": "2025-03-01"}] * 2), at="t", account="a")
