"""All that is wrong with the rows of a usage file is told at once, and nothing of it is loaded."""

import re

import pytest

from pipeline.catalog.documents import CatalogError
from transforms.upload.reasons import Reason

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
    ({"ACCOUNT_ID": "", "SUBSCRIPTION_ID": "S-1", "CHARGE_ID": "C-1"}, {"account_missing"}),
    ({"ACCOUNT_ID": "", "QTY": "", "STARTDATE": "x"}, {"account_missing", "quantity_missing", "start_malformed"}),
    ({"ACCOUNT_ID": "Mill", "UOM": "KWH", "QTY": "x", "SUBSCRIPTION_ID": "S-9", "CHARGE_ID": "C-9"}, {
        "account_unknown", "uom_unknown", "quantity_malformed", "subscription_unknown", "charge_unknown",
    }),
]  # fmt: skip


def test_every_wrong_row_is_refused_for_every_reason_at_once_and_nothing_is_loaded(varied, usage_file):
    found = varied.load(usage_file({}, *(row for row, _ in WRONG)))
    assert (found["status"], found["imported_count"], found["total_count"]) == ("Failed", 0, len(WRONG) + 1)
    first, *others = varied.result(found)
    assert (first["OUTCOME"], first["REMARKS"]) == ("not loaded", "")
    told = [set(re.findall(r"[a-z_]+", each["REMARKS"])) & set(Reason) for each in others]
    assert told == [codes for _, codes in WRONG]
    assert varied.usage() == []


def test_what_is_wrong_with_rows_is_told_beside_a_column_that_nobody_knows(desk, usage_file):
    wrong = {"ACCOUNT_ID": "Mill", "QTY": "-1", "REGION": "eu"}
    found = desk.load(usage_file(wrong, {}))
    assert (found["status"], found["imported_count"]) == ("Failed", 0)
    assert found["validation"]["codes"] == {"column_unknown": 1, "account_unknown": 1, "quantity_negative": 1}


@pytest.fixture
def varied(desk):
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


def test_a_custom_field_that_is_declared_wrong_is_a_problem_of_the_catalog(desk):
    desk.declare("custom_fields.yaml", "custom_fields:\n  Seats__c: {kind: whole}\n")
    with pytest.raises(CatalogError, match=r"custom_fields.yaml:2: custom_fields.Seats__c.kind"):
        desk.catalog  # noqa: B018 it is read when it is asked for


def test_a_file_of_more_periods_than_can_be_locked_fails(desk, usage_file):
    months = [{"STARTDATE": f"{1970 + number // 12}-{number % 12 + 1:02}-01"} for number in range(1001)]
    assert desk.load(usage_file(*months))["validation"]["codes"] == {"too_many_periods": 1}
    assert desk.load(usage_file(*months[1:]))["status"] == "Completed"
