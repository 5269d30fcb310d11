"""Readings that lead to another charge by what is registered late, or to none any more: the next run sees to it."""

from decimal import Decimal

import pytest
import sqlalchemy as sa
from daily_runs import MONTHS_LAST_NOON, NIGHT, NOON, amounts, run_bills, run_usage
from small_business import ACCOUNTS, CHARGE, METER

from pipeline import scheduled
from pipeline.billing.preflight import preflight
from pipeline.proof.close import CloseRefusedError, close
from pipeline.usage.overtaken import OvertakenError
from transforms.period import Period

OPEN = "C-1,S-1,A-1,energy,2020-01-01T00:00:00Z,,Active"
UNTIL_15TH = "C-1,S-1,A-1,energy,2020-01-01T00:00:00Z,2025-03-15T00:00:00Z,Active"
UNTIL_10TH = UNTIL_15TH.replace("03-15", "03-10")
FROM_15TH = "C-2,S-1,A-1,energy,2025-03-15T00:00:00Z,,Active"
OF_A_2 = "C-9,S-9,A-2,energy,2020-01-01T00:00:00Z,,Active"
HEADER = "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
READ = "at,value\n2025-03-05T00:00:00Z,1\n2025-03-12T00:00:00Z,2\n2025-03-20T00:00:00Z,4\n2025-03-30T00:00:00Z,8\n"
OUTSIDE = ("out_of_scope", "outside_subscription")
ALLOWED = CHARGE + "negative_usage: allow\n"


def registered(business, *lines):
    """Register exactly these charges; whoever was registered before stays so."""
    business.deliver("customers/subscribed_charges.csv", HEADER + "".join(f"{line}\n" for line in lines))
    business.register()


def loaded(business, *lines):
    """Register charges, and load March: 1 kWh on the 5th, 2 on the 12th, 4 on the 20th, 8 on the 30th."""
    registered(business, *lines)
    business.deliver("power/A-1/march.csv", READ)
    scheduled.land("power", NIGHT)
    return run_usage(MONTHS_LAST_NOON, NOON)


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


def quantities(business):
    return [(number, quantity) for number, _, quantity, _ in business.quantities()]


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


def test_where_usage_may_go_below_zero_an_earlier_end_gives_back_what_was_billed_beyond_and_once(named):
    named.declare("charges/energy.yaml", ALLOWED)
    loaded(named, OPEN)
    run_bills(MONTHS_LAST_NOON, NOON)
    registered(named, UNTIL_15TH)
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert amounts(named) == [("C-1", Decimal(-3)), ("C-1", Decimal("3.75"))]  # 3 kWh of 15 are left
    assert run_usage() == []
    registered(named, UNTIL_10TH, FROM_15TH)
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert amounts(named)[0] == ("C-1", Decimal(-3))
    assert sum(amount for _, amount in amounts(named)) == Decimal("3.25")  # 1 kWh, and 12 of C-2
    assert named.ledger() == (4, {("billed", ""): 3, OUTSIDE: 1})
    assert run_usage() == []


def test_where_usage_may_not_go_below_zero_an_earlier_end_of_what_is_billed_waits_for_people_and_keeps_nobody_else(
    named, march
):
    registered(named, OPEN)
    named.deliver("customers/accounts.csv", ACCOUNTS + "A-2,Shop,EUR,UTC,Active\n")
    named.deliver("power/A-2/march.csv", march)
    loaded(named, OPEN, OF_A_2.replace(",,", ",2025-03-10T00:00:00Z,"))
    run_bills(MONTHS_LAST_NOON, NOON)
    registered(named, UNTIL_15TH, OF_A_2.replace(",,", ",2025-03-10T00:00:00Z,"))
    assert run_usage() == []
    assert named.ledger() == (7, {("billed", ""): 5, OUTSIDE: 2})


def test_where_usage_may_go_below_zero_an_earlier_start_takes_the_place_of_what_was_billed_from_the_later_one(named):
    named.declare("charges/energy.yaml", ALLOWED)
    from_10th = OPEN.replace("2020-01-01", "2025-03-10")
    loaded(named, from_10th)
    run_bills(MONTHS_LAST_NOON, NOON)
    assert amounts(named) == [("C-1", Decimal("3.50"))]  # 14 kWh
    registered(named, OPEN)
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert amounts(named) == [("C-1", Decimal("0.25")), ("C-1", Decimal("3.50"))]  # the 5th
    assert named.ledger() == (4, {("billed", ""): 4})
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


@pytest.fixture
def beyond(named, march):
    """Billed: 15 kWh of C-1, and 6.5 of A-2's; then it becomes known that C-1 ended on the 15th, with 3."""
    named.deliver("customers/accounts.csv", ACCOUNTS + "A-2,Shop,EUR,UTC,Active\n")
    named.deliver("power/A-2/march.csv", march)
    loaded(named, OPEN, OF_A_2)
    run_bills(MONTHS_LAST_NOON, NOON)
    assert amounts(named) == [("C-1", Decimal("3.75")), ("C-9", Decimal("1.63"))]
    registered(named, UNTIL_15TH, OF_A_2)
    return named


def late_usage_of_a_2(business):
    business.deliver("power/A-2/more.csv", "at,value\n2025-03-06T00:00:00Z,10\n")
    business.extract()


def test_late_usage_of_others_is_billed_although_what_one_was_billed_beyond_its_end_may_not_be_given_back(beyond):
    late_usage_of_a_2(beyond)
    assert run_usage() == ["energy 2025-03: adjusted"]
    assert beyond.ledger() == (8, {("billed", ""): 7, ("pending", ""): 1 - 2, OUTSIDE: 2})
    run_bills()
    billed = [("C-1", Decimal("3.75")), ("C-9", Decimal("1.63")), ("C-9", Decimal("2.50"))]
    assert amounts(beyond) == billed
    (waits,) = preflight(beyond.store, beyond.catalog, Period.parse("2025-03")).at_risk
    assert (waits.charge_number, waits.quantity, waits.amount) == ("C-1", Decimal(-12), Decimal(-3))
    assert "would take back 12 kwh of what was billed, which charge energy refuses" in waits.reason
    assert run_usage() == []
    run_bills()
    assert amounts(beyond) == billed


def test_what_waited_to_be_given_back_is_given_back_once_when_the_charge_allows_it(beyond):
    late_usage_of_a_2(beyond)
    run_usage()
    run_bills()
    beyond.declare("charges/energy.yaml", ALLOWED)
    for _ in ("at once", "never again"):
        run_bills()
        assert sum(amount for number, amount in amounts(beyond) if number == "C-1") == Decimal("0.75")  # 3 kWh
        assert run_usage() == []


def test_a_charge_that_follows_bills_nothing_twice_while_what_the_first_was_billed_beyond_waits(beyond):
    registered(beyond, UNTIL_15TH, FROM_15TH, OF_A_2)
    late_usage_of_a_2(beyond)
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert sum(amount for _, amount in amounts(beyond)) == Decimal("7.88")  # 3.75 as before, and 16.5 kWh of A-2's
    beyond.declare("charges/energy.yaml", ALLOWED)
    run_bills()
    assert amounts(beyond)[:3] == [("C-1", Decimal(-3)), ("C-1", Decimal("3.75")), ("C-2", Decimal(3))]


def test_a_changed_rule_that_lowers_what_is_billed_wants_a_reason_also_when_an_end_was_registered_late(beyond):
    late_usage_of_a_2(beyond)
    beyond.count_in("1/2")
    with pytest.raises(Exception, match="comes to another result even without them: charge C-1 was billed 15 kwh"):
        run_usage()


def test_a_period_is_not_closed_while_an_adjustment_below_zero_waits(beyond):
    late_usage_of_a_2(beyond)
    run_usage()
    run_bills()
    with pytest.raises(CloseRefusedError, match=r"has 1 adjustments .* record .* take back 12 kwh"):
        close(beyond.store, beyond.catalog, Period.parse("2025-03"), beyond.home, by="ann")
