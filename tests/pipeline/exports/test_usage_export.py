"""Usage as files: by filter, whole or since a watermark; every digit kept, nothing lost between two exports."""

import csv
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from python_calamine import CalamineWorkbook
from uploaded_usage import uploaded

from pipeline.commands.usage import export_usage as command
from pipeline.exports.usage_export import ExportRefusedError, export_usage
from pipeline.store.following import UsageFilter
from transforms.period import Period
from transforms.upload.usage_file import UnfitRecordError

LONG = Decimal("1234567890123.123456789")  # more digits than a double holds
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def _export(business, form="csv", since=None, **wanted):
    return export_usage(business.store, business.home, UsageFilter(**wanted), form, since=since)


def _rows(exported):
    with exported.path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _told(exported):
    return [(int(row["record_id"]), row["status"]) for row in _rows(exported)]


def test_a_row_tells_what_was_used_by_whom_whence_it_came_and_what_became_of_it(business, march):
    business.bill(march)
    run = business.rate()
    found = _export(business)
    (row,) = _rows(found)
    assert (found.rows, found.control_total) == (1, Decimal("6.5"))
    told = {name: row[name] for name in (
        "status", "account_number", "account_name", "subscription_number", "charge_number", "charge", "period",
        "start_at", "end_at", "uom", "quantity", "readings", "source_type", "file_name", "bill_run_id",
    )}  # fmt: skip
    assert told == {
        "status": "Processed", "account_number": "A-1", "account_name": "Mill", "subscription_number": "S-1",
        "charge_number": "C-1", "charge": "energy", "period": "2025-03", "start_at": "2025-03-01T00:00:00+00:00",
        "end_at": "2025-04-01T00:00:00+00:00", "uom": "kwh", "quantity": "6.500000000", "readings": "3",
        "source_type": "Meter", "file_name": "", "bill_run_id": run.bill_run_id,
    }  # fmt: skip
    assert [row["import_id"]] == business.rows("imports", "import_id")


def test_an_upload_s_row_bears_its_file_its_key_and_what_it_corrects(business):
    uploaded(business.store, {"unique_key": "k-1", "corrects": 12, "custom_fields": {"REGION__c": "eu"}})
    (row,) = _rows(_export(business))
    names = ("file_name", "unique_key", "corrects", "custom_fields", "end_at")
    assert [row[name] for name in names] == ["march.csv", "k-1", "12", '{"REGION__c": "eu"}', ""]


@pytest.mark.parametrize("form", ["csv", "xlsx", "parquet"])
def test_the_same_usage_gives_the_same_file_with_its_count_and_control_total(business, form):
    uploaded(business.store, {"quantity": LONG}, {"quantity": Decimal("0.000000001")}, {"quantity": Decimal(7)})
    found, again = _export(business, form), _export(business, form)
    assert (found.rows, found.control_total) == (3, LONG + 7 + Decimal("0.000000001"))
    assert (again.path, again.path.parent) == (found.path, business.home / "exports" / "usage")
    names = [each.name for each in (business.home / "exports").rglob("*") if each.is_file()]
    assert names == [found.path.name]
    assert business.rows("exports", "path", "rows", "period") == [(f"usage/{found.path.name}", 3, "")]


def test_an_export_by_filter_does_not_stand_for_the_export_of_its_period(business, march):
    business.bill(march)
    business.rate()
    business.export()
    before = business.rows("exports WHERE period <> ''", "path")
    _export(business, period=Period.parse("2025-03"))
    assert business.rows("exports WHERE period <> ''", "path") == before


@pytest.mark.parametrize(
    ("wanted", "which"),
    [
        ({}, [0, 1, 2, 3]),
        ({"account_number": "A-2"}, [3]),
        ({"charge": "C-1"}, [0, 1]),
        ({"charge": "energy"}, [0, 1, 3]),
        ({"subscription_number": "S-2"}, [3]),
        ({"period": Period.parse("2025-04")}, [1]),
        ({"status": "Processed"}, []),
        ({"status": "Pending", "charge": "C-2"}, [3]),
        ({"start_from": datetime(2025, 3, 10, tzinfo=UTC), "start_to": datetime(2025, 4, 1, tzinfo=UTC)}, [0, 2, 3]),
        ({"start_from": datetime(2025, 4, 1, tzinfo=UTC)}, [1]),
        ({"import_id": "f" * 32}, []),
    ],
)
def test_an_export_holds_what_its_filter_lets_through(business, wanted, which):
    business.customer("A-2")
    _, numbers = uploaded(
        business.store,
        {},
        {"period": "2025-04", "start_at": datetime(2025, 4, 1, tzinfo=UTC)},
        {"charge_number": None, "charge": None, "uom": "gallon"},
        {"account_number": "A-2", "subscription_number": "S-2", "charge_number": "C-2"},
    )
    assert [int(row["record_id"]) for row in _rows(_export(business, **wanted))] == [numbers[each] for each in which]


def test_a_spreadsheet_holds_numbers_as_numbers_and_as_text_where_one_would_lose_digits(business):
    uploaded(
        business.store, {"quantity": Decimal("6.5")}, {"quantity": LONG}, {"quantity": Decimal("123456789012.345")}
    )
    sheet = CalamineWorkbook.from_path(_export(business, "xlsx").path).get_sheet_by_index(0).to_python()
    column = sheet[0].index("quantity")
    assert [row[column] for row in sheet[1:]] == [6.5, "1234567890123.123456789", 123456789012.345]
    assert [row[0] for row in sheet[1:]] == [1, 2, 3]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_text_that_is_a_formula_is_harmless_in_a_spreadsheet(business, form):
    uploaded(business.store, {"description": '=HYPERLINK("http://example.com")', "unique_key": "@k"})
    exported = _export(business, form)
    if form == "csv":
        (row,) = _rows(exported)
    else:
        row = dict(zip(*CalamineWorkbook.from_path(exported.path).get_sheet_by_index(0).to_python(), strict=True))
    assert (row["description"], row["unique_key"]) == ('\'=HYPERLINK("http://example.com")', "'@k")


def test_parquet_holds_exact_decimals_instants_and_the_text_as_it_is(business):
    uploaded(business.store, {"quantity": LONG, "description": "=1+1"})
    (row,) = pq.read_table(_export(business, "parquet").path).to_pylist()
    assert (row["quantity"], row["description"]) == (LONG, "=1+1")
    assert (row["start_at"], row["end_at"]) == (datetime(2025, 3, 10, tzinfo=UTC), None)


def test_the_platform_s_own_file_holds_what_is_pending(business, march):
    business.bill(march)
    business.rate()
    uploaded(business.store, {"quantity": Decimal("2.50"), "custom_fields": {"REGION__c": "eu"}, "unique_key": "k-1"})
    found = _export(business, "platform")
    assert found.path.read_text() == (
        "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION,PRODUCT_RATE_PLAN_CHARGE_ID,"
        "UNIQUE_KEY,REGION__C\nA-1,kwh,2.5,03/10/2025,,S-1,C-1,,,k-1,eu\n"
    )
    assert len(found.path.name) <= 50


def test_a_formula_is_refused_in_the_platform_s_own_file_and_no_file_is_written(business):
    uploaded(business.store, {}, {"description": "=1+1"})
    with pytest.raises(UnfitRecordError, match=r"record 2, DESCRIPTION '=1\+1': text_formula; nothing was written"):
        _export(business, "platform")
    assert [path for path in (business.home / "exports").rglob("*") if path.is_file()] == []
    assert business.rows("exports", "path") == []


@pytest.mark.parametrize(
    ("form", "wanted", "since", "told"),
    [
        ("docx", {}, None, "there is no form 'docx'"),
        ("platform", {"status": "Processed"}, None, "holds all Pending usage"),
        ("platform", {}, LONG_AGO, "cannot say that a record is gone"),
        ("csv", {"status": "Pending"}, LONG_AGO, "leave the status out"),
        ("csv", {}, datetime(2025, 1, 1), "with its offset from UTC"),
    ],
)
def test_an_export_that_would_mislead_is_refused(business, form, wanted, since, told):
    with pytest.raises(ExportRefusedError, match=told):
        _export(business, form, since, **wanted)


def test_the_command_writes_what_its_options_let_through_and_names_the_watermark(named):
    uploaded(named.store, {"quantity": Decimal(2)}, {"quantity": Decimal(3), "period": "2025-04"})
    shown = CliRunner().invoke(command, ["--period", "2025-04", "--account", "A-1"], catch_exceptions=False)
    assert "1 rows, control total 3.000000000; follow with --since 20" in shown.output
    wrong = CliRunner().invoke(command, ["--since", "yesterday"])
    assert (wrong.exit_code, "'yesterday' is no instant" in wrong.output) == (2, True)
