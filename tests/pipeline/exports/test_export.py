"""A month's usage and rated items as files: exact, the same every time, whole or not at all."""

import csv
import os
import signal
import subprocess
import sys
from datetime import datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa

from pipeline.billing.post import cancel
from pipeline.durable import sha256
from pipeline.exports.export import ExportMismatchError
from pipeline.settings import PROJECT
from pipeline.store import closing, exporting

ALL = [
    "usage.csv", "usage.parquet", "rated_items.csv", "rated_items.parquet", "invoices.csv", "invoices.parquet",
    "invoice_documents.zip", "invoice_documents.jsonl", "workbook.xlsx", "chart.svg",
]  # fmt: skip
NASTY = 'Mühle "Nord", Söhne\nund; Töchter'
KILLED_BEFORE_THE_MANIFEST = """
import os, signal, sys
from pipeline import steps
from pipeline.steps import Workspace
from pipeline.store import exporting
from transforms.period import Period
exporting.note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
workspace = Workspace.open()
steps.export(workspace.store, workspace.catalog, Period.parse("2025-03"), workspace.home)
"""


@pytest.fixture
def billed(business, march):
    """A billed March of two accounts, one with a name that spreadsheets stumble over."""
    business.customer("A-2")
    path = business.inbox / "customers/accounts.csv"
    quoted = NASTY.replace('"', '""')
    path.write_text(path.read_text().replace("Shop 2", f'"{quoted}"'))
    business.register()
    business.deliver("power/A-2/march.csv", march.replace("3.5", "0.000000001"))
    business.bill(march)
    business.rate()
    business.post()
    return business


def _files(business):
    folder = business.home / "exports"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _csv(business, files, what):
    (file,) = [each for each in files if each.what == what and each.path.endswith("csv")]
    with (business.home / "exports" / file.path).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _parquet(business, files, what):
    (file,) = [each for each in files if each.what == what and each.path.endswith("parquet")]
    return pq.read_table(business.home / "exports" / file.path)


def test_all_that_a_period_gives_is_written(billed):
    files = billed.export()
    assert [file.path.split("/")[1].split("-")[0] + "." + file.path.rsplit(".", 1)[1] for file in files] == ALL
    assert set(_files(billed)) == {file.path for file in files} == set(billed.rows("exports", "path"))


def test_every_file_is_what_the_manifest_says(billed):
    hashed = {file.path: sha256(billed.home / "exports" / file.path) for file in billed.export()}
    assert hashed == dict(billed.rows("exports", "path", "sha256"))
    assert all(found[:12] in path for path, found in hashed.items())


def test_control_totals_are_the_sums_counted_by_hand(billed):
    billed.export()
    # 6.5 kWh and 3.000000001 kWh; at 0.25 EUR 1.63, and for 3.001 kWh (rounded up to three decimals) 0.75
    told = billed.rows("exports", "what", "rows", "control_total")
    assert len(told) == len(ALL)
    assert set(told) == {
        ("chart", 2, Decimal("2.38")), ("invoice_documents", 2, Decimal("2.38")), ("invoices", 2, Decimal("2.38")),
        ("rated_items", 2, Decimal("2.38")), ("usage", 2, Decimal("9.500000001")), ("workbook", 2, Decimal("2.38")),
    }  # fmt: skip


def test_the_same_export_again_has_the_same_names_and_bytes_and_no_new_entry(billed):
    first, files = billed.export(), _files(billed)
    before = billed.contents()
    assert billed.export() == first
    assert _files(billed) == files
    assert billed.contents() == before


@pytest.mark.parametrize("what", ["usage", "rated_items", "invoices"])
def test_csv_and_parquet_hold_the_same(billed, what):
    files = billed.export()
    texts, table = _csv(billed, files, what), _parquet(billed, files, what)
    assert len(texts) == table.num_rows == 2
    assert list(texts[0]) == table.schema.names
    for text, typed in zip(texts, table.to_pylist(), strict=True):
        for name, value in typed.items():
            if isinstance(value, Decimal):
                assert Decimal(text[name]) == value
            elif hasattr(value, "isoformat"):
                assert datetime.fromisoformat(text[name]) == value
            else:
                assert text[name] == ("" if value is None else str(value))


def test_exact_figures_are_decimals_in_parquet_and_texts_are_texts(billed):
    table = _parquet(billed, billed.export(), "usage")
    types = {field.name: str(field.type) for field in table.schema}
    assert types["quantity"] == "decimal128(22, 9)"
    assert types["account_number"] == "string"
    assert types["start_at"] == "timestamp[us, tz=UTC]"
    assert table["quantity"].to_pylist() == [Decimal("6.500000000"), Decimal("3.000000001")]


def test_text_with_quotes_commas_and_line_breaks_survives(billed):
    files = billed.export()
    assert [row["account_name"] for row in _csv(billed, files, "rated_items")] == ["Mill", NASTY]
    assert _parquet(billed, files, "rated_items")["account_name"].to_pylist() == ["Mill", NASTY]


def test_text_that_a_spreadsheet_would_run_gets_a_quote_in_csv_and_stays_as_it_is_in_parquet(billed):
    path = billed.inbox / "customers/accounts.csv"
    path.write_text(path.read_text().replace("Mill", "=1+1"))
    billed.register()
    files = billed.export()
    for what in ("usage", "rated_items", "invoices"):
        texts, table = _csv(billed, files, what), _parquet(billed, files, what)
        assert [row["account_name"] for row in texts] == ["'=1+1", NASTY]
        assert table["account_name"].to_pylist() == ["=1+1", NASTY]


def test_a_month_without_anything_is_exported_as_headers(business):
    files = business.export("2025-05")
    assert {(file.rows, file.control_total) for file in files} == {(0, 0)}
    assert _csv(business, files, "usage") == []
    assert _parquet(business, files, "usage").num_rows == 0


def test_new_usage_is_another_file_beside_the_first(billed):
    first = {file.path for file in billed.export()}
    billed.customer("A-3")
    billed.deliver("power/A-3/april.csv", "at,value\n2025-04-02T00:00:00Z,1\n")
    billed.extract()
    billed.run(period="2025-04")
    second = {file.path for file in billed.export("2025-04")}
    assert not first & second
    assert set(_files(billed)) == first | second


def test_a_file_that_does_not_hold_what_the_store_counts_is_never_published(billed, monkeypatch):
    control = exporting.control

    def one_more(connection, rows, summed):
        count, total = control(connection, rows, summed)
        return count, total + Decimal("0.000000001")

    monkeypatch.setattr(exporting, "control", one_more)
    with pytest.raises(ExportMismatchError, match=r"usage: the store has 2 rows and 9\.500000002"):
        billed.export()
    assert _files(billed) == {}
    assert billed.rows("exports", "path") == []


def test_an_export_killed_between_files_and_manifest_leaves_no_entry_and_is_made_good(billed, tmp_path):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("METERBRIDGE")}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_THE_MANIFEST],
        env=kept | billed.environment | {"PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(_files(billed)) == len(ALL)
    assert billed.rows("exports", "path") == []
    files = billed.export()
    assert set(_files(billed)) == {file.path for file in files} == set(billed.rows("exports", "path"))


def test_rated_items_and_usage_name_the_invoice_that_billed_them(billed):
    billed.deliver("power/A-1/late.csv", "at,value\n2025-03-05T00:00:00Z,10\n")
    billed.extract()
    billed.run()
    billed.rate()
    billed.post()
    files = billed.export()
    # The second bill run rates all usage of A-1 again: 16.5 kWh for 4.13, of which 1.63 was billed.
    items = [
        (row["account_number"], row["invoice_number"], row["amount"]) for row in _csv(billed, files, "rated_items")
    ]
    assert items == [
        ("A-1", "INV-00000001", "1.630000000"), ("A-1", "INV-00000003", "2.500000000"),
        ("A-2", "INV-00000002", "0.750000000"),
    ]  # fmt: skip
    usage = [(row["quantity"], row["invoice_number"]) for row in _csv(billed, files, "usage")]
    assert sorted(usage) == [
        ("10.000000000", "INV-00000003"), ("3.000000001", "INV-00000002"), ("6.500000000", "INV-00000001")
    ]  # fmt: skip


def test_the_invoices_say_whose_they_are_and_what_they_come_to(billed):
    (first, second) = _csv(billed, billed.export(), "invoices")
    assert {name: first[name] for name in ("invoice_number", "kind", "account_number", "account_name", "currency")} == {
        "invoice_number": "INV-00000001", "kind": "invoice", "account_number": "A-1", "account_name": "Mill",
        "currency": "EUR",
    }  # fmt: skip
    assert (first["amount"], first["items"], first["period"], first["bill_run"]) == ("1.630000000", "1", "2025-03", "1")
    assert second["account_name"] == NASTY


def test_what_is_rated_and_not_posted_is_in_no_export_but_its_usage(business, march):
    business.bill(march)
    business.rate()
    files = business.export()
    assert {file.what: file.rows for file in files} == {
        "usage": 1, "rated_items": 0, "invoices": 0, "invoice_documents": 0, "workbook": 0, "chart": 0
    }  # fmt: skip
    (usage,) = _csv(business, files, "usage")
    assert (usage["status"], usage["invoice_number"]) == ("Processed", "")


def test_an_export_that_comes_to_what_an_earlier_one_was_is_the_latest_again(business, march):
    business.bill(march)
    first = [file.path for file in business.export()]
    run = business.rate().bill_run_id
    business.export()
    cancel(business.store, run, by="ann", reason="too early")
    assert [file.path for file in business.export()] == first
    with business.store.begin() as connection:
        assert {row["path"] for row in closing.exported(connection, "2025-03")} == set(first)


def test_a_period_that_came_to_another_status_since_is_exported_again(billed):
    billed.export()
    with billed.store.begin() as connection:
        assert exporting.billed_since(connection) == []
        connection.execute(sa.text("UPDATE exports SET written_at = written_at - interval '1 hour'"))
        assert [str(period) for period in exporting.billed_since(connection)] == ["2025-03"]
