from decimal import Decimal

import pytest
from rating_by_hand import bill, charge, used

from transforms.rating.usage import RatingError

TOTAL = charge("pre_rated_total", field="AMOUNT__c")
PER_UNIT = charge("pre_rated_per_unit", field="RATE__c")


def bearing(record_id, quantity, **custom_fields):
    return used(record_id, quantity, custom_fields=custom_fields)


def test_amounts_that_usage_bears_are_added_up_and_rounded_once():
    [item] = bill([bearing(1, "20", AMOUNT__c="0.402"), bearing(2, "1", AMOUNT__c="0.003")], TOTAL)
    assert (item.quantity, item.amount) == (21, Decimal("0.41"))
    [line] = item.breakdown
    assert (line.units, line.amount, line.format) == (21, Decimal("0.405"), "flat")


def test_quantities_meet_the_price_that_each_bears_and_are_shown_price_by_price():
    [item] = bill(
        [bearing(1, "10.04", RATE__c="10.00"), bearing(2, "20", RATE__c="1"), bearing(3, "1", RATE__c="10")], PER_UNIT
    )
    assert item.amount == Decimal("130.40")
    assert [(line.units, line.price) for line in item.breakdown] == [(20, 1), (Decimal("11.04"), 10)]


def test_a_field_is_found_in_any_case_of_its_name():
    [item] = bill([bearing(1, "2", rate__C=" 3 ")], PER_UNIT)
    assert item.amount == 6


@pytest.mark.parametrize(
    ("phone", "fields", "message"),
    [
        (TOTAL, {}, "record 2: custom field AMOUNT__c is missing or blank"),
        (TOTAL, {"AMOUNT__c": "  "}, "record 2: custom field AMOUNT__c is missing or blank"),
        (TOTAL, {"AMOUNT__c": "12,50"}, "record 2: custom field AMOUNT__c holds '12,50', which is not a number"),
        (TOTAL, {"AMOUNT__c": "1e3"}, "record 2: custom field AMOUNT__c holds '1e3'"),
        (TOTAL, {"AMOUNT__c": "NaN"}, "record 2: custom field AMOUNT__c holds 'NaN'"),
        (TOTAL, {"AMOUNT__c": "\u0661"}, "record 2: custom field AMOUNT__c holds"),
        (TOTAL, {"AMOUNT__c": "-5"}, "custom field AMOUNT__c comes to -4; an amount cannot end below zero"),
        (PER_UNIT, {}, "record 2: custom field RATE__c is missing or blank"),
        (PER_UNIT, {"RATE__c": "free"}, "record 2: custom field RATE__c holds 'free'"),
        (PER_UNIT, {"RATE__c": "-1"}, "record 2: custom field RATE__c holds -1; a price per unit cannot be below 0"),
    ],
)
def test_a_record_that_bears_no_price_stops_the_bill_run_and_is_named(phone, fields, message):
    right = bearing(1, "1", AMOUNT__c="1", RATE__c="1")
    with pytest.raises(RatingError, match=rf"charge 'phone' \(C-1\) in the period .*: {message}"):
        bill([right, bearing(2, "1", **fields)], phone)


def test_a_correction_takes_back_what_it_says():
    done = used(1, "5", status="Processed", custom_fields={"AMOUNT__c": "10"})
    less = used(2, "-1", corrects=1, custom_fields={"AMOUNT__c": "-2.50"})
    [item] = bill([done, less], TOTAL, {("C-1", done.period_start, ""): Decimal(10)})
    assert (item.quantity, item.amount) == (4, Decimal("-2.50"))


def test_prices_that_come_below_zero_together_are_refused():
    with pytest.raises(RatingError, match="the usage comes to an amount of -1; an amount cannot end below zero"):
        bill([bearing(1, "2", RATE__c="1"), bearing(2, "-1", RATE__c="3")], PER_UNIT)
