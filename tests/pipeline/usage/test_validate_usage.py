from decimal import Decimal

import pytest
from small_business import CHARGE

from pipeline import artefact
from pipeline.readings.dismiss import dismiss
from pipeline.usage.validate_usage import ValidationFailedError

STRICT = """
source: power
files: power/{account}/*
columns: {at: at, value: value}
duplicates: keep
quarantine_limit: LIMIT
"""


def _deliver(business, march, limit):
    business.declare("sources/power.yaml", STRICT.replace("LIMIT", limit))
    business.deliver("power/A-1/march.csv", march + "2025-03-04T00:00:00Z,bad\n")  # 1 bad row of 4
    business.extract()


def test_good_usage_gets_a_verdict_without_a_reason(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    usage, verdict = business.prepare()
    table, about = artefact.read(verdict)
    assert table.num_rows == 0
    assert about["usage"] == usage.name
    assert [(each["suite"], each["rows"]) for each in about["validation"]] == [("readings", 1), ("usage", 1)]


def test_the_verdict_of_the_same_usage_is_the_same(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert business.prepare() == business.prepare()


@pytest.mark.parametrize(("limit", "refused"), [("0", True), ("0.2499", True), ("0.25", False)])
def test_too_many_quarantined_rows_in_a_file_refuse_the_whole_period(business, march, limit, refused):
    _deliver(business, march, limit)
    before = business.contents()
    if refused:
        with pytest.raises(
            ValidationFailedError,
            match=r"must not exceed .*power/A-1/march.csv.*; quarantined of power: 1 as unreadable_value; see .*energy",
        ):
            business.prepare()
        assert business.contents() == before
        assert not list((business.home / "work").rglob("verdict-*"))
    else:
        assert business.run().records == 1


def test_a_record_that_the_platform_would_refuse_is_named_with_the_reason(business):
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-02T00:00:00Z,-2.5\n")
    business.extract()
    table, _ = artefact.read(business.prepare()[1])
    assert table["reason"].to_pylist() == ["expectation: quantity must not be below 0"]


def test_a_report_is_written_for_people_and_the_import_knows_where(business, march):
    business.bill(march)
    (docs,) = business.rows("imports", "docs")
    report = (business.home / docs).read_text()
    assert "quantity must be a finite decimal number" in report
    assert {path.name for path in (business.home / "data_docs").iterdir()} == {
        "readings-energy-2025-03.html", "usage-energy-2025-03.html"
    }  # fmt: skip


def test_the_results_are_stored_with_the_import(business, march):
    business.bill(march)
    ((readings, usage),) = business.rows("imports", "validation")
    assert (readings["suite"], usage["suite"]) == ("readings", "usage")
    assert all(each["success"] for suite in (readings, usage) for each in suite["expectations"])


def test_quantities_reach_the_suite_as_decimals(business):
    text = "at,value\n2025-03-02T00:00:00Z,9999999999999.999999999\n"
    assert business.bill(text).quarantined == 0
    assert business.rows("usage_records", "quantity") == [Decimal("9999999999999.999999999")]


ALLOW = "negative_usage: allow\n"
PRICED = """
charge: energy
uom: kwh
currency: EUR
rating_group: record
pricing: {model: dynamic, attributes: {Region: REGION__c}, table: prices.csv}
"""
OF_REGION = """
meter: energy
owner: billing@example.com
source: power
derive: {function: sum, group_by: [region]}
map: {charge: energy, unit: kwh, custom_fields: {REGION__c: '{region}'}}
"""
BY_REGION = """
source: power
files: power/{account}/*
columns: {at: at, value: value, attributes: {region: region}}
duplicates: keep
"""
REGIONS = "at,value,region\n2025-03-02T00:00:00Z,1,north\n2025-03-02T00:00:00Z,2,east\n2025-03-02T00:00:00Z,4,\n"


def _prices(business, *, effective="2025-01-01", fallback=""):
    business.declare("charges/prices.csv", f"Region,effective,price\nnorth,{effective}T00:00:00+00:00,0.50\n")
    business.declare("charges/energy.yaml", PRICED.replace("prices.csv", f"prices.csv{fallback}"))
    business.declare("sources/power.yaml", BY_REGION)
    business.declare("meters/energy.yaml", OF_REGION)
    business.deliver("power/A-1/march.csv", REGIONS)
    business.extract()
    return business.prepare()


def _credited(business, credit, charge):
    """Bill 4 kWh of the north, and what the east is credited."""
    business.declare("charges/energy.yaml", charge)
    business.declare("sources/power.yaml", BY_REGION)
    business.declare("meters/energy.yaml", OF_REGION)
    north, east = (f"2025-03-02T00:00:00Z,{value},{region}\n" for value, region in ((4, "north"), (credit, "east")))
    business.deliver("power/A-1/march.csv", f"at,value,region\n{north}{east}")
    business.extract()
    business.run()
    business.rate()
    return business.rows("rated_items", "quantity", "amount")


def test_what_a_meter_credits_comes_off_the_charge_s_other_usage_where_the_charge_allows_it(business):
    assert _credited(business, "-1", CHARGE + ALLOW) == [(Decimal(3), Decimal("0.75"))]
    assert business.ledger() == (2, {("billed", ""): 2})


@pytest.mark.parametrize(
    ("credit", "rule"),
    [("-1", ""), ("-5", ALLOW), ("-1", "rating_group: record\n" + ALLOW)],
)
def test_what_a_meter_credits_is_set_aside_where_it_is_refused_more_than_the_usage_or_rated_alone(
    business, credit, rule
):
    assert _credited(business, credit, CHARGE + rule) == [(Decimal(4), Decimal(1))]
    assert business.ledger() == (2, {("billed", ""): 1, ("quarantined", "expectation"): 1})


def test_usage_of_a_meter_that_has_no_price_is_set_aside_with_the_reason(business):
    usage, verdict = _prices(business)
    table, _ = artefact.read(verdict)
    assert sorted(table["reason"].to_pylist()) == [
        "price: custom field REGION__c is missing or blank",
        "price: the decision table has no row for Region 'east'",
    ]
    assert business.load(usage, verdict).quarantined == 2
    assert business.ledger() == (3, {("pending", ""): 1, ("quarantined", "price"): 2})


def test_usage_of_a_meter_that_starts_before_the_first_price_is_set_aside(business):
    table, _ = artefact.read(_prices(business, effective="2025-03-02")[1])
    assert any(
        "before the first price for Region 'north', of 2025-03-02" in each for each in table["reason"].to_pylist()
    )


def test_usage_of_a_meter_that_falls_back_to_the_list_price_is_loaded_and_told(business):
    fallback = ", fallback: list_price, list_price: {model: per_unit, price: 0.75}"
    usage, verdict = _prices(business, fallback=fallback)
    table, about = artefact.read(verdict)
    assert table["reason"].to_pylist() == ["price: custom field REGION__c is missing or blank"]
    assert about["warnings"] == ["charge C-1: at its list price: the decision table has no row for Region 'east'"]
    assert business.load(usage, verdict).warnings == tuple(about["warnings"])


def test_a_run_warns_of_files_without_a_reading_for_they_may_be_of_its_period(business, march):
    business.deliver("power/A-1/wrong_dates.csv", "at,value\n31.03.2025,5\n30.03.2025,\n,\n")
    business.deliver("power/A-1/renamed.csv", "stamp,value\n2025-03-02,1\n")
    (warning,) = business.bill(march).warnings
    assert warning == (
        "no reading came of files that may be of the period: "
        "power/A-1/renamed.csv (missing_column: no 'at'; the file has 'stamp', 'value'), "
        "power/A-1/wrong_dates.csv (missing_at, unreadable_at)"
    )


def test_a_file_without_a_reading_that_came_before_the_period_is_not_of_it(business, march):
    business.deliver("power/A-1/renamed.csv", "stamp,value\n2025-03-02,1\n")
    business.deliver("power/A-1/wrong_dates.csv", "at,value\n31.03.2025,5\n")
    business.extract()
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE arrivals SET arrived_at = '2025-02-28 23:59:59+00'")
    assert business.bill(march).warnings == ()


def test_of_many_files_without_a_reading_some_are_named(business, march):
    for number in range(7):
        business.deliver(f"power/A-1/{number}.csv", f"stamp,value\n2025-03-0{number + 1},{number}\n")
    (warning,) = business.bill(march).warnings
    assert warning.endswith("'value') and 2 more")


def test_no_run_warns_of_a_file_that_is_dismissed_or_whose_rows_are_left_out(business, march):
    business.declare("sources/power.yaml", STRICT.replace("LIMIT", "0") + "leave_out: {value: [none]}\n")
    business.deliver("power/A-1/renamed.csv", "stamp,value\n2025-03-02,1\n")
    business.deliver("power/A-1/none.csv", "at,value\n2025-03-02,none\n")
    business.extract()
    dismiss(business.store, "power", "power/A-1/renamed.csv", by="ann", reason="a test of the sender's")
    assert business.bill(march).warnings == ()
