"""A month's usage and rated items as files: exact, the same every time, whole or not at all."""

import csv
import os
import signal
import subprocess
import sys
from decimal import Decimal

import pyarrow.parquet as pq
import pytest

from pipeline.durable import sha256
from pipeline.export import ExportMismatchError
from pipeline.settings import PROJECT
from pipeline.store import exporting

NASTY = 'Mühle "Nord", Söhne\nund; Töchter'
KILLED_BEFORE_THE_MANIFEST = """
import os, signal, sys
from pathlib import Path
from pipeline import steps
from pipeline.store import exporting
from pipeline.store.engine import connect
from transforms.period import Period
exporting.note = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
steps.export(connect(sys.argv[1]), Period.of_month(2025, 3), Path(sys.argv[2]))
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


def test_usage_and_rated_items_are_written_as_csv_and_parquet(billed):
    files = billed.export()
    assert sorted(file.path.split("/")[1].split("-")[0] + "." + file.path.rsplit(".", 1)[1] for file in files) == [
        "rated_items.csv", "rated_items.parquet", "usage.csv", "usage.parquet"
    ]  # fmt: skip
    assert set(_files(billed)) == {file.path for file in files} == set(billed.rows("exports", "path"))


def test_every_file_is_what_the_manifest_says(billed):
    for file in billed.export():
        assert sha256(billed.home / "exports" / file.path) == file.sha256
        assert file.sha256[:12] in file.path


def test_control_totals_are_the_sums_counted_by_hand(billed):
    billed.export()
    # 6.5 kWh and 3.000000001 kWh; at 0.25 EUR 1.63, and for 3.001 kWh (rounded up to three decimals) 0.75
    assert billed.rows("exports", "what", "rows", "control_total") == [
        ("rated_items", 2, Decimal("2.38")), ("rated_items", 2, Decimal("2.38")),
        ("usage", 2, Decimal("9.500000001")), ("usage", 2, Decimal("9.500000001")),
    ]  # fmt: skip


def test_the_same_export_again_has_the_same_names_and_bytes_and_no_new_entry(billed):
    first, files = billed.export(), _files(billed)
    before = billed.contents()
    assert billed.export() == first
    assert _files(billed) == files
    assert billed.contents() == before


@pytest.mark.parametrize("what", ["usage", "rated_items"])
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
                assert text[name] == value.strftime("%Y-%m-%d %H:%M:%S+00")
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
    url = billed.store.url.render_as_string(hide_password=False)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_THE_MANIFEST, url, str(billed.home)],
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        cwd=tmp_path,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(_files(billed)) == 4
    assert billed.rows("exports", "path") == []
    files = billed.export()
    assert set(_files(billed)) == {file.path for file in files} == set(billed.rows("exports", "path"))
