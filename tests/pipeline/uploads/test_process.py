"""A usage file is loaded as a whole or not at all, and every problem is told at once."""

import io
import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
import workbooks
import xlsxwriter

from pipeline.documents import CatalogError
from pipeline.store import locks
from pipeline.uploads.process import process_waiting
from pipeline.uploads.submit import UnknownImportError, cancel
from transforms.upload.reasons import Reason

MARCH_2 = {"QTY": "2.5", "STARTDATE": "03/02/2025", "DESCRIPTION": "second"}


def test_a_good_file_becomes_pending_usage_of_the_charge_that_counts_its_unit(desk, usage_file):
    found = desk.load(usage_file({}, MARCH_2))
    assert (found["status"], found["total_count"], found["imported_count"], found["control_total"]) == (
        "Completed", 2, 2, Decimal("3.5"),
    )  # fmt: skip
    columns = ("period", "subscription_number", "charge", "uom", "description", "status", "import_id")
    assert desk.rows("usage_records", *columns) == [
        ("2025-03", "S-1", "energy", "kwh", "", "Pending", found["import_id"]),
        ("2025-03", "S-1", "energy", "kwh", "second", "Pending", found["import_id"]),
    ]
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "2.5")]


def test_an_alias_is_counted_in_the_charges_unit_by_its_exact_factor(desk, usage_file):
    desk.loaded(usage_file({"UOM": "wh", "QTY": "1500"}))
    assert desk.rows("usage_records", "uom", "quantity") == [("kwh", Decimal("1.5"))]


def test_a_date_alone_is_midnight_on_the_accounts_clock(desk, usage_file):
    desk.customer("A-3", time_zone="America/New_York")
    desk.loaded(usage_file({"ACCOUNT_ID": "A-3", "STARTDATE": "2025-03-01", "ENDDATE": "2025-04-01"}))
    ((start, end, period),) = desk.rows("usage_records", "start_at", "end_at", "period")
    # The clocks went forward on 9 March: five hours behind UTC before, four after.
    assert (start.isoformat(), end.isoformat(), period) == (
        "2025-03-01T05:00:00+00:00", "2025-04-01T04:00:00+00:00", "2025-03",
    )  # fmt: skip


WRONG = [
    ({"ACCOUNT_ID": ""}, {"account_missing"}),
    ({"ACCOUNT_ID": "Mill"}, {"account_unknown"}),
    ({"ACCOUNT_ID": "A-4"}, {"account_inactive"}),
    ({"UOM": ""}, {"uom_missing"}),
    ({"UOM": "KWH"}, {"uom_unknown"}),
    ({"ACCOUNT_ID": "A-2"}, {"uom_rejected"}),
    ({"ACCOUNT_ID": "A-2", "CHARGE_ID": "C-2"}, {"uom_rejected"}),
    ({"QTY": ""}, {"quantity_missing"}),
    ({"QTY": "1e3"}, {"quantity_malformed"}),
    ({"QTY": "-1"}, {"quantity_negative"}),
    ({"QTY": "12345678901234"}, {"quantity_too_large"}),
    ({"QTY": "0.1234567891"}, {"quantity_too_fine"}),
    ({"QTY": "0.1234567", "UOM": "wh"}, {"quantity_not_exact"}),
    ({"STARTDATE": ""}, {"start_missing"}),
    ({"STARTDATE": "31/12/2025"}, {"start_malformed"}),
    ({"ENDDATE": "soon"}, {"end_malformed"}),
    ({"ENDDATE": "02/28/2025"}, {"end_before_start"}),
    ({"ACCOUNT_ID": "A-3", "STARTDATE": "2025-10-26T02:30:00"}, {"date_unclear"}),
    ({"SUBSCRIPTION_ID": "S-9"}, {"subscription_unknown"}),
    ({"SUBSCRIPTION_ID": "S-2"}, {"subscription_of_another"}),
    ({"SUBSCRIPTION_ID": "S-8"}, {"subscription_inactive"}),
    ({"CHARGE_ID": "C-9"}, {"charge_unknown"}),
    ({"CHARGE_ID": "C-2", "UOM": "hour"}, {"charge_of_another"}),
    ({"CHARGE_ID": "C-8"}, {"charge_inactive"}),
    ({"CHARGE_ID": "C-7"}, {"charge_not_usage"}),
    ({"CHARGE_ID": "C-1", "SUBSCRIPTION_ID": "S-7"}, {"charge_not_in_subscription"}),
    ({"ACCOUNT_ID": "A-5"}, {"charge_ambiguous"}),
    ({"PRODUCT_RATE_PLAN_CHARGE_ID": "heat"}, {"product_charge_unknown"}),
    ({"PRODUCT_RATE_PLAN_CHARGE_ID": "storage", "CHARGE_ID": "C-1"}, {"product_charge_other"}),
    ({"DESCRIPTION": "x" * 201}, {"description_too_long"}),
    ({"DESCRIPTION": "=1+1"}, {"text_formula"}),
    ({"DESCRIPTION": "up \U0001f680"}, {"text_illegal"}),
    ({"UNIQUE_KEY": "k" * 255}, {"unique_key_too_long"}),
    ({"SUBSCRIPTION_ID": "S" * 101}, {"text_too_long"}),
    ({"REGION__C": "x" * 256}, {"custom_too_long"}),
    ({"ACCOUNT_ID": "", "QTY": "", "STARTDATE": "x"}, {"account_missing", "quantity_missing", "start_malformed"}),
    ({"ACCOUNT_ID": "Mill", "UOM": "KWH", "QTY": "x", "SUBSCRIPTION_ID": "S-9", "CHARGE_ID": "C-9"}, {
        "account_unknown", "uom_unknown", "quantity_malformed", "subscription_unknown", "charge_unknown",
    }),
]  # fmt: skip


def test_every_wrong_row_is_refused_for_every_reason_at_once_and_nothing_is_loaded(shop, usage_file):
    found = shop.load(usage_file({}, *(row for row, _ in WRONG)))
    assert (found["status"], found["imported_count"], found["total_count"]) == ("Failed", 0, len(WRONG) + 1)
    first, *others = shop.result(found)
    assert (first["OUTCOME"], first["REMARKS"]) == ("not loaded", "")
    told = [set(re.findall(r"[a-z_]+", each["REMARKS"])) & set(Reason) for each in others]
    assert told == [codes for _, codes in WRONG]
    assert shop.usage() == []


@pytest.fixture
def shop(desk):
    """Accounts and charges in every state that a row can meet."""
    desk.customer("A-3", "C-3", time_zone="Europe/Berlin")
    desk.customer("A-4", "C-4", status="Suspended")
    desk.customer("A-5", "C-5")
    charges = desk.inbox / "customers" / "subscribed_charges.csv"
    with charges.open("a") as file:
        file.write("C-55,S-5,A-5,credit,2020-01-01T00:00:00Z,,Active\n")
        file.write("C-8,S-8,A-1,energy,2020-01-01T00:00:00Z,,Canceled\n")
    desk.declare("charges/heat.yaml", STRANGER)
    with charges.open("a") as file:
        file.write("C-7,S-7,A-1,heat,2020-01-01T00:00:00Z,,Active\n")
    desk.register()
    (desk.catalog_folder / "charges" / "heat.yaml").unlink()
    return desk


STRANGER = "charge: heat\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"


def test_all_that_is_wrong_in_many_rows_is_told_at_once(desk, usage_file):
    found = desk.load(usage_file({"QTY": "x"}, {}, {"UOM": "volt", "QTY": ""}))
    assert found["status_reason"].splitlines() == [
        "3 problems in 2 rows",
        "row 1 (line 2), QTY: quantity_malformed 'x'; write a plain decimal number such as 1137.5: no exponent, no "
        "thousands separators",
        "row 3 (line 4), QTY: quantity_missing; give the quantity",
        "row 3 (line 4), UOM: uom_unknown 'volt'; use a unit of measure that is defined, or define it first",
    ]
    assert [(each["ROW"], each["OUTCOME"]) for each in desk.result(found)] == [
        ("1", "refused"), ("2", "not loaded"), ("3", "refused"),
    ]  # fmt: skip


def test_a_file_with_more_problems_than_can_be_listed_counts_them_all(desk, usage_file):
    found = desk.load(usage_file(*[{"QTY": "x"}] * 300))
    assert len(found["status_reason"]) <= 2000
    assert found["status_reason"].startswith("300 problems in 300 rows")
    assert found["status_reason"].endswith(" more: see the result file")
    assert sum(each["REMARKS"] != "" for each in desk.result(found)) == 300


def test_the_same_unique_key_twice_names_both_rows(desk, usage_file):
    found = desk.load(usage_file({"UNIQUE_KEY": "k"}, {}, {"UNIQUE_KEY": "k"}))
    assert "row 3 (line 4), UNIQUE_KEY: unique_key_twice 'k' (as in row 1, line 2)" in found["status_reason"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"ACCOUNT_ID,UOM\nA-1,kwh\n", Reason.COLUMN_MISSING),
        (b"ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n", Reason.NO_ROWS),
    ],
)
def test_a_file_without_columns_or_rows_fails(desk, content, code):
    assert code in desk.load(content)["validation"]["codes"]


def test_an_empty_row_between_others_and_a_ragged_one_are_told_by_their_lines(desk, usage_file):
    lines = usage_file({}, {}, {}).splitlines(keepends=True)
    found = desk.load(b"".join([*lines[:2], b"\r\n", lines[2], b"A-1,kwh\r\n", b"\r\n", b",,,\r\n"]))
    assert [line.split(";")[0] for line in found["status_reason"].splitlines()[1:]] == [
        "row 2 (line 3): row_empty", "row 4 (line 5): row_ragged '2 fields'",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("row", "code", "charge"),
    [
        ({"UOM": "hour"}, "no_charge", None),
        ({"UOM": "hour", "CHARGE_ID": "C-1"}, "uom_other", "C-1"),
        ({"STARTDATE": "12/31/2019"}, "start_outside", "C-1"),
    ],
)
def test_what_no_bill_run_will_take_is_loaded_with_a_caution(desk, usage_file, row, code, charge):
    found = desk.load(usage_file(row))
    assert found["status"] == "Completed"
    assert any(f"{code} " in line or f"{code};" in line for line in found["validation"]["listed"])
    assert code in desk.result(found)[0]["REMARKS"]
    assert desk.rows("usage_records", "charge_number") == [charge]


def test_of_two_charges_of_one_unit_the_one_that_was_subscribed_to_then_takes_the_usage(desk, usage_file):
    desk.customer("A-5", "C-5")
    with (desk.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
        file.write("C-55,S-5,A-5,credit,2026-01-01T00:00:00Z,,Active\n")
    desk.register()
    desk.loaded(usage_file({"ACCOUNT_ID": "A-5"}))
    assert desk.rows("usage_records", "charge_number") == ["C-5"]


def test_usage_of_a_charge_that_a_meter_bills_too_is_loaded_with_a_caution(desk, usage_file):
    found = desk.load(usage_file({"QTY": "4"}))
    (told,) = found["validation"]["listed"]
    assert told.startswith("row 1 (line 2), CHARGE_ID: metered 'energy'; a meter bills the charge too")
    (desk.catalog_folder / "meters/energy.yaml").unlink()
    assert desk.load(usage_file({"QTY": "5"}))["validation"]["cautions"] == 0


def test_usage_of_a_billed_period_is_loaded_with_a_caution_and_the_next_run_bills_the_difference(desk, usage_file):
    desk.loaded(usage_file({"QTY": "4"}))
    desk.bill_run()
    found = desk.load(usage_file({"QTY": "2"}))
    assert any("period_billed '2025-03'" in line for line in found["validation"]["listed"])
    desk.bill_run()
    assert desk.rows("rated_items", "amount") == [Decimal("0.50"), Decimal("1.00")]  # 0.25 EUR for each kWh


def _sheet(rows):
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"default_date_format": "yyyy-mm-dd hh:mm"}) as workbook:
        sheet = workbook.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_workbook_is_loaded_like_the_csv_file_of_the_same_usage(desk, usage_file, kind):
    names, *rows = [line.split(",") for line in usage_file({}, MARCH_2).decode().splitlines()]
    cells = [names, *([float(cell) if at == 2 else cell for at, cell in enumerate(row)] for row in rows)]
    content = _sheet(cells) if kind == "xlsx" else workbooks.xls(cells)
    desk.loaded(content, f"usage.{kind}")
    assert desk.usage() == [("C-1", None, "1"), ("C-1", None, "2.5")]
    assert desk.submit(usage_file({}, MARCH_2)).outcome == "exists"


def test_a_workbooks_own_dates_and_numbers_are_taken_as_they_are_and_never_rounded(desk):
    names = ["ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID", "DESCRIPTION"]
    desk.loaded(_sheet([names, ["A-1", "kwh", 0.1, datetime(2025, 3, 1, 12)]]), "usage.xlsx")
    assert desk.rows("usage_records", "quantity", "start_at") == [
        (Decimal("0.1"), datetime(2025, 3, 1, 12, tzinfo=UTC))
    ]
    found = desk.load(_sheet([names, ["A-1", "kwh", 1 / 3, datetime(2025, 3, 1)]]), "usage.xlsx")
    assert "QTY: quantity_too_fine '0.3333333333333333'" in found["status_reason"]


def test_an_upload_that_waits_too_long_for_a_lock_keeps_no_other_back(desk, usage_file):
    kept, other = desk.submit(usage_file({})), desk.submit(usage_file({"STARTDATE": "04/01/2025"}))
    impatient = sa.create_engine(desk.store.url, connect_args={"options": "-c lock_timeout=100"})
    with desk.store.begin() as alone:
        locks.exclusive(alone, "2025-03")
        with pytest.raises(sa.exc.OperationalError, match="lock timeout"):
            process_waiting(impatient, desk.catalog, desk.home)
    impatient.dispose()
    assert dict(desk.rows("imports", "import_id", "status")) == {
        kept.import_id: "Processing", other.import_id: "Completed",
    }  # fmt: skip
    assert [each["import_id"] for each in process_waiting(desk.store, desk.catalog, desk.home)] == [kept.import_id]


def test_the_status_and_the_event_stand_together(desk, usage_file):
    good, bad = desk.load(usage_file({})), desk.load(usage_file({"QTY": "x"}))
    assert desk.rows("events", "kind", "subject") == [
        ("import_failed", bad["import_id"]), ("import_succeeded", good["import_id"]),
    ]  # fmt: skip


def test_a_result_file_holds_the_outcome_of_every_row_and_nothing_a_spreadsheet_would_run(desk, usage_file):
    found = desk.load(usage_file({"ACCOUNT_ID": "=cmd"}, {}))
    first, second = desk.result(found)
    assert first["OUTCOME"] == "refused"
    assert "text_formula" in first["REMARKS"]
    assert second["OUTCOME"] == "not loaded"
    found = desk.load(usage_file({}))
    assert [each["RECORD_ID"] for each in desk.result(found)] == [
        str(each) for each in desk.rows("usage_records", "record_id")
    ]


def test_what_waits_is_taken_up_and_what_a_dead_worker_left_too(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    left = desk.submit(usage_file({"QTY": "2"}))
    with desk.store.begin() as connection:
        connection.exec_driver_sql("UPDATE imports SET status = 'Processing' WHERE import_id = %s", (left.import_id,))
    found = process_waiting(desk.store, desk.catalog, desk.home)
    assert [(each["import_id"], each["status"]) for each in found] == [
        (waiting.import_id, "Completed"), (left.import_id, "Completed"),
    ]  # fmt: skip
    assert process_waiting(desk.store, desk.catalog, desk.home) == []


def test_what_is_finished_stays_as_it_is(desk, usage_file):
    found = desk.load(usage_file({}))
    assert desk.process(found["import_id"]) == found


def test_a_canceled_import_loads_nothing_and_cannot_be_canceled_twice(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    cancel(desk.store, waiting.import_id, by="bob")
    assert desk.process(waiting.import_id)["status"] == "Canceled"
    assert desk.usage() == []
    with pytest.raises(UnknownImportError, match="is not Pending"):
        cancel(desk.store, waiting.import_id, by="bob")
    assert desk.rows("imports", "updated_by") == ["bob"]
    desk.loaded(usage_file({}))
    assert desk.usage() == [("C-1", None, "1")]


def test_an_import_that_nobody_submitted_is_unknown(desk):
    with pytest.raises(UnknownImportError, match="there is no import"):
        desk.process("0" * 32)


def test_an_upload_whose_bytes_are_gone_fails(desk, usage_file):
    waiting = desk.submit(usage_file({}))
    (desk.home / "imports" / waiting.import_id / "original.csv").unlink()
    found = desk.process(waiting.import_id)
    assert (found["status"], found["validation"]["codes"]) == ("Failed", {"store_refused": 1})


def test_declared_custom_fields_are_held_against_their_kinds(desk, usage_file):
    desk.declare(
        "custom_fields.yaml",
        "custom_fields:\n  Seats__c: {kind: integer, required: true}\n  Plan__c: {kind: choice, values: [S, L]}\n"
        "  Rate__c: {kind: number}\n  Due__c: {kind: date}\n  Note__c: {length: 3}\n",
    )
    good = {"SEATS__C": "3", "PLAN__C": "L", "RATE__C": "1.50", "DUE__C": "03/31/2025", "NOTE__C": "abc"}
    desk.loaded(usage_file(good))
    assert desk.rows("usage_records", "custom_fields") == [
        {"Seats__c": "3", "Plan__c": "L", "Rate__c": "1.5", "Due__c": "2025-03-31", "Note__c": "abc"}
    ]
    bad = {"SEATS__C": "3.5", "PLAN__C": "M", "RATE__C": "much", "DUE__C": "31/03/2025", "NOTE__C": "abcd"}
    codes = desk.load(usage_file(bad))["validation"]["codes"]
    assert codes == {"custom_invalid": 3, "custom_bad_date": 1, "custom_too_long": 1}
    assert desk.load(usage_file({"PLAN__C": "S"}))["validation"]["codes"] == {"column_missing": 1}
    assert desk.load(usage_file({"SEATS__C": ""}))["validation"]["codes"] == {"custom_missing": 1}
    assert desk.load(usage_file({"SEATS__C": "1", "OTHER__C": "1"}))["validation"]["codes"] == {"column_unknown": 1}


def test_a_file_of_more_periods_than_can_be_locked_fails(desk, usage_file):
    months = [{"STARTDATE": f"{1970 + number // 12}-{number % 12 + 1:02}-01"} for number in range(1001)]
    assert desk.load(usage_file(*months))["validation"]["codes"] == {"too_many_periods": 1}
    assert desk.load(usage_file(*months[1:]))["status"] == "Completed"


def test_what_the_store_itself_refuses_fails_the_whole_file(desk, usage_file):
    with desk.store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE usage_records ADD CHECK (quantity <> 13)")
    found = desk.load(usage_file({"QTY": "1"}, {"QTY": "13"}))
    assert (found["status"], found["validation"]["codes"]) == ("Failed", {"store_refused": 1})
    assert desk.usage() == []


def test_a_custom_field_that_is_declared_wrong_is_a_problem_of_the_catalog(desk):
    desk.declare("custom_fields.yaml", "custom_fields:\n  Seats__c: {kind: whole}\n")
    with pytest.raises(CatalogError, match=r"custom_fields.yaml:2: custom_fields.Seats__c.kind"):
        desk.catalog  # noqa: B018 it is read when it is asked for
