"""Usage of a charge that is priced by custom fields: what cannot be priced is refused before it is loaded."""

import pytest

from pipeline.uploads.create import Created, create
from pipeline.usage.change import ChangeRefusedError, change

DYNAMIC = """
charge: energy
uom: kwh
currency: EUR
rating_group: record
pricing:
  model: dynamic
  attributes: {Region: REGION__c, Plan: PLAN__c}
  table: prices.csv
"""
FALLBACK = "  fallback: list_price\n  list_price: {model: per_unit, price: 0.75}\n"
PRICES = """Region,Plan,effective,price,subscription
north,pro,2025-03-10T00:00:00+00:00,0.50,
south,pro,2025-03-10T00:00:00+00:00,0.40,S-1
"""
RIGHT = {"STARTDATE": "03/10/2025", "REGION__C": "north", "PLAN__C": "pro"}
FIELDS = {"REGION__C": "REGION__c", "PLAN__C": "PLAN__c"}
WRONG = [
    ({"REGION__C": ""}, "C-1: custom field REGION__c is missing or blank"),
    ({"REGION__C": "", "PLAN__C": " "}, "PLAN__c is missing or blank; custom field REGION__c is missing or blank"),
    ({"STARTDATE": "03/09/2025"}, "it starts at 2025-03-09T00:00:00+00:00, before the first price for Plan 'pro', "),
    ({"REGION__C": "east"}, "the decision table has no row for Plan 'pro', Region 'east'"),
]


@pytest.fixture
def priced(desk):
    """The charge of A-1 is priced by region and plan."""
    desk.declare("charges/prices.csv", PRICES)
    desk.declare("charges/energy.yaml", DYNAMIC)
    (desk.catalog_folder / "meters" / "energy.yaml").unlink()
    return desk


def called(priced, *rows):
    """Send as objects of a call what would be rows of a file."""
    return create(priced.store, priced.catalog, [_object(row) for row in rows], by="ann")


def _object(row):
    month, day, year = row["STARTDATE"].split("/")
    fields = {name: row[column] for column, name in FIELDS.items() if column in row}
    return {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": "1", "StartDateTime": f"{year}-{month}-{day}"} | fields


def test_a_file_with_usage_that_has_no_price_fails_and_says_of_each_row_why(priced, usage_file):
    found = priced.load(usage_file(RIGHT, *(RIGHT | row for row, _ in WRONG)))
    assert (found["status"], found["validation"]["codes"]) == ("Failed", {"unpriced": len(WRONG)})
    right, *others = priced.result(found)
    assert right["OUTCOME"] == "not loaded"
    for each, (_, why) in zip(others, WRONG, strict=True):
        assert why in each["REMARKS"]
    assert priced.usage() == []


def test_of_a_call_only_the_objects_that_have_a_price_are_loaded(priced):
    right, *others = called(priced, RIGHT, *(RIGHT | row for row, _ in WRONG))
    assert isinstance(right, Created)
    for each, (_, why) in zip(others, WRONG, strict=True):
        assert each.code == "unpriced"
        assert why in each.message
    assert len(priced.usage()) == 1


@pytest.mark.parametrize(("name", "codes"), [("REGION", {"column_unknown", "unpriced"}), ("REGIONS__C", {"unpriced"})])
def test_a_column_must_bear_the_name_of_the_field_and_not_that_of_the_attribute(priced, usage_file, name, codes):
    row = {key: text for key, text in RIGHT.items() if key != "REGION__C"}
    assert priced.load(usage_file(row | {name: "north"}))["validation"]["codes"] == dict.fromkeys(codes, 1)


def test_customer_reference_is_refused_in_a_file_and_in_a_call(priced, usage_file):
    found = priced.load(usage_file(RIGHT | {"CUSTOMERREFERENCE__C": "north"}))
    assert found["validation"]["codes"] == {"column_forbidden": 1}
    (refused,) = create(priced.store, priced.catalog, [_object(RIGHT) | {"CustomerReference": "north"}], by="ann")
    assert refused.code == "column_forbidden"
    assert priced.usage() == []


def test_a_price_negotiated_for_the_subscription_is_a_price(priced, usage_file):
    priced.loaded(usage_file(RIGHT | {"REGION__C": "south"}))


def test_usage_that_falls_back_to_the_list_price_is_loaded_with_a_caution(priced, usage_file):
    priced.declare("charges/energy.yaml", DYNAMIC + FALLBACK)
    found = priced.load(usage_file(RIGHT, RIGHT | {"STARTDATE": "03/09/2025"}))
    assert (found["status"], found["validation"]["cautions"]) == ("Completed", 1)
    (told,) = found["validation"]["listed"]
    assert "list_price" in told
    assert "before the first price" in told
    missing = priced.load(usage_file(RIGHT | {"REGION__C": ""}))
    assert missing["validation"]["codes"] == {"unpriced": 1}


def test_a_change_that_would_leave_a_record_without_price_is_refused(priced):
    (created,) = called(priced, RIGHT)
    for changes in ({"REGION__c": ""}, {"REGION__c": "east"}, {"StartDateTime": "2025-03-09"}):
        with pytest.raises(ChangeRefusedError, match="unpriced") as refused:
            change(priced.store, priced.catalog, created.record_id, changes, by="ann", reason="a slip")
        assert refused.value.code == "unpriced"


def test_an_amount_that_usage_must_bear_is_looked_for_before_it_is_loaded(priced, usage_file):
    priced.declare("charges/energy.yaml", "charge: energy\nuom: kwh\ncurrency: EUR\n"
                 "pricing: {model: pre_rated_total, field: AMOUNT__c}\n")  # fmt: skip
    priced.loaded(usage_file({"AMOUNT__C": "12.50"}))
    for wrong in ({"AMOUNT__C": ""}, {"AMOUNT__C": "much"}, {}):
        assert priced.load(usage_file(wrong))["validation"]["codes"] == {"unpriced": 1}
