"""Changing a Pending record: by the checks of an upload, in the right billing period, kept as it was."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from small_business import CHARGES, METER
from uploaded_usage import uploaded

from pipeline.store import records
from pipeline.usage.change import ChangeRefusedError, change, match_again
from pipeline.usage.delete import Selection, delete

TOLERANT = "charge: energy\nuom: kwh\ncurrency: EUR\nnegative_usage: allow\npricing: {model: per_unit, price: 0.25}\n"
STORAGE = "charge: storage\nuom: hour\ncurrency: EUR\npricing: {model: per_unit, price: 3}\n"
PRE_RATED = TOLERANT.replace("per_unit, price: 0.25", "pre_rated_per_unit, field: Price__c")
STRICT = TOLERANT.replace("negative_usage: allow", "uom_validation: reject")


def _change(business, number, reason="a slip", **changes):
    change(business.store, business.catalog, number, changes, by="ann", reason=reason)


def _record(business, number):
    with business.store.begin() as connection:
        return records.find(connection, number)


@pytest.fixture
def number(business):
    """An uploaded record of 1 kWh on 10 March."""
    _, (found,) = uploaded(business.store, {"custom_fields": {"REGION__c": "eu", "SITE__c": "7"}})
    return found


def test_a_change_is_kept_with_what_was_before_and_after_and_who_made_it_and_why(business, number):
    _change(business, number, Quantity="2.000000001", Description="corrected")
    (kept,) = business.rows(
        "usage_changes", "action", "record_id", "readings", "before ->> 'quantity'", "after ->> 'quantity'",
        "after ->> 'description'", "changed_by", "reason",
    )  # fmt: skip
    assert kept == ("update", number, 0, "1.000000000", "2.000000001", "corrected", "ann", "a slip")
    assert _record(business, number)["quantity"] == Decimal("2.000000001")
    assert business.rows("imports", "altered_count", "updated_by") == [(1, "ann")]


def test_a_change_moves_the_watermark_of_the_record(business, number):
    before = _record(business, number)["updated_at"]
    _change(business, number, Quantity="2")
    assert _record(business, number)["updated_at"] > before


def test_a_change_that_changes_nothing_leaves_no_trace(business, number):
    before = business.contents()
    _change(business, number, Quantity="1.0", UOM="kwh", StartDateTime="2025-03-10", REGION__c="eu")
    assert business.contents() == before


def test_a_new_start_moves_the_record_to_the_billing_period_that_holds_it_on_the_account_s_clock(business):
    business.deliver(
        "customers/accounts.csv",
        "account_number,name,currency,time_zone,status\nA-1,Mill,EUR,America/New_York,Active\n",
    )
    business.register()
    _, (number,) = uploaded(business.store, {})
    _change(business, number, StartDateTime="2025-04-01T03:59:59+00:00")  # 23:59:59 on 31 March in New York
    assert (_record(business, number)["period"], len(business.rows("usage_changes", "change_id"))) == ("2025-03", 1)
    _change(business, number, StartDateTime="2025-04-01T04:00:00+00:00", EndDateTime="2025-04-02T00:00:00+00:00")
    found = _record(business, number)
    assert (found["period"], found["start_at"]) == ("2025-04", datetime(2025, 4, 1, 4, tzinfo=UTC))
    assert found["end_at"] == datetime(2025, 4, 2, tzinfo=UTC)
    _change(business, number, EndDateTime="")
    assert _record(business, number)["end_at"] is None


def test_a_quantity_in_an_alias_of_the_unit_is_counted_in_the_charge_s_own(business, number):
    _change(business, number, Quantity="1500", UOM="wh")
    found = _record(business, number)
    assert (found["quantity"], found["uom"]) == (Decimal("1.5"), "kwh")


def test_a_record_that_no_charge_took_is_taken_once_its_unit_is_put_right(business):
    _, (number,) = uploaded(business.store, {"charge_number": None, "charge": None, "uom": "hour"})
    _change(business, number, UOM="kwh")
    found = _record(business, number)
    assert (found["charge_number"], found["charge"], found["uom"]) == ("C-1", "energy", "kwh")


def test_a_record_that_no_charge_took_is_billed_once_one_is_subscribed_to_then_that_no_meter_bills_too(business, march):
    business.bill(march)
    business.declare("charges/storage.yaml", STORAGE)
    others = {"account_number": "A-1", "charge_number": None, "charge": None, "subscription_number": "", "uom": "hour"}
    unusual = {"start_at": datetime(2019, 12, 31, tzinfo=UTC)}, {"uom": "kwh"}, {"description": "=1+1"}
    _, (taken, *left) = uploaded(business.store, others, *(others | each for each in unusual))
    assert match_again(business.store, business.catalog, by="ann") == 0
    business.deliver("customers/subscribed_charges.csv", CHARGES + "C-2,S-1,A-1,storage,2020-01-01T00:00:00Z,,Active\n")
    business.register()
    assert match_again(business.store, business.catalog, by="ann") == 1
    assert [_record(business, each)["charge_number"] for each in (taken, *left)] == ["C-2", None, None, None]
    assert len(business.rate().left_pending) == len(left)
    assert business.rows("rated_items", "charge_number", "amount") == [("C-1", Decimal("1.63")), ("C-2", Decimal(3))]


def test_custom_fields_are_changed_added_and_taken_away_one_by_one(business, number):
    _change(business, number, REGION__c="us", SITE__c="", METER__c="m-1")
    assert _record(business, number)["custom_fields"] == {"REGION__c": "us", "METER__c": "m-1"}


def test_a_custom_field_that_a_meter_writes_in_small_letters_is_changed_and_not_doubled(business, march):
    business.declare("charges/energy.yaml", PRE_RATED)
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: kwh, custom_fields: {Price__c: '0.40'}"))
    business.bill(march)
    (number,) = business.rows("usage_records", "record_id")
    _change(business, number, PRICE__c="0.60")
    assert _record(business, number)["custom_fields"] == {"Price__c": "0.60"}
    business.rate()
    assert business.rows("rated_items", "amount") == [Decimal("3.90")]  # 6.5 at 0.60


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"Quantity": "10000000000000"}, "quantity_too_large"),
        ({"Quantity": "1.0000000001"}, "quantity_too_fine"),
        ({"Quantity": "1e3"}, "quantity_malformed"),
        ({"Quantity": ""}, "quantity_missing"),
        ({"Quantity": "-1"}, "quantity_negative"),
        ({"UOM": "gallon"}, "uom_unknown"),
        ({"StartDateTime": "10/03/2025"}, "start_malformed"),
        ({"EndDateTime": "2025-03-09"}, "end_before_start"),
        ({"Description": "=1+1"}, "text_formula"),
        ({"Description": "x" * 201}, "description_too_long"),
        ({"UniqueKey": "k"}, "INVALID_FIELD"),
        ({"CustomerReference__c": "k"}, "INVALID_FIELD"),
        ({"RbeStatus": "Processed"}, "INVALID_FIELD"),
    ],
)
def test_what_an_upload_would_refuse_is_refused_and_the_record_is_as_it_was(business, number, changes, code):
    before = business.contents()
    with pytest.raises(ChangeRefusedError) as caught:
        _change(business, number, **changes)
    assert caught.value.code == code
    assert business.contents() == before


def test_a_unit_that_the_charge_does_not_count_is_refused_where_the_charge_is_strict(business, number):
    _change(business, number, UOM="hour")
    assert (_record(business, number)["uom"], _record(business, number)["charge_number"]) == ("hour", "C-1")
    business.declare("charges/energy.yaml", STRICT)
    with pytest.raises(ChangeRefusedError, match=r"record 1 was not changed: UOM: uom_rejected 'hour'"):
        _change(business, number, Quantity="2")


def test_a_quantity_below_zero_is_taken_where_the_charge_allows_it(business, number):
    business.declare("charges/energy.yaml", TOLERANT)
    _change(business, number, Quantity="-1")
    assert _record(business, number)["quantity"] == Decimal(-1)


def test_what_is_billed_never_changes_not_even_its_custom_fields(business, march):
    business.bill(march)
    run = business.rate().bill_run_id
    (billed,) = business.rows("usage_records", "record_id")
    before = business.contents()
    for changes in ({"Quantity": "1"}, {"REGION__c": "eu"}):
        with pytest.raises(ChangeRefusedError, match=f"record {billed} is Processed by bill run {run}"):
            _change(business, billed, **changes)
    assert business.contents() == before


def test_a_meter_s_record_stays_in_the_period_that_it_was_derived_for(business, march):
    business.bill(march)
    (number,) = business.rows("usage_records", "record_id")
    with pytest.raises(ChangeRefusedError, match="was derived for 2025-03, and its new start is of 2025-02"):
        _change(business, number, StartDateTime="2025-02-28")
    _change(business, number, Quantity="7")
    assert business.quantities() == [("C-1", "2025-03", Decimal(7), 3)]
    assert business.ledger() == (3, {("pending", ""): 3})
    assert business.run().outcome == "created"
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]


def test_a_record_that_is_not_there_is_refused_with_what_became_of_it(business, number):
    with pytest.raises(ChangeRefusedError, match="record 99 is unknown"):
        _change(business, 99, Quantity="1")
    delete(business.store, Selection(record_ids=[number]), by="bob", reason="sent twice", dry_run=False)
    with pytest.raises(ChangeRefusedError, match=r"is deleted at .* by bob: sent twice"):
        _change(business, number, Quantity="1")


def test_a_change_needs_a_reason(business, number):
    with pytest.raises(ChangeRefusedError, match="say why"):
        _change(business, number, reason="", Quantity="2")


def test_an_account_s_records_are_listed_newest_first_in_pages(business):
    _, first = uploaded(business.store, {}, {"quantity": Decimal(2)})
    _, second = uploaded(business.store, {"quantity": Decimal(3)}, file_name="more.csv", source_type="API")
    newest = [*reversed(first + second)]
    with business.store.begin() as connection:
        pages = [records.page(connection, "A-1", limit=2, offset=offset) for offset in (0, 2, 4)]
        assert [[row["record_id"] for row in page] for page in pages] == [newest[:2], newest[2:], []]
        assert records.page(connection, "A-2", limit=2, offset=0) == []
    row = pages[0][0]
    assert (row["source_type"], row["file_name"], row["account_name"]) == ("API", "more.csv", "Mill")
    assert row["submitted_at"] <= row["updated_at"]
