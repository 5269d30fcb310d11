"""Readings of who is not known yet wait in quarantine, and are billed by themselves once there is a charge for them."""

from decimal import Decimal

import pytest
from daily_runs import MONTHS_LAST_NOON, NIGHT, NOON, amounts, run_bills, run_usage, subscribe
from small_business import CHARGE, METER

from pipeline import scheduled

THREE = "at,value\n2025-03-10T00:00:00Z,4\n2025-03-20T00:00:00Z,2\n2025-03-30T00:00:00Z,1\n"
UNKNOWN = {("quarantined", "unknown_account"): 3}


@pytest.fixture
def waiting(named, march):
    """March is loaded; of its readings, three are of an account that nobody knows."""
    named.deliver("power/A-1/march.csv", march)
    named.deliver("power/A-7/march.csv", THREE)
    scheduled.land("power", NIGHT)
    assert run_usage(MONTHS_LAST_NOON, NOON) == ["energy 2025-03: created"]
    assert named.ledger() == (6, {("pending", ""): 3, **UNKNOWN})
    return named


@pytest.fixture
def billed(waiting):
    """The same, billed and posted."""
    run_bills(MONTHS_LAST_NOON, NOON)
    assert waiting.ledger() == (6, {("billed", ""): 3, **UNKNOWN})
    return waiting


def test_who_is_registered_after_their_readings_landed_is_loaded_by_the_next_run_and_billed_once(billed):
    assert run_usage() == [], "nobody was registered"
    billed.customer("A-7")
    assert run_usage() == ["energy 2025-03: created"]
    assert billed.ledger() == (6, {("billed", ""): 3, ("pending", ""): 3})
    run_bills()
    assert billed.ledger() == (6, {("billed", ""): 6})
    assert amounts(billed) == [("C-1", Decimal("1.63")), ("C-7", Decimal("1.75"))]  # 7 kWh at 0.25
    before = billed.contents()
    assert run_usage() == []
    run_bills()
    assert billed.contents() == before


def test_before_the_bill_run_they_are_loaded_beside_the_others(waiting):
    waiting.customer("A-7")
    assert run_usage() == ["energy 2025-03: created"]
    assert waiting.ledger() == (6, {("pending", ""): 6})
    assert run_usage() == []


def test_who_is_registered_without_the_charge_is_waited_for_until_it_is_subscribed_to(billed):
    billed.declare("charges/heat.yaml", CHARGE.replace("charge: energy", "charge: heat"))
    billed.customer("A-7", of="heat")
    assert run_usage() == []
    billed.run()
    assert billed.ledger() == (6, {("billed", ""): 3, ("quarantined", "no_charge"): 3})
    assert run_usage() == []
    subscribe(billed, "C-8,S-7,A-7,energy,2025-03-01T00:00:00Z,,Active")
    assert run_usage() == ["energy 2025-03: created"]
    assert billed.ledger() == (6, {("billed", ""): 3, ("pending", ""): 3})
    assert run_usage() == []


def test_a_charge_that_begins_after_the_readings_takes_none_of_them_and_is_not_tried_day_after_day(billed):
    billed.customer("A-7")
    subscribe(billed, "C-7,S-7,A-7,energy,2025-04-01T00:00:00Z,,Active")
    assert run_usage() == []
    assert billed.ledger() == (6, {("billed", ""): 3, **UNKNOWN})
    billed.run()
    assert run_usage() == []
    assert billed.ledger() == (6, {("billed", ""): 3, ("out_of_scope", "outside_subscription"): 3})
    subscribe(billed, "C-7,S-7,A-7,energy,2025-03-15T00:00:00Z,,Active")
    assert run_usage() == ["energy 2025-03: created"]
    assert billed.ledger() == (
        6, {("billed", ""): 3, ("pending", ""): 2, ("out_of_scope", "outside_subscription"): 1}
    )  # fmt: skip
    assert run_usage() == []


def test_who_is_registered_as_a_draft_is_loaded_once_it_is_active(billed):
    billed.customer("A-7", status="Draft")
    assert run_usage() == []
    accounts = billed.inbox / "customers/accounts.csv"
    accounts.write_text(accounts.read_text().replace("Draft", "Active"))
    billed.register()
    assert run_usage() == ["energy 2025-03: created"]
    assert run_usage() == []


def test_who_was_suspended_is_not_loaded_by_itself(billed):
    billed.customer("A-7", status="Suspended")
    billed.run()
    assert billed.ledger() == (6, {("billed", ""): 3, ("quarantined", "account_not_active"): 3})
    accounts = billed.inbox / "customers/accounts.csv"
    accounts.write_text(accounts.read_text().replace("Suspended", "Active"))
    billed.register()
    assert run_usage() == []


def test_of_two_who_are_unknown_the_second_is_still_waited_for_once_the_first_is_loaded(waiting):
    waiting.deliver("power/A-8/march.csv", THREE)
    scheduled.land("power", NOON)
    waiting.customer("A-7")
    assert run_usage() == ["energy 2025-03: created"]
    assert waiting.ledger() == (9, {("pending", ""): 6, **UNKNOWN})
    waiting.customer("A-8")
    assert run_usage() == ["energy 2025-03: created"]
    assert waiting.ledger() == (9, {("pending", ""): 9})


def test_who_is_registered_while_a_run_goes_on_is_loaded_by_the_next_one(waiting):
    usage, verdict = waiting.prepare()
    waiting.customer("A-7")
    waiting.load(usage, verdict)
    assert waiting.ledger() == (6, {("pending", ""): 3, **UNKNOWN})
    assert run_usage() == ["energy 2025-03: created"]
    assert waiting.ledger() == (6, {("pending", ""): 6})


def test_what_was_deleted_of_them_by_hand_is_not_brought_back(waiting):
    waiting.customer("A-7")
    run_usage()
    (record,) = waiting.rows("usage_records WHERE charge_number = 'C-7'", "record_id")
    scheduled.delete_usage("records", str(record), reason="a test meter", by="ann", dry_run=False)
    assert run_usage() == []
    assert waiting.ledger() == (6, {("pending", ""): 3, ("deleted", "by_hand"): 3})


def test_readings_move_to_the_periods_by_which_who_is_registered_is_billed(named, march):
    accounts = "account_number,name,currency,time_zone,status,bill_cycle_day\nA-1,Mill,EUR,UTC,Active,1\n"
    farm = "A-2,Farm,EUR,UTC,Active,15\n"
    named.deliver("customers/accounts.csv", accounts + farm)
    subscribe(named, "C-2,S-2,A-2,energy,2020-01-01T00:00:00Z,,Active")
    named.deliver("power/A-1/march.csv", march)
    named.deliver("power/A-7/march.csv", THREE)
    named.extract()
    fifteenth = "2025-03-15--2025-04-15"
    for period in ("2025-02-15--2025-03-15", "2025-03", "2025-04", fifteenth):
        named.run(period=period)
    assert run_usage() == []
    named.deliver("customers/accounts.csv", accounts + farm + farm.replace("A-2", "A-7"))
    subscribe(
        named, "C-2,S-2,A-2,energy,2020-01-01T00:00:00Z,,Active", "C-7,S-7,A-7,energy,2020-01-01T00:00:00Z,,Active"
    )
    assert run_usage() == [
        "energy 2025-02-15--2025-03-15: created", "energy 2025-03: exists", f"energy {fifteenth}: created"
    ]  # fmt: skip
    assert named.quantities() == [
        ("C-1", "2025-03", Decimal("6.5"), 3),
        ("C-7", "2025-02-15--2025-03-15", Decimal(4), 1),
        ("C-7", fifteenth, Decimal(3), 2),
    ]
    assert named.rows("ledger_lines", "place", "reason", "rows") == []
    assert run_usage() == []


def test_what_held_before_the_period_counts_once_it_is_known_whose_it_is(named, march):
    named.declare("meters/energy.yaml", METER.replace("function: sum", "function: time_weighted_average"))
    named.deliver("power/A-1/march.csv", march)
    named.deliver("power/A-7/february.csv", "at,value\n2025-02-10T00:00:00Z,4\n")
    named.extract()
    named.run()
    assert run_usage() == []
    named.customer("A-7")
    assert run_usage() == ["energy 2025-03: created"]
    assert [row[2] for row in named.quantities() if row[0] == "C-7"] == [Decimal(4)]
    assert run_usage() == []


def test_who_is_found_with_a_late_file_where_nothing_is_adjusted_is_late_too(billed):
    billed.declare("meters/energy.yaml", METER + "billed_usage: refuse\n")
    billed.customer("A-7")
    billed.deliver("power/A-1/more.csv", "at,value\n2025-03-21T00:00:00Z,10\n")
    scheduled.land("power", NOON)
    assert run_usage() == ["energy 2025-03: late"]
    assert billed.ledger() == (7, {("billed", ""): 3, ("late", "after_billing"): 4})
    assert run_usage() == []


def test_a_ledger_from_before_the_names_were_kept_waits_for_a_run_by_hand(billed):
    with billed.store.begin() as connection:
        connection.exec_driver_sql("DELETE FROM ledger_strangers")
    billed.customer("A-7")
    assert run_usage() == []
    assert billed.run().outcome == "created"


def test_a_ledger_names_whose_readings_it_has_in_quarantine(billed):
    kept = billed.rows("ledger_strangers", "meter", "period", "account", "subscription")
    assert kept == [("energy", "2025-03", "A-7", "")]
