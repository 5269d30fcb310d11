"""Of a rated item, each record is told by what it was made of: rows, an upload, or nothing that could be read again."""

from decimal import Decimal
from fractions import Fraction

from pipeline.proof.explain import explain
from pipeline.proof.explain_record import exact_text
from pipeline.uploads.create import create
from pipeline.uploads.process import process
from pipeline.uploads.submit import Upload, submit
from pipeline.usage.change import change

HEADER = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"


def told(business):
    return explain(business.store, business.catalog, 1, business.home)


def test_a_value_without_end_is_told_as_the_fraction_that_it_is(business):
    meter = business.catalog_folder / "meters" / "energy.yaml"
    meter.write_text(meter.read_text().replace("function: sum", "function: average").replace("unit: kwh", "unit: wh"))
    business.invoice("at,value\n2025-03-01T00:00:00Z,10\n2025-03-02T00:00:00Z,5\n2025-03-03T00:00:00Z,5\n")
    found = told(business)
    assert "  derived: 20/3 (about 6.666666666667) wh, of 3 readings" in found.lines
    assert "  factor: times 1/1000 is 1/150 (about 0.006666666667) kwh" in found.lines
    assert "  rounded: 0.006666667, to 9 decimals, half_up" in found.lines


def test_a_decimal_of_many_digits_loses_none():
    digits = Decimal("1234567890123456789012345678901234567.125")
    assert exact_text(Fraction(digits)) == f"{digits:f}"


def test_an_upload_is_told_by_its_file_and_row(business):
    rows = HEADER + "A-1,wh,1000,03/05/2025,,,,\nA-1,kwh,2.5,03/06/2025,,,,\n"
    sent = submit(business.store, business.home, Upload("usage.csv", rows.encode()), by="ann")
    process(business.store, business.catalog, business.home, sent.import_id)
    business.run()
    business.rate()
    business.post()
    found = told(business)
    assert found.differences == []
    assert "  file: usage.csv, row 1, line 2" in found.lines
    assert "  sent: 1000 wh" in found.lines
    assert "  file: usage.csv, row 2, line 3" in found.lines
    assert "  sum: 1 + 2.5 = 3.5 kwh" in found.lines
    assert any(line.endswith("by ann") and "from an uploaded file" in line for line in found.lines)


def test_what_a_call_brought_or_somebody_changed_is_taken_as_it_is(business, march):
    usage = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": Decimal("1.5"), "StartDateTime": "2025-03-07"}
    create(business.store, business.catalog, [usage], by="ann")
    business.bill(march)
    change(business.store, business.catalog, 2, {"Quantity": "5"}, by="bob", reason="the meter ran backwards")
    business.rate()
    business.post()
    found = told(business)
    assert found.differences == []
    assert "  stored: 1.5, taken as it is: there is nothing to make it from" in found.lines
    assert "  stored: 5, taken as it is: there is nothing to make it from" in found.lines
    assert any("changed by hand by bob" in line and "the meter ran backwards" in line for line in found.lines)


def test_of_records_told_apart_by_an_attribute_each_tells_its_own_rows(business):
    source = business.catalog_folder / "sources" / "power.yaml"
    source.write_text(source.read_text().replace("value: value}", "value: value, attributes: {zone: zone}}"))
    business.declare(
        "meters/energy.yaml",
        "meter: energy\nowner: billing@example.com\nsource: power\nderive: {function: sum, group_by: [zone]}\n"
        "map: {charge: energy, unit: kwh, custom_fields: {ZONE__c: '{zone}'}}\n",
    )
    business.invoice("at,value,zone\n2025-03-01T00:00:00Z,1,a\n2025-03-02T00:00:00Z,2,b\n2025-03-03T00:00:00Z,4,b\n")
    found = told(business)
    assert found.differences == []
    counts = sorted(line.strip() for line in found.lines if "rows of this charge" in line)
    assert [each.partition(",")[0] for each in counts] == ["rows of this charge: 1 used", "rows of this charge: 2 used"]
