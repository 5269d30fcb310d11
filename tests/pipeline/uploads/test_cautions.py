"""Usage that is loaded although something about it is unusual: a caution says what."""

from decimal import Decimal

import pytest


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


def test_a_unique_key_that_named_a_record_of_another_account_is_told_with_whose_it_was(desk, usage_file):
    desk.loaded(usage_file({"UNIQUE_KEY": "1", "CHARGE_ID": "C-1"}))
    (desk.catalog_folder / "meters/energy.yaml").unlink()
    found = desk.load(usage_file({"UNIQUE_KEY": "1", "ACCOUNT_ID": "A-2", "UOM": "hour"}, {"UNIQUE_KEY": "2"}))
    assert [told.partition(";")[0] for told in found["validation"]["listed"]] == [
        "row 1 (line 2), UNIQUE_KEY: other_account '1' (of A-1)"
    ]
    assert desk.usage() == [("C-1", "2", "1"), ("C-2", "1", "1")]
