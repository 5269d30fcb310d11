"""NEM12 files as they arrive: in any wrapping, twice, damaged, or with another word on an interval."""

import gzip
from decimal import Decimal

import pytest
from nem12_files import SMALL, SOURCE, example, plain_sums
from packed import zipped


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("empty", "empty_file: it holds no day (record 300)"),
        ("incomplete_interval", "wrong_interval_count: line 3: 2004-02-01 has 0 intervals of 48"),
        (
            "missing_header",
            "missing_header: line 2: the first record is '200', where 100,NEM12 must stand; "
            "format.framed: false takes it",
        ),
    ],
)
def test_each_broken_real_file_is_quarantined_whole_with_the_line(business, name, reason):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/bad.csv", example(name).read_bytes())
    found = business.extract()
    assert (found.landed, found.quarantined, found.readings) == (0, 1, 0)
    assert business.rows("arrivals", "reason") == [reason]
    assert business.rows("landed_files", "file_id") == []


def test_a_value_that_is_missing_is_quarantined_with_line_and_place_and_the_others_land(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver("power/february.csv", SMALL.replace("300,20040201,1.5,1.5,1.5", "300,20040201,1.5,,x1", 1))
    found = business.extract()
    assert (found.readings, found.rows_quarantined) == (46, 2)
    assert business.rows("quarantined_rows", "row", "reason") == [(3002, "missing_value"), (3003, "unreadable_value")]


def test_the_same_month_in_any_wrapping_lands_once(business):
    business.declare("sources/power.yaml", SOURCE)
    text = example("month_solar").read_bytes()
    wrapped = {
        "plain": text,
        "gzip": gzip.compress(text),
        "zip": zipped(("march.csv", text)),
        "crlf": text.replace(b"\n", b"\r\n"),
        "cr": text.replace(b"\n", b"\r"),
        "bom": b"\xef\xbb\xbf" + text,
        "spreadsheet": text.replace(b"\n900", b"\n\n900,,,,"),
    }
    for name, content in wrapped.items():
        business.deliver(f"power/{name}", content)
    found = business.extract()
    assert (found.landed, found.exists, found.readings) == (1, len(wrapped) - 1, 17856)
    business.deliver("power/other", text.replace(b",.005,", b",.006,", 1))
    assert business.extract().landed == 1


def test_an_estimate_that_was_replaced_counts_no_more_in_any_order_of_the_files(business):
    business.declare(
        "sources/power.yaml",
        SOURCE.replace("subscription: suffix, ", "").replace("interval}", "interval, revision: revision}"),
    )
    business.customer("N1", time_zone="Australia/Brisbane")
    actual = SMALL.replace("20040201", "20250201").replace("20040202", "20250203")
    estimate = actual.replace("20250201,1.5", "20250201,2.5", 1).replace(",A,,,20250203", ",E52,,,20250202")
    business.deliver("power/a.csv", actual)
    business.deliver("power/b.csv", estimate)
    assert business.extract().readings == 96
    business.run(period="2025-02")
    assert business.quantities() == [("C-N1", "2025-02", Decimal("72.0"), 48)]  # 48 x 1.5


def test_an_interval_delivered_again_counts_once_and_one_whose_value_was_replaced_is_set_aside(business):
    business.declare("sources/power.yaml", SOURCE.replace("subscription: suffix, ", ""))
    business.customer("N1", time_zone="Australia/Brisbane")
    first = SMALL.replace("20040201", "20250201")
    business.deliver("power/first.csv", first)
    business.deliver("power/again.csv", first.replace("20250201,1.5", "20250201,2.5", 1))
    assert business.extract().readings == 96
    business.run(period="2025-02")
    assert business.quantities() == [("C-N1", "2025-02", Decimal("70.5"), 47)]  # 47 x 1.5
    assert business.rows("ledger_lines", "place", "reason", "rows") == [
        ("duplicate", "same_content", 47), ("quarantined", "conflicting_duplicate", 2),
    ]  # fmt: skip


def test_the_sum_of_a_month_is_the_one_that_plain_arithmetic_finds(business):
    business.declare("sources/power.yaml", SOURCE)
    business.deliver(
        "customers/accounts.csv",
        "account_number,name,currency,time_zone,status\nNMI1234567,Roof,EUR,Australia/Brisbane,Active\n",
    )
    business.deliver(
        "customers/subscribed_charges.csv",
        "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
        "C-IN,B1,NMI1234567,energy,2020-01-01T00:00:00Z,,Active\n"
        "C-OUT,E1,NMI1234567,energy,2020-01-01T00:00:00Z,,Active\n",
    )
    business.register()
    business.deliver("power/march.csv", example("month_solar").read_bytes())
    business.extract()
    business.run(period="2023-03")
    sums = plain_sums(example("month_solar"))
    assert business.quantities() == [
        ("C-IN", "2023-03", sums["NMI1234567", "B1"], 31 * 288),
        ("C-OUT", "2023-03", sums["NMI1234567", "E1"], 31 * 288),
    ]
