"""Rows that are no readings are set aside with reason and row number; the others land, exact to the digit."""

from decimal import Decimal

import pyarrow.parquet as pq
import pytest

HEADER = "at,value\n"
GOOD = "2025-03-02T00:00:00Z,1\n"


def _quarantined_rows(business):
    return business.rows("quarantined_rows", "row", "reason", "raw")


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


def test_of_a_date_without_its_time_both_texts_are_kept(business):
    apart = "source: power\nfiles: power/{account}/*\ncolumns: {at: Date, at_time: Time, value: kWh}\n"
    business.declare("sources/power.yaml", apart)
    business.deliver("power/A-1/march.csv", "Date,Time,kWh\n2025-03-02,00:15,1\n2025-03-02,,2\n2025-03-02,noon,3\n")
    assert business.extract().readings == 1
    assert _quarantined_rows(business) == [
        (2, "missing_at", "2025-03-02\x1f\x1f2"), (3, "unreadable_at", "2025-03-02\x1fnoon\x1f3"),
    ]  # fmt: skip


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
