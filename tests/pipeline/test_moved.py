"""Readings that lead to another charge by what is registered late, or to none any more: the next run sees to it."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from daily_runs import MONTHS_LAST_NOON, NOON, amounts, run_bills, run_usage
from late_registered import FROM_15TH, OPEN, OUTSIDE, UNTIL_10TH, UNTIL_15TH, loaded, quantities, registered
from small_business import ACCOUNTS, METER

from pipeline.proof.close import close
from pipeline.usage.overtaken import OvertakenError
from transforms.period import Period


@pytest.fixture
def ended(named):
    """C-1 ended on the 15th: 3 kWh are its own, and 12 kWh of two readings are outside."""
    assert loaded(named, UNTIL_15TH) == ["energy 2025-03: created"]
    assert named.ledger() == (4, {("pending", ""): 2, OUTSIDE: 2})
    return named


@pytest.fixture
def billed(ended):
    """The same, billed: 3 kWh at 0.25."""
    run_bills(MONTHS_LAST_NOON, NOON)
    assert amounts(ended) == [("C-1", Decimal("0.75"))]
    return ended


def test_a_charge_that_follows_another_and_is_registered_late_is_loaded_by_the_next_run_and_billed_once(billed):
    assert run_usage() == [], "nothing was registered"
    registered(billed, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert billed.ledger() == (4, {("billed", ""): 2, ("pending", ""): 2})
    run_bills()
    assert amounts(billed) == [("C-1", Decimal("0.75")), ("C-2", Decimal(3))]  # 12 kWh at 0.25
    before = billed.contents()
    assert run_usage() == []
    run_bills()
    assert billed.contents() == before


def test_before_the_bill_run_the_charge_that_follows_is_loaded_beside_the_other(ended):
    registered(ended, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(ended) == [("C-1", Decimal(3)), ("C-2", Decimal(12))]
    assert run_usage() == []


def test_where_all_readings_of_the_month_are_those_of_the_charge_that_follows_they_are_found_too(named):
    assert loaded(named, UNTIL_15TH.replace("03-15", "03-02")) == ["energy 2025-03: empty"]
    registered(named, UNTIL_15TH.replace("03-15", "03-02"), FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(named) == [("C-2", Decimal(12))]
    assert run_usage() == []


def test_a_later_end_adjusts_what_is_billed_by_what_lies_between_and_once(billed):
    registered(billed, UNTIL_15TH.replace("03-15", "03-25"))
    assert run_usage() == ["energy 2025-03: adjusted"]
    assert billed.ledger() == (4, {("billed", ""): 2, ("pending", ""): 1, OUTSIDE: 1})
    run_bills()
    assert amounts(billed) == [("C-1", Decimal("0.75")), ("C-1", Decimal(1))]  # 4 kWh more
    assert run_usage() == []
    registered(billed, OPEN)
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert [amount for _, amount in amounts(billed)] == [Decimal("0.75"), Decimal(1), Decimal(2)]  # 8 kWh more
    assert run_usage() == []


def test_an_end_that_is_registered_late_takes_back_what_is_pending(named):
    loaded(named, OPEN)
    registered(named, UNTIL_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert named.ledger() == (4, {("pending", ""): 2, OUTSIDE: 2})
    assert run_usage() == []


def test_a_charge_that_takes_the_place_of_another_late_shares_what_is_pending(named):
    loaded(named, OPEN)
    registered(named, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(named) == [("C-1", Decimal(3)), ("C-2", Decimal(12))]
    assert run_usage() == []


def test_a_changed_end_that_moves_no_reading_is_tried_once_and_leaves_what_is_billed(billed):
    registered(billed, UNTIL_15TH.replace("03-15", "03-18"))
    items = billed.rows("rated_items", "amount")
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(billed) == [("C-1", Decimal(3))]
    run_bills()
    assert billed.rows("rated_items", "amount") == items
    assert run_usage() == []


def test_what_is_registered_again_as_it_was_or_for_later_months_derives_nothing(billed):
    changes = billed.rows("subscription_changes", "change_id")
    registered(billed, UNTIL_15TH)
    assert billed.rows("subscription_changes", "change_id") == changes
    registered(billed, UNTIL_15TH, FROM_15TH.replace("03-15", "04-01"))
    assert run_usage() == []
    assert billed.ledger() == (4, {("billed", ""): 2, OUTSIDE: 2})


def test_changes_are_read_once_however_many_months_were_loaded_before_them(named):
    loaded(named, OPEN)
    for day, month in enumerate(("2025-01", "2025-02"), start=16):
        registered(named, UNTIL_15TH.replace("03-15", f"09-{day}"))
        named.run(period=month)
    registered(named, UNTIL_15TH.replace("03-15", "09-18"))
    assert sorted(named.rows("ledgers", "changes_seen")) == [0, 1, 2]
    asked = []
    sa.event.listen(named.store, "before_cursor_execute", lambda *call: asked.append(call[2]))
    assert run_usage() == []
    assert sum("subscription_changes.change_id >" in each for each in asked) == 1


def test_two_charges_at_one_time_are_sorted_out_once_the_one_ends_when_the_other_begins(named):
    assert loaded(named, OPEN, FROM_15TH) == ["energy 2025-03: empty"]
    assert named.ledger() == (4, {("quarantined", "ambiguous_charge"): 4})
    assert run_usage() == []
    registered(named, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(named) == [("C-1", Decimal(3)), ("C-2", Decimal(12))]
    assert run_usage() == []


def test_a_second_charge_at_the_same_time_takes_nothing_away_until_the_first_one_ends(billed):
    registered(billed, UNTIL_15TH, FROM_15TH.replace("03-15", "03-10"))
    assert run_usage() == []
    registered(billed, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]


def test_whoever_is_suspended_is_not_loaded_by_a_charge_that_follows_nor_by_being_active_again(named):
    named.deliver("customers/accounts.csv", ACCOUNTS.replace("Active", "Suspended"))
    assert loaded(named, UNTIL_15TH) == ["energy 2025-03: empty"]
    assert named.ledger() == (4, {("quarantined", "account_not_active"): 4})
    registered(named, UNTIL_15TH, FROM_15TH)
    assert run_usage() == []
    named.deliver("customers/accounts.csv", ACCOUNTS)
    registered(named, UNTIL_15TH, FROM_15TH)
    assert run_usage() == [], "what was used while it was suspended is for people to say"


def test_a_charge_that_follows_is_loaded_once_it_is_no_draft_any_more(billed):
    registered(billed, UNTIL_15TH, FROM_15TH.replace("Active", "Draft"))
    assert run_usage() == []
    registered(billed, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert run_usage() == []


def test_of_an_account_that_was_closed_no_charge_that_follows_is_loaded(billed):
    billed.deliver("customers/accounts.csv", ACCOUNTS.replace("Active", "Closed"))
    registered(billed, UNTIL_15TH, FROM_15TH)
    assert run_usage() == []
    assert billed.ledger() == (4, {("billed", ""): 2, OUTSIDE: 2})


def test_a_closed_period_and_one_that_is_not_loaded_are_left_alone(billed):
    close(billed.store, billed.catalog, Period.parse("2025-03"), billed.home, by="ann")
    registered(billed, UNTIL_15TH, FROM_15TH)
    assert run_usage() == []
    assert billed.run().outcome == "created"


def test_what_is_registered_while_a_run_goes_on_is_seen_by_the_next_one(ended):
    usage, verdict = ended.prepare()
    registered(ended, UNTIL_15TH, FROM_15TH)
    ended.load(usage, verdict)
    assert ended.ledger() == (4, {("pending", ""): 2, OUTSIDE: 2})
    assert run_usage() == ["energy 2025-03: created"]
    assert run_usage() == []


def test_what_was_derived_before_the_store_was_restored_is_refused_and_the_change_of_another_found(ended):
    registered(ended, UNTIL_10TH)
    usage, verdict = ended.prepare()
    with ended.store.begin() as connection:  # the dump is from before the change, and so is what it numbers next
        connection.exec_driver_sql("UPDATE subscribed_charges SET end_at = '2025-03-15Z'")
        seen = {"seen": connection.execute(sa.text("SELECT max(changes_seen) FROM ledgers")).scalar()}
        connection.execute(sa.text("DELETE FROM subscription_changes WHERE change_id > :seen"), seen)
        number = "pg_get_serial_sequence('subscription_changes', 'change_id')"
        connection.execute(sa.select(sa.func.setval(sa.text(number), seen["seen"])))
    ended.refuses(OvertakenError, "changes of subscriptions that the store does not know", usage, verdict)
    registered(ended, UNTIL_15TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: created"]
    assert quantities(ended) == [("C-1", Decimal(3)), ("C-2", Decimal(12))]


def test_another_change_does_not_reach_what_is_billed_by_way_of_a_later_end(billed):
    registered(billed, OPEN)
    billed.count_in(3)
    with pytest.raises(Exception, match="comes to another result even without them: charge C-1 was billed 3 kwh"):
        run_usage()
    billed.count_in(1)
    assert run_usage() == ["energy 2025-03: adjusted"]


def test_where_what_is_billed_is_not_adjusted_what_a_later_end_brings_is_late(billed):
    billed.declare("meters/energy.yaml", METER + "billed_usage: refuse\n")
    registered(billed, OPEN)
    late = {("billed", ""): 2, ("late", "after_billing"): 2}
    assert run_usage() == ["energy 2025-03: late"]
    assert billed.ledger() == (4, late)
    assert run_usage() == []
    billed.deliver("power/A-1/more.csv", "at,value\n2025-03-06T00:00:00Z,8\n")
    billed.extract()
    assert run_usage() == ["energy 2025-03: late"]
    assert billed.ledger() == (5, late | {("late", "after_billing"): 3})
    assert run_usage() == []


def test_a_late_file_and_a_later_end_adjust_together(billed):
    registered(billed, OPEN)
    billed.deliver("power/A-1/more.csv", "at,value\n2025-03-06T00:00:00Z,16\n")
    billed.extract()
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert sum(amount for _, amount in amounts(billed)) == Decimal("7.75")  # 31 kWh at 0.25
    assert run_usage() == []


def test_a_month_is_closed_although_an_end_was_registered_late_that_moves_none_of_its_readings(billed):
    registered(billed, UNTIL_15TH.replace("03-15", "03-18"))
    assert run_usage() == ["energy 2025-03: created"]
    found = close(billed.store, billed.catalog, Period.parse("2025-03"), billed.home, by="ann")
    assert found.manifest.records.sums == {"kwh": "3"}
