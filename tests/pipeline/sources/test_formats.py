"""Every format that a source can declare has a reader, and stands in the table of formats."""

import json
import re
import typing

import pytest
import workbooks
from packed import parquet

from pipeline import sources
from pipeline.sources.files import READERS, RawFile, open_rows
from transforms.catalog.source import Source

HEADER = "at,value\n"


def _declared():
    return {typing.get_args(kind.model_fields["kind"].annotation)[0] for kind in _models()}


def _models():
    return typing.get_args(Source.model_fields["format"].annotation)


def test_every_format_has_a_reader():
    assert set(READERS) == _declared()


def test_every_format_stands_in_the_table():
    assert set(re.findall(r"^    ([a-z]\w*)  ", sources.__doc__, flags=re.MULTILINE)) - {"kind"} == _declared()


WRITTEN = {
    "csv": lambda rows: "\n".join(",".join(row) for row in rows).encode(),
    "excel": workbooks.xlsx,
    "json": lambda rows: json.dumps([dict(zip(rows[0], row, strict=True)) for row in rows[1:]]).encode(),
    "json_lines": lambda rows: "\n".join(json.dumps(dict(zip(rows[0], row, strict=True))) for row in rows[1:]).encode(),
    "parquet": lambda rows: parquet(**{name: list(column) for name, *column in zip(*rows, strict=True)}),
}


@pytest.mark.parametrize("kind", WRITTEN)
@pytest.mark.parametrize("value", [{"value": "kWh"}, {}], ids=["value", "no-value"])
def test_every_format_gives_the_columns_that_a_source_names_under_our_names_and_no_other(tmp_path, kind, value):
    path = tmp_path / "arrived"
    rows = [["note", "area", "when", "kWh", "state", "who"], ["x", "north", "2025-03-01", "7", "final", "A-1"]]
    path.write_bytes(WRITTEN[kind](rows))
    named = {"at": "when", "account": "who", "revision": "state", "attributes": {"region": "area", "again": "area"}}
    source = {"source": "power", "files": "*", "columns": named | value, "format": {"kind": kind}}
    with open_rows(RawFile(path, "arrived"), Source.model_validate(source)) as found:
        (row,) = found.arrow().read_all().to_pylist()
        assert found.columns == rows[0]
    assert row.pop("row") == (2 if kind == "excel" else 1)
    assert row == {
        "defect": None, "at": "2025-03-01", "account": "A-1", "revision": "final", "attribute_region": "north",
        "attribute_again": "north", **dict.fromkeys(value, "7"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", WRITTEN)
def test_every_format_gives_date_and_time_where_they_stand_apart(tmp_path, kind):
    path = tmp_path / "arrived"
    path.write_bytes(WRITTEN[kind]([["Time", "Date", "who"], ["00:15", "2025-03-01", "A-1"]]))
    columns = {"at": "Date", "at_time": "Time", "account": "who"}
    source = {"source": "power", "files": "*", "columns": columns, "format": {"kind": kind}}
    with open_rows(RawFile(path, "arrived"), Source.model_validate(source)) as found:
        (row,) = found.arrow().read_all().to_pylist()
    assert (row["at"], row["at_time"]) == ("2025-03-01", "00:15")


def test_a_csv_file_with_the_character_nul_is_quarantined_whole_and_the_next_one_lands(business, march):
    business.deliver("power/A-1/a.csv", HEADER + "2025-03-02T00:00:00Z,1\n2025-03-02T01:00:00Z,x\x00\n")
    business.deliver("power/A-1/b.csv", HEADER + "2025-03-02T00:00:00Z,1\na,\x00,c\n")
    business.deliver("power/A-1/c.csv", march)
    found = business.extract()
    assert (found.landed, found.quarantined) == (1, 2)
    assert (
        business.rows("arrivals WHERE reason IS NOT NULL", "reason")
        == ["wrong_encoding: row 2 holds the character NUL"] * 2
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_csv_file_in_utf_16_is_quarantined_whole(business, march, encoding):
    business.deliver("power/A-1/march.csv", march.encode(encoding))
    found = business.extract()
    assert (found.landed, found.quarantined) == (0, 1)
    (reason,) = business.rows("arrivals", "reason")
    assert re.fullmatch(r"wrong_encoding: .*; declare the source's format\.encoding", reason)
