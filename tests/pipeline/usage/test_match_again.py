"""Records that no charge took are matched together, and each is kept as if it had been changed alone."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from small_business import CHARGES, UNITS, Business
from uploaded_usage import uploaded

from pipeline.store import records
from pipeline.usage import change as changing
from pipeline.usage.change import change, match_again
from pipeline.usage.delete import Selection, delete

STORAGE = "charge: storage\nuom: hour\ncurrency: EUR\nnegative_usage: allow\npricing: {model: per_unit, price: 3}\n"
SUBSCRIBED = CHARGES + "".join(
    f"C-{number}9,S-{number},A-{number},storage,2020-01-01T00:00:00Z,,Active\n" for number in (1, 2)
)
ACCOUNTS = (
    "account_number,name,currency,time_zone,status,bill_cycle_day\n"
    "A-1,Mill,EUR,UTC,Active,1\nA-2,Shop,EUR,America/New_York,Active,15\nA-3,Farm,EUR,UTC,Active,1\n"
)
NOBODY_S = {"charge_number": None, "charge": None, "subscription_number": "", "uom": "hour"}
TAKEN = (
    {"account_number": "A-1"},
    {"account_number": "A-1", "uom": "minute", "quantity": Decimal(90)},  # 1.5 hours
    {"account_number": "A-2", "quantity": Decimal("2.000000001"), "custom_fields": {"SITE__c": "7", "É__c": "ü"}},
    {"account_number": "A-2", "period": "2025-04", "start_at": datetime(2025, 4, 15, 3, 59, tzinfo=UTC)},
    {"account_number": "A-1", "unique_key": "k", "end_at": datetime(2025, 3, 11, tzinfo=UTC), "description": "a 'b'"},
)
LEFT = (
    {"account_number": "A-3"},  # it has no charge that counts hours
    {"account_number": "A-1", "start_at": datetime(2019, 12, 31, tzinfo=UTC)},  # before it was subscribed to
    {"account_number": "A-1", "description": "=1+1"},
)
WHOLE = "before - 'updated_at'", "after - 'updated_at'"  # jsonb: the same in two stores but for the moment


def _with_usage(store, folder):
    """Two imports of a file and two of calls, whose records no charge takes until now."""
    business = Business(store, folder)
    business.declare("units.yaml", UNITS.replace("hour: {", "hour: {aliases: {minute: 1/60}, "))
    business.declare("charges/storage.yaml", STORAGE)
    business.deliver("customers/accounts.csv", ACCOUNTS)
    business.register()
    for number in (1, 2):
        uploaded(
            store,
            *(NOBODY_S | each for each in TAKEN + LEFT if number == 1 or "unique_key" not in each),
            file_name=f"{number}.csv",
        )
        uploaded(store, NOBODY_S | TAKEN[number], file_name=f"call {number}", source_type="API")
    business.deliver("customers/subscribed_charges.csv", SUBSCRIBED)
    business.register()
    return business


def _one_by_one(business, taken):
    for number in taken:
        change(
            business.store, business.catalog, number, {}, by="ann", reason="a charge that takes it was subscribed to"
        )


def _kept(business):
    """Give all that the store holds of usage, its numbers too, but no moment."""
    usage = business.rows(
        "usage_records", "record_id", "period", "charge_number", "charge", "subscription_number", "uom", "quantity",
        "start_at", "end_at", "description", "custom_fields::text", "negative_allowed", "record_key", "import_id",
    )  # fmt: skip
    changes = business.rows(
        "usage_changes", "record_id", "import_id", "action", "readings", "reason", "changed_by", *WHOLE
    )
    return (
        usage,
        changes,
        business.rows("imports", "import_id", "altered_count", "updated_by"),
        business.contents()["events"],
    )


def _without_charge(business):
    with business.store.begin() as connection:
        return [number for _, number in records.without_charge(connection)]


@pytest.fixture
def business(new_store, tmp_path):
    return _with_usage(new_store(), tmp_path / "together")


def test_records_matched_together_are_kept_as_if_each_had_been_changed_alone(new_store, tmp_path, business):
    alone = _with_usage(new_store(), tmp_path / "alone")
    assert _kept(alone) == _kept(business)
    before = _without_charge(business)
    assert match_again(business.store, business.catalog, by="ann") == 11  # 5 and 4 of the files, 2 of the calls
    taken = [number for number in before if number not in _without_charge(business)]
    assert len(taken) == 11
    _one_by_one(alone, taken)
    assert _kept(alone) == _kept(business)
    assert business.rows("imports", "name", "altered_count") == [
        ("1.csv", 5), ("2.csv", 4), ("call 1", 1), ("call 2", 1),
    ]  # fmt: skip


def test_quantities_and_periods_are_those_of_the_charge(business):
    match_again(business.store, business.catalog, by="ann")
    found = business.rows("usage_records WHERE charge_number IS NOT NULL", "charge_number", "period", "uom", "quantity")
    assert found == [
        *[("C-19", "2025-03", "hour", Decimal(1))] * 3,
        *[("C-19", "2025-03", "hour", Decimal("1.5"))] * 3,
        *[("C-29", "2025-02-15--2025-03-15", "hour", Decimal("2.000000001"))] * 3,
        *[("C-29", "2025-03-15--2025-04-15", "hour", Decimal(1))] * 2,
    ]


@pytest.mark.parametrize("together", [1, 2, 5])
def test_it_does_not_matter_how_many_are_matched_in_one_transaction(
    new_store, tmp_path, business, monkeypatch, together
):
    some = _with_usage(new_store(), tmp_path / "some")
    match_again(business.store, business.catalog, by="ann")
    monkeypatch.setattr(changing, "TOGETHER", together)
    assert match_again(some.store, some.catalog, by="ann") == 11
    assert _kept(some) == _kept(business)
    assert match_again(some.store, some.catalog, by="ann") == 0
    assert _kept(some) == _kept(business)


def test_matching_many_takes_no_more_statements_than_matching_few(business):
    statements = []
    sa.event.listen(business.store, "before_cursor_execute", lambda *found: statements.append(found[2]))
    assert match_again(business.store, business.catalog, by="ann") == 11
    many = len(statements)
    uploaded(business.store, NOBODY_S | TAKEN[0], file_name="one.csv")
    statements.clear()
    assert match_again(business.store, business.catalog, by="ann") == 1
    assert many - len(statements) == 3  # a lock of each of the three periods that the one record is not of


def test_a_record_that_is_deleted_meanwhile_stays_deleted(business, monkeypatch):
    first, *_ = _without_charge(business)
    listed = records.without_charge

    def then_deleted(connection):
        found = listed(connection)
        delete(business.store, Selection(record_ids=[first]), by="bob", reason="sent twice", dry_run=False)
        return found

    monkeypatch.setattr(records, "without_charge", then_deleted)
    assert match_again(business.store, business.catalog, by="ann") == 10
    assert business.rows(f"usage_changes WHERE record_id = {first}", "action", "changed_by") == [("delete", "bob")]


def test_a_record_that_was_changed_by_hand_meanwhile_stays_as_it_was_changed(business, monkeypatch):
    first, *_ = _without_charge(business)
    listed = records.without_charge

    def then_changed(connection):
        found = listed(connection)
        change(business.store, business.catalog, first, {"Quantity": "7"}, by="bob", reason="a slip")
        return found

    monkeypatch.setattr(records, "without_charge", then_changed)
    assert match_again(business.store, business.catalog, by="ann") == 10
    assert business.rows(f"usage_changes WHERE record_id = {first}", "action", "changed_by") == [("update", "bob")]
