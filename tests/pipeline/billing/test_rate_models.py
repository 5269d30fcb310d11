"""Bill runs of charge models that take more from the store than quantities."""

from decimal import Decimal

import pytest
from small_business import CHARGES, METER
from uploaded_usage import uploaded

from pipeline.usage.diff import diff
from transforms.rating.usage import RatingError

UNITS = "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}, USD: {}}\n"
HEAD = "charge: energy\nuom: kwh\ncurrency: EUR\n"
FEE = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 20}\n"
PER_UNIT = HEAD + "pricing: {model: pre_rated_per_unit, field: PRICE__c}\n"
TOTAL = HEAD + "pricing: {model: pre_rated_total, field: AMOUNT__c}\n"
METER_WITH_AMOUNT = METER.replace("unit: kwh", "unit: kwh, custom_fields: {AMOUNT__c: 'BORNE'}")
METER_WITH_PRICE = METER.replace("unit: kwh", "unit: kwh, custom_fields: {PRICE__c: '0.40'}")


def _items(business):
    return business.rows("rated_items", "charge_number", "group_key", "quantity", "amount")


def test_a_flat_fee_is_billed_without_usage_and_once(business, march):
    business.declare("units.yaml", UNITS)
    business.declare("charges/fee.yaml", FEE)
    business.customer("A-2", of="fee")
    business.customer("A-3", of="fee", status="Suspended")
    business.customer("A-4", of="fee", currency="USD")
    business.bill(march)
    run = business.rate()
    assert (run.records, run.items, run.amounts) == (1, 2, {"EUR": Decimal("21.63")})
    assert _items(business) == [("C-1", "", Decimal("6.5"), Decimal("1.63")), ("C-2", "", 0, 20)]
    before = business.contents()
    assert business.rate().outcome == "nothing_due"
    assert business.contents() == before


def test_a_fee_alone_is_a_bill_run_of_no_records_and_so_is_each_later_one(business, march):
    business.declare("units.yaml", UNITS)
    business.declare("charges/fee.yaml", FEE)
    business.bill(march)
    business.rate()
    business.customer("A-2", of="fee")
    first = business.rate()
    business.declare("charges/fee.yaml", FEE.replace("20", "25"))
    second = business.rate(reason="the fee was wrong")
    assert [(run.records, run.items, run.amounts["EUR"]) for run in (first, second)] == [(0, 1, 20), (0, 1, 5)]
    assert first.bill_run_id != second.bill_run_id


def test_usage_bears_its_price_from_the_meter_to_the_bill_and_a_diff_tells_its_worth(business, march):
    business.declare("charges/energy.yaml", PER_UNIT)
    business.declare("meters/energy.yaml", METER_WITH_PRICE)
    business.bill(march)
    business.rate()
    assert _items(business) == [("C-1", "", Decimal("6.5"), Decimal("2.60"))]
    business.deliver("power/A-1/more.csv", "at,value\n2025-03-20T00:00:00Z,10\n")
    business.extract()
    assert diff(business.store, business.catalog, *business.prepare()).money == {"EUR": Decimal("4.00")}


@pytest.mark.parametrize(
    ("amount", "late", "due"),
    [
        ("25", "at,value\n2025-03-20T00:00:00Z,10\n", 0),
        ("{readings}", "at,value\n2025-03-20T00:00:00Z,10\n2025-03-21T00:00:00Z,10\n", 2),
    ],
)
def test_late_readings_bill_the_difference_of_the_amount_that_a_record_bears(business, march, amount, late, due):
    business.declare("charges/energy.yaml", TOTAL)
    business.declare("meters/energy.yaml", METER_WITH_AMOUNT.replace("BORNE", amount))
    business.bill(march)  # three readings
    assert business.rate().amounts == {"EUR": 3 if due else 25}
    business.bill(late, "power/A-1/more.csv")
    assert business.rate().amounts == {"EUR": due}
    business.bill("at,value\n2025-03-22T00:00:00Z,1\n", "power/A-1/third.csv")
    assert business.rate().amounts == {"EUR": 1 if due else 0}


def test_a_record_that_vanishes_takes_the_amount_back_that_it_bore(business, march):
    business.declare("charges/energy.yaml", TOTAL + "negative_usage: allow\n")
    business.declare("meters/energy.yaml", METER_WITH_AMOUNT.replace("BORNE", "25"))
    business.bill(march)
    business.rate()
    business.deliver("customers/subscribed_charges.csv", CHARGES.replace("Z,,", "Z,2020-01-01T00:00:00Z,"))
    business.register()
    business.load(*business.prepare(), reason="it never began")
    assert business.rate().amounts == {"EUR": -25}


def test_a_record_without_its_price_is_named_and_nothing_is_billed(business, march):
    business.bill(march)
    business.declare("charges/energy.yaml", PER_UNIT)
    business.declare("meters/energy.yaml", METER_WITH_PRICE)
    before = business.contents()
    with pytest.raises(RatingError, match=r"\(C-1\) .*: record \d+: custom field PRICE__c is missing or blank"):
        business.rate()
    ((status, reason),) = business.rows("bill_runs", "status", "reason")
    assert (status, business.contents() | {"bill_runs": []}) == ("draft", before)
    assert reason.startswith("charge 'energy' (C-1) in the period from 2025-03-01")


def test_each_upload_meets_the_tiers_afresh(business, march):
    tiers = "pricing: {model: volume, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}\n"
    business.declare("charges/energy.yaml", HEAD + "rating_group: upload\n" + tiers)
    meter = business.bill(march).import_id
    first, _ = uploaded(business.store, {"quantity": Decimal(4)}, {"quantity": Decimal(6)})
    second, _ = uploaded(business.store, {"quantity": Decimal(4)}, file_name="more.csv")
    business.rate()
    figures = {meter: (Decimal("6.5"), Decimal("1.30")), first: (10, 2), second: (4, Decimal("1.20"))}
    assert sorted(_items(business)) == sorted(("C-1", upload, *each) for upload, each in figures.items())
