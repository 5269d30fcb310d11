"""Raw files land whole, or are set aside whole with a reason."""

import gzip
from decimal import Decimal

import pytest
from packed import parquet

from pipeline.readings.extract import MissingFilesError, describe

PARQUET = """
source: power
files: power/{account}/*
format: {kind: parquet}
columns: {at: at, value: value}
duplicates: keep
"""
HEADER = "at,value\n"
GOOD = "2025-03-02T00:00:00Z,1\n"


def _refused_whole(business, content, name="power/A-1/bad.csv"):
    """Deliver a file that must be quarantined whole, and give the reason."""
    business.deliver(name, content)
    found = business.extract()
    assert (found.quarantined, found.landed, found.readings) == (1, 0, 0)
    assert business.rows("landed_files", "file_id") == []
    assert not list((business.home / "readings").rglob("*.*"))
    return business.rows("arrivals", "reason")[0]


def test_a_source_that_never_gave_a_file_is_an_error_that_says_where_it_looked(business):
    before = business.contents()
    with pytest.raises(MissingFilesError, match=r"nothing matches 'power/\{account\}/\*' below .*inbox"):
        business.extract()
    assert business.contents() == before


def test_a_source_that_once_gave_a_file_may_give_none_today(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    (business.inbox / "power/A-1/march.csv").unlink()
    assert business.extract().landed == 0


def test_an_inbox_that_is_gone_is_no_quiet_day(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    business.inbox.rename(business.folder / "unmounted")
    with pytest.raises(MissingFilesError, match="is the inbox mounted"):
        business.extract()


def test_a_file_without_a_byte_is_quarantined_as_empty(business):
    assert _refused_whole(business, "").startswith("empty_file:")


def test_a_gzip_that_unpacks_to_nothing_is_quarantined_as_empty(business):
    assert _refused_whole(business, gzip.compress(b"")).startswith("empty_file:")


def test_a_file_with_a_header_alone_lands_with_no_row(business):
    business.deliver("power/A-1/quiet.csv", HEADER)
    found = business.extract()
    assert (found.landed, found.readings, found.quarantined) == (1, 0, 0)
    assert business.rows("landed_files", "rows", "readings", "quarantined") == [(0, 0, 0)]


def test_a_header_alone_derives_to_an_empty_month(business):
    loaded = business.bill(HEADER)
    assert (loaded.outcome, loaded.import_id) == ("empty", None)


@pytest.mark.parametrize("share", ["0.02", "0.1", "0.5", "0.9", "0.999"])
def test_a_gzip_cut_anywhere_is_quarantined_whole(business, share):
    rows = "".join(f"2025-03-02T{i // 3600:02}:{i // 60 % 60:02}:{i % 60:02}Z,{i * 7919 % 1000}\n" for i in range(2000))
    packed = gzip.compress((HEADER + rows).encode())
    cut = packed[: int(len(packed) * Decimal(share))]
    assert _refused_whole(business, cut, "power/A-1/cut.csv.gz").startswith("damaged_gzip:")


@pytest.mark.parametrize("missing", [1, 8])
def test_a_gzip_that_lacks_its_checksum_or_a_part_of_it_is_quarantined_whole(business, march, missing):
    cut = gzip.compress(march.encode())[:-missing]
    assert _refused_whole(business, cut).startswith("damaged_gzip:")


def test_a_gzip_with_a_flipped_byte_is_quarantined_whole(business, march):
    packed = bytearray(gzip.compress(march.encode() * 50))
    packed[len(packed) // 2] ^= 0xFF
    assert _refused_whole(business, bytes(packed)).startswith("damaged_gzip:")


@pytest.mark.parametrize("share", ["0.01", "0.5", "0.99"])
def test_a_parquet_file_cut_anywhere_is_quarantined_whole(business, share):
    business.declare("sources/power.yaml", PARQUET)
    whole = parquet(at=["2025-03-02T00:00:00Z"] * 100, value=["1"] * 100)
    assert _refused_whole(business, whole[: int(len(whole) * Decimal(share))]).startswith("damaged_file:")


def test_a_csv_delivered_to_a_parquet_source_is_quarantined_whole(business, march):
    business.declare("sources/power.yaml", PARQUET)
    assert _refused_whole(business, march).startswith("damaged_file:")


def test_a_file_in_another_encoding_is_quarantined_whole_and_the_reason_names_the_setting(business):
    text = "at,value,note\n2025-03-02T00:00:00Z,1,Zähler\n".encode("latin-1")
    reason = _refused_whole(business, text.replace(b"note", b"value2").replace(b",1,", b",1\xe4,"))
    assert reason.startswith("wrong_encoding:")
    assert "format.encoding" in reason


def test_a_file_whose_encoding_breaks_after_the_first_block_is_quarantined_whole(business):
    text = HEADER + GOOD * 60_000
    reason = _refused_whole(business, text.encode() + b"2025-03-02T00:00:00Z,1\xff\n")
    assert reason.startswith("wrong_encoding:")


def test_a_file_without_a_column_is_quarantined_with_the_columns_that_it_has(business):
    reason = _refused_whole(business, "time,value\n2025-03-02,1\n")
    assert reason == "missing_column: no 'at'; the file has 'time', 'value'"


def test_a_file_that_repeats_a_column_is_quarantined_whole(business):
    reason = _refused_whole(business, "at,value,value\n2025-03-02,1,2\n")
    assert reason.startswith("repeated_column: 'value' stands in the header more than once; in CSV, give each column")


def test_a_quarantined_file_is_not_tried_again_until_somebody_asks_for_it(business):
    business.declare("sources/power.yaml", PARQUET)
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-02T00:00:00Z,1\n")
    assert business.extract().quarantined == 1
    assert business.extract().known == 1
    business.declare("sources/power.yaml", PARQUET.replace("parquet", "csv"))
    assert business.extract().known == 1
    assert business.extract(retry=True).landed == 1
    assert business.rows("arrivals", "reason") == [None]


def test_a_link_out_of_the_inbox_is_left_alone(business, tmp_path, march):
    secret = tmp_path / "secret.csv"
    secret.write_text(march)
    business.deliver("power/A-1/march.csv", HEADER)
    (business.inbox / "power/A-1/link.csv").symlink_to(secret)
    (business.inbox / "power/A-2").symlink_to(tmp_path)
    assert business.extract().readings == 0
    assert business.rows("arrivals", "uri") == ["power/A-1/march.csv"]


def test_a_file_says_how_far_its_source_has_been_taken(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert business.rows("extractions", "source", "until") == [("power", now)]


def test_the_outcome_is_said_in_one_line_and_why_a_file_is_quarantined_whole_in_one_more(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-1/bad.csv", "")
    assert describe(business.extract()).splitlines() == [
        "power: 1 files landed with 3 readings (0 rows quarantined), 0 known, 1 quarantined whole",
        "  power/A-1/bad.csv: quarantined whole, empty_file: it holds no byte",
    ]


def test_why_rows_are_quarantined_is_said_by_the_first_of_each_reason(business):
    business.deliver("power/A-1/bad.csv", f"{HEADER}2025-03-02T00:00:00Z,1\n02.03.2025,2\n2025-03-02T01:00:00Z,\nx,4\n")
    assert describe(business.extract()).splitlines()[1:] == [
        "  missing_value: row 3 of power/A-1/bad.csv (the first of 1) holds '2025-03-02T01:00:00Z', ''"
        "; is value.nulls or leave_out of the source right?",
        "  unreadable_at: row 2 of power/A-1/bad.csv (the first of 2) holds '02.03.2025', '2'"
        "; is time.format or columns.at of the source right?",
    ]
