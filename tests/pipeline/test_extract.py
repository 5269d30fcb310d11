"""Raw files that are damaged, strange or known: each lands whole, once, or is set aside with a reason."""

import gzip
import io
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.extract import MissingFilesError, describe

PARQUET = """
source: power
files: power/{account}/*
format: {kind: parquet}
columns: {at: at, value: value}
duplicates: keep
"""
HEADER = "at,value\n"
GOOD = "2025-03-02T00:00:00Z,1\n"


def _quarantined_rows(business):
    return business.rows("quarantined_rows", "row", "reason", "raw")


def _refused_whole(business, content, name="power/A-1/bad.csv"):
    """Deliver a file that must be quarantined whole, and give the reason."""
    business.deliver(name, content)
    found = business.extract()
    assert (found.quarantined, found.landed, found.readings) == (1, 0, 0)
    assert business.rows("landed_files", "file_id") == []
    assert not list((business.home / "readings").rglob("*")) or not list((business.home / "readings").rglob("*.*"))
    return business.rows("arrivals", "reason")[0]


def _parquet(**columns):
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


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
    whole = _parquet(at=["2025-03-02T00:00:00Z"] * 100, value=["1"] * 100)
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
    assert reason == "repeated_column: 'value' stands in the header more than once"


def test_a_quarantined_file_is_not_tried_again_until_somebody_asks_for_it(business):
    business.declare("sources/power.yaml", PARQUET)
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-02T00:00:00Z,1\n")
    assert business.extract().quarantined == 1
    assert business.extract().known == 1
    business.declare("sources/power.yaml", PARQUET.replace("parquet", "csv"))
    assert business.extract().known == 1
    assert business.extract(retry=True).landed == 1
    assert business.rows("arrivals", "reason") == [None]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("NaN", "unreadable_value"),
        ("nan", "unreadable_value"),
        ("Infinity", "unreadable_value"),
        ("-inf", "unreadable_value"),
        ("1e400", "value_out_of_range"),
        ("1e-400", "too_many_decimals"),
        ('"1,137"', "unreadable_value"),
        ("1 137", "unreadable_value"),
        ("0x10", "unreadable_value"),
        ("--1", "unreadable_value"),
        ("1" * 101, "unreadable_value"),
        ("1" * 21, "value_out_of_range"),
        ("0.1234567890123456789", "too_many_decimals"),
        ("", "missing_value"),
        ("NULL", "missing_value"),
    ],
)
def test_a_value_that_is_no_number_is_quarantined_with_its_row_and_the_others_land(business, text, reason):
    business.deliver("power/A-1/march.csv", f"{HEADER}{GOOD}2025-03-02T01:00:00Z,{text}\n{GOOD}")
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (2, 1)
    assert [row[:2] for row in _quarantined_rows(business)] == [(2, reason)]
    assert _quarantined_rows(business)[0][2].endswith(text.strip('"'))


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("", "missing_at"),
        ("yesterday", "unreadable_at"),
        ("2025-02-30T00:00:00Z", "unreadable_at"),
        ("12", "unreadable_at"),
    ],
)
def test_a_time_that_is_none_is_quarantined_with_its_row(business, at, reason):
    business.deliver("power/A-1/march.csv", f"{HEADER}{GOOD}{at},1\n")
    assert business.extract().rows_quarantined == 1
    assert [row[:2] for row in _quarantined_rows(business)] == [(2, reason)]


@pytest.mark.parametrize(
    "written", ["0.1", "0.10", "1.15e-1", "3", "+2.50", ".5", "7.", "12345678901234567890.123456789012345678", "1e3"]
)
def test_a_number_is_kept_to_the_digit_that_was_written(business, written):
    business.deliver("power/A-1/march.csv", f"{HEADER}2025-03-02T00:00:00Z,{written}\n")
    business.extract()
    (path,) = business.rows("landed_files", "path")
    (value,) = pq.read_table(business.home / "readings" / path)["value"].to_pylist()
    assert value == Decimal(written)


def test_ten_tenths_are_one(business):
    business.bill(HEADER + "2025-03-02T00:00:00Z,0.1\n" * 10)
    assert business.quantities() == [("C-1", "2025-03", Decimal(1), 10)]


def test_rows_with_too_many_or_too_few_fields_are_quarantined_under_their_own_numbers(business):
    business.deliver("power/A-1/march.csv", f"{HEADER}{GOOD}a,b,c\n{GOOD}lonely\n{GOOD}2025-03-02,x\n")
    business.extract()
    found = [(row, reason) for row, reason, _ in _quarantined_rows(business)]
    assert found == [(2, "ragged_row"), (4, "ragged_row"), (6, "unreadable_value")]
    assert "a,b,c" in _quarantined_rows(business)[0][2]


def test_lines_before_the_header_do_not_count_as_rows(business):
    business.declare(
        "sources/power.yaml",
        "source: power\nfiles: power/{account}/*\nformat: {kind: csv, skip_lines: 3}\ncolumns: {at: at, value: value}\n"
        "duplicates: keep\n",
    )
    preamble = "Meter export\nby, the, works\n\n"
    business.deliver("power/A-1/march.csv", f"{preamble}{HEADER}{GOOD}a,b,c\n{GOOD}2025-03-02,x\n")
    business.extract()
    assert [row[:2] for row in _quarantined_rows(business)] == [(2, "ragged_row"), (4, "unreadable_value")]


def test_rows_are_numbered_right_in_files_of_many_blocks(business):
    rows = [GOOD] * 150_000  # 3.4 MB: the reader takes 1 MB at a time
    for number in (7, 60_000, 60_001, 149_999):
        rows[number - 1] = "a,b,c\n"
    for number in (8, 60_002, 150_000):
        rows[number - 1] = "2025-03-02T00:00:00Z,x\n"
    business.deliver("power/A-1/march.csv", HEADER + "".join(rows))
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (149_993, 7)
    ragged, unreadable = "ragged_row", "unreadable_value"
    assert [row[:2] for row in _quarantined_rows(business)] == [
        (7, ragged), (8, unreadable), (60_000, ragged), (60_001, ragged), (60_002, unreadable),
        (149_999, ragged), (150_000, unreadable),
    ]  # fmt: skip
    (path,) = business.rows("landed_files", "path")
    kept = pq.read_table(business.home / "readings" / path, columns=["row"])["row"].to_pylist()
    assert kept == [row for row in range(1, 150_001) if row not in {7, 8, 60_000, 60_001, 60_002, 149_999, 150_000}]


def test_a_quoted_line_break_is_part_of_a_field_and_one_row(business):
    business.deliver("power/A-1/march.csv", f'{HEADER}{GOOD}"2025-03-02\nT",5\n{GOOD}2025-03-02,x\n')
    business.extract()
    assert [row[:2] for row in _quarantined_rows(business)] == [(2, "unreadable_at"), (4, "unreadable_value")]


def test_a_byte_order_mark_is_not_part_of_the_first_column(business):
    business.deliver("power/A-1/march.csv", b"\xef\xbb\xbf" + (HEADER + GOOD).encode())
    assert business.extract().readings == 1


def test_lines_that_end_in_a_carriage_return_alone_are_lines(business, march):
    business.deliver("power/A-1/march.csv", march.replace("\n", "\r"))
    assert business.extract().readings == 3


def test_a_link_out_of_the_inbox_is_left_alone(business, tmp_path, march):
    secret = tmp_path / "secret.csv"
    secret.write_text(march)
    business.deliver("power/A-1/march.csv", HEADER)
    (business.inbox / "power/A-1/link.csv").symlink_to(secret)
    (business.inbox / "power/A-2").symlink_to(tmp_path)
    assert business.extract().readings == 0
    assert business.rows("arrivals", "uri") == ["power/A-1/march.csv"]


def test_the_same_file_again_is_known_and_changes_nothing(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    before = business.contents()
    found = business.extract()
    assert (found.landed, found.known) == (0, 1)
    assert business.contents() == before


def _shuffled(text):
    header, *rows = text.splitlines(keepends=True)
    return header + "".join(reversed(rows))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda text: text,
        lambda text: gzip.compress(text.encode()),
        _shuffled,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.rstrip("\n"),
        lambda text: text.replace("at,value", "value,at").replace("Z,", "Z;"),
    ],
    ids=["another-name", "gzip", "shuffled", "crlf", "bom", "no-last-line-break", "another-file"],
)
def test_the_same_readings_in_another_wrapping_exist_and_another_file_does_not(business, march, wrap, request):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    landed = business.rows("landed_files", "file_id")
    business.deliver("power/A-1/again.csv", wrap(march))
    found = business.extract()
    if "another-file" in request.node.name:  # the proof that the comparison can tell files apart
        assert (found.landed, found.exists) == (1, 0)
    else:
        assert (found.landed, found.exists, found.readings) == (0, 1, 0)
        assert business.rows("landed_files", "file_id") == landed
        assert len(business.rows("arrivals", "sha256")) == 2


def test_a_file_that_exists_adds_nothing_to_the_bill(business, march):
    business.bill(march)
    loaded = business.bill(gzip.compress(march.encode()), "power/A-1/again.csv.gz")
    assert loaded.outcome == "exists"
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]


def test_the_same_figures_of_two_accounts_are_two_files(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-2/march.csv", march.replace("3.5", "3.50"))
    assert business.extract().landed == 2


def test_the_very_same_bytes_delivered_for_two_accounts_are_readings_of_both(business, march):
    business.customer("A-2")
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-2/march.csv", march)
    business.extract()
    business.run()
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3), ("C-2", "2025-03", Decimal("6.5"), 3)]


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (pa.array([datetime(2025, 3, 2, 12, tzinfo=UTC)], pa.timestamp("us", "UTC")), pa.array([Decimal("1.500")])),
        (pa.array([datetime(2025, 3, 2, 12, tzinfo=UTC)], pa.timestamp("ms", "Europe/Berlin")), pa.array([1.5])),
        (pa.array([datetime(2025, 3, 2, 12)], pa.timestamp("ns")), pa.array(["1.5"])),  # noqa: DTZ001 a stamp without zone is the case
        (pa.array(["2025-03-02T12:00:00Z"]), pa.array([1.5], pa.float32())),
    ],
    ids=["decimal", "double", "text", "float"],
)
def test_typed_columns_of_a_parquet_file_are_read_to_the_same_reading(business, at, value):
    business.declare("sources/power.yaml", PARQUET)
    business.deliver("power/A-1/march.parquet", _parquet(at=at, value=value))
    assert business.extract().readings == 1, _quarantined_rows(business)
    (path,) = business.rows("landed_files", "path")
    (reading,) = pq.read_table(business.home / "readings" / path).to_pylist()
    assert reading["value"] == Decimal("1.5")
    assert reading["at_us"] == 1_740_916_800_000_000  # 2025-03-02 12:00 UTC


def test_a_double_that_is_no_number_is_quarantined(business):
    business.declare("sources/power.yaml", PARQUET)
    at = ["2025-03-02T00:00:00Z"] * 4
    business.deliver("power/A-1/march.parquet", _parquet(at=at, value=[float("nan"), float("inf"), None, 2.0]))
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (1, 3)
    assert [row[:2] for row in _quarantined_rows(business)] == [
        (1, "unreadable_value"), (2, "unreadable_value"), (3, "missing_value")
    ]  # fmt: skip


def test_a_parquet_file_inside_gzip_is_read(business):
    business.declare("sources/power.yaml", PARQUET)
    packed = gzip.compress(_parquet(at=["2025-03-02T00:00:00Z"], value=["1"]))
    business.deliver("power/A-1/march.parquet.gz", packed)
    assert business.extract().readings == 1


def test_a_file_says_how_far_its_source_has_been_taken(business, march, now):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert business.rows("extractions", "source", "until") == [("power", now)]


def test_the_outcome_is_said_in_one_line(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.deliver("power/A-1/bad.csv", "")
    assert describe(business.extract()) == (
        "power: 1 files landed with 3 readings (0 rows quarantined), 0 known, 1 quarantined whole"
    )
