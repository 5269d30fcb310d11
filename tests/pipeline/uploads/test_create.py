"""Usage objects of a call: each is loaded or refused on its own."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pipeline.uploads.create import Created, Refused, create

MARCH = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": Decimal("1.5"), "StartDateTime": "2025-03-02T00:00:00+01:00"}


@pytest.fixture
def call(desk):
    def call(*objects, **options):
        return create(desk.store, desk.catalog, objects, by="ann", **options)

    return call


def test_an_object_becomes_pending_usage_with_all_that_it_says(desk, call):
    more = {"EndDateTime": "2025-03-02", "Description": "by call", "UniqueKey": "k", "state__c": "CA", "Unknown": "x"}
    (created,) = call(MARCH | more)
    columns = ("record_id", "charge_number", "quantity", "start_at", "end_at", "description", "unique_key")
    assert desk.rows("usage_records", *columns) == [
        (
            created.record_id, "C-1", Decimal("1.5"), datetime(2025, 3, 1, 23, tzinfo=UTC),
            datetime(2025, 3, 2, tzinfo=UTC), "by call", "k",
        )
    ]  # fmt: skip
    assert desk.rows("usage_records", "custom_fields") == [{"STATE__c": "CA"}]
    columns = ("source_type", "status", "total_count", "imported_count", "control_total", "created_by")
    assert desk.rows("imports", *columns) == [("API", "Completed", 1, 1, Decimal("1.5"), "ann")]


def test_each_object_has_its_own_result_in_the_order_of_the_call(desk, call):
    wrong = MARCH | {"Quantity": "x", "StartDateTime": "03/01/2025"}
    found = call(MARCH, wrong, {}, MARCH | {"CustomerReference__c": "x"}, MARCH)
    assert [type(each) for each in found] == [Created, Refused, Refused, Refused, Created]
    assert found[1].code == "quantity_malformed"
    assert "Quantity: quantity_malformed 'x'" in found[1].message
    assert "StartDateTime: start_malformed '03/01/2025'" in found[1].message
    assert found[3].code == "column_forbidden"
    assert desk.usage() == [("C-1", None, "1.5")] * 2
    assert desk.rows("imports", "imported_count") == [2]


def test_an_object_that_names_two_accounts_is_refused_and_one_that_names_one_twice_is_not(call):
    refused, created = call(MARCH | {"AccountId": "A-2"}, MARCH | {"AccountId": "A-1"})
    assert (refused.code, type(created)) == ("column_twice", Created)
    assert "AccountId: column_twice 'A-2' (it is 'A-1' as well)" in refused.message


def test_a_call_in_which_nothing_is_right_leaves_no_import(desk, call):
    assert [each.code for each in call(MARCH | {"AccountNumber": "Mill"})] == ["account_unknown"]
    assert desk.listed() == []


def test_the_same_call_twice_is_usage_twice_unless_it_bears_the_same_call_id(desk, call):
    call(MARCH)
    first = call(MARCH, {"UOM": "kwh"}, call_id="abc")
    assert call(MARCH, {"UOM": "kwh"}, call_id="abc") == first
    assert desk.usage() == [("C-1", None, "1.5")] * 2


def test_a_quantity_below_zero_is_taken_where_the_charge_allows_it(desk, call):
    desk.customer("A-3", of="credit")
    below = {"Quantity": Decimal("-2")}
    refused, created = call(MARCH | below, MARCH | below | {"AccountNumber": "A-3"})
    assert refused.code == "quantity_negative"
    assert desk.rows("usage_records", "record_id", "quantity", "negative_allowed") == [
        (created.record_id, Decimal(-2), True)
    ]


def test_an_object_of_a_known_unique_key_takes_the_place_of_the_pending_record(desk, call):
    call(MARCH | {"UniqueKey": "k"})
    first, second = call(MARCH | {"UniqueKey": "k", "Quantity": "3"}, MARCH | {"UniqueKey": "k", "Quantity": "4"})
    assert isinstance(first, Created)
    assert second.code == "unique_key_twice"
    assert desk.usage() == [("C-1", "k", "3")]
    assert desk.rows("imports", "altered_count") == [0, 1]


def test_an_object_of_the_unique_key_of_a_billed_record_is_refused(desk, call):
    call(MARCH | {"UniqueKey": "k"})
    desk.bill_run()
    (refused,) = call(MARCH | {"UniqueKey": "k", "Quantity": "3"})
    assert refused.code == "record_billed"
    assert desk.usage() == [("C-1", "k", "1.5")]


@pytest.mark.parametrize(
    ("quantity", "outcome"),
    [
        (Decimal("1E+3"), "1000"),
        (7, "7"),
        (Decimal("1E+999999999"), "quantity_malformed"),
        (Decimal("NaN"), "quantity_malformed"),
        (Decimal("-Infinity"), "quantity_malformed"),
        (None, "quantity_missing"),
    ],
)
def test_a_number_is_taken_as_the_digits_that_it_stands_for(desk, call, quantity, outcome):
    (found,) = call(MARCH | {"Quantity": quantity})
    assert outcome == (desk.usage()[0][2] if isinstance(found, Created) else found.code)
