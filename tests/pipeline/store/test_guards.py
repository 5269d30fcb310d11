"""What is billed never changes, and what is no quantity never enters: the database itself refuses it."""

from decimal import Decimal

import psycopg
import pytest
import sqlalchemy as sa

COPIED = (
    "INSERT INTO usage_records (import_id, record_key, period, account_number, subscription_number, charge_number, "
    "charge, uom, quantity, start_at, end_at, description, custom_fields, readings) "
    "SELECT import_id, 'another', period, account_number, subscription_number, charge_number, charge, uom, {quantity}, "
    "{start}, end_at, description, custom_fields, readings FROM usage_records LIMIT 1"
)


def _refused(business, statement, *constraint):
    """Attempt a statement as a stranger with a console would; it must fail and leave everything as it was."""
    before = business.contents()
    with pytest.raises(sa.exc.DBAPIError) as caught, business.store.begin() as connection:
        connection.execute(sa.text(statement))
    assert business.contents() == before
    for name in constraint:
        assert name in str(caught.value.orig)
    return caught.value.orig


@pytest.fixture
def billed(business, march):
    business.bill(march)
    business.rate()
    return business


def test_processed_usage_can_be_neither_changed_nor_deleted(billed):
    for statement in (
        "UPDATE usage_records SET quantity = quantity",
        "UPDATE usage_records SET status = 'Pending', bill_run_id = NULL",
        "UPDATE usage_records SET superseded_by = import_id",
        "DELETE FROM usage_records",
    ):
        _refused(billed, statement, "is Processed by bill run")


def test_what_was_billed_can_be_neither_changed_nor_deleted(billed):
    for table, column in (("bill_runs", "records"), ("rated_items", "amount"), ("rated_usage", "record_id")):
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):  # noqa: S608 constants
            found = _refused(billed, statement, "what was billed never changes")
            assert isinstance(found, psycopg.errors.IntegrityConstraintViolation)


def test_no_table_of_billing_can_be_emptied(billed):
    for table in ("usage_records", "bill_runs", "rated_items", "rated_usage"):
        _refused(billed, f"TRUNCATE {table} CASCADE", "is refused")


def test_pending_usage_may_change_and_go(business, march):
    business.bill(march)
    with business.store.begin() as connection:
        assert connection.execute(sa.text("UPDATE usage_records SET description = 'x'")).rowcount == 1
        assert connection.execute(sa.text("DELETE FROM usage_records")).rowcount == 1
    assert business.rows("usage_records", "record_id") == []


def test_what_is_no_quantity_is_refused_by_its_constraint(business, march):
    business.bill(march)
    _refused(business, COPIED.format(quantity="'NaN'", start="start_at"), "quantity_in_range")


def test_usage_below_zero_is_refused_unless_its_charge_allows_it(business, march):
    business.bill(march)
    for quantity in ("-1", "-0.000000001"):
        _refused(business, COPIED.format(quantity=quantity, start="start_at"), "negative_where_allowed")


def test_what_is_too_large_for_a_quantity_is_refused_by_its_type(business, march):
    business.bill(march)
    for quantity in ("'Infinity'", "'-Infinity'", "1e13", "1e14"):
        _refused(business, COPIED.format(quantity=quantity, start="start_at"), "numeric field overflow")


def test_the_largest_quantity_is_taken(business, march):
    business.bill(march)
    largest = "9999999999999.999999999"
    with business.store.begin() as connection:
        connection.execute(sa.text(COPIED.format(quantity=largest, start="start_at")))
    assert business.rows("usage_records", "quantity")[-1] == Decimal(largest)


def test_a_record_that_ends_before_it_starts_is_refused(business, march):
    business.bill(march)
    later = "end_at + interval '1 microsecond'"
    _refused(business, COPIED.format(quantity=1, start=later), "starts_before_it_ends")


CONTRADICTIONS = (
    ("UPDATE usage_records SET status = 'Processed'", "processed_by_a_bill_run"),
    ("UPDATE usage_records SET status = 'Billed' WHERE superseded_by IS NULL", "status_known"),
    ("UPDATE imports SET superseded_by = NULL", "one_active_import"),
    ("UPDATE usage_records SET superseded_by = NULL", "record_key_period_idx"),
    ("UPDATE landed_files SET readings = readings - 1", "every_row_has_a_place"),
    ("UPDATE arrivals SET reason = 'x'", "landed_or_quarantined"),
    ("UPDATE arrivals SET dismissed_by = 'x'", "dismissed_by_whom"),
)


def test_what_contradicts_itself_is_refused(business, march):
    business.bill(march)
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/more.csv")
    for statement, constraint in CONTRADICTIONS:
        _refused(business, statement, constraint)


def test_an_item_must_bill_the_difference_to_what_was_billed(billed):
    columns = (
        "bill_run_id, period, account_number, subscription_number, charge_number, charge, period_start, period_end, "
        "uom, quantity, currency, breakdown"
    )
    _refused(
        billed,
        f"INSERT INTO rated_items ({columns}, group_key, amount_total, billed_before, amount) "  # noqa: S608 a constant
        f"SELECT {columns}, 'other', 2, 1, 2 FROM rated_items",
        "bills_the_difference",
    )
