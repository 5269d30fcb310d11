"""Parquet: a column of any plain type is the text that its own kind of database would write."""

import io
from datetime import date
from decimal import Decimal
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.sources.files import RawFile, UnreadableFileError, open_rows
from transforms.catalog.source import Source

MIDNIGHT = 1_740_787_200  # 2025-03-01T00:00:00Z


@pytest.fixture
def read(tmp_path):
    def read(column):
        buffer = io.BytesIO()
        pq.write_table(pa.table({"read_at": column, "kWh": [1] * len(column)}), buffer)
        path = tmp_path / "arrived"
        path.write_bytes(buffer.getvalue())
        columns = {"at": "read_at", "value": "kWh"}
        source = {"source": "power", "files": "{account}/*", "columns": columns, "format": {"kind": "parquet"}}
        with open_rows(RawFile(path, "arrived"), Source.model_validate(source)) as rows:
            return rows.arrow().read_all()["at"].to_pylist()

    return read


@pytest.mark.parametrize(
    ("kind", "held", "text"),
    [
        (pa.timestamp("ns"), MIDNIGHT * 10**9 + 1, "2025-03-01 00:00:00.000000001"),
        (pa.timestamp("ms", "UTC"), MIDNIGHT * 1000, "2025-03-01 00:00:00.000Z"),
        (pa.timestamp("s", "Europe/Berlin"), MIDNIGHT, "2025-03-01 01:00:00.000+0100"),  # kept as milliseconds
        (pa.date32(), date(2025, 3, 1), "2025-03-01"),
        (pa.decimal128(38, 9), Decimal("12345678901234567890.123456789"), "12345678901234567890.123456789"),
        (pa.dictionary(pa.int32(), pa.string()), "A-1", "A-1"),
        (pa.uuid(), UUID("0190163d-8694-739b-aea5-966c26f8ad90").bytes, "0190163d-8694-739b-aea5-966c26f8ad90"),
        (pa.bool_(), True, "true"),
    ],
    ids=str,
)
def test_a_column_of_any_plain_type_is_text_and_what_is_empty_stays_so(read, kind, held, text):
    assert read(pa.array([held, None], kind)) == [text, None]


@pytest.mark.parametrize(
    ("kind", "held"),
    [
        (pa.map_(pa.string(), pa.string()), [("team", "web")]),  # as the tags of a cost export are
        (pa.struct({"team": pa.string()}), {"team": "web"}),
        (pa.list_(pa.int64()), [1, 2]),
    ],
    ids=["map", "struct", "list"],
)
def test_a_column_that_has_parts_is_refused_by_name_and_the_file_is_not_called_damaged(read, kind, held):
    with pytest.raises(UnreadableFileError, match=r"^nested_column: 'read_at' holds (map|struct|list)<"):
        read(pa.array([held], kind))
