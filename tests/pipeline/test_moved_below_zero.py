"""Another start or end of what is billed, by which its usage would go below zero: given back, or left to people."""

from decimal import Decimal

import pytest
from daily_runs import MONTHS_LAST_NOON, NOON, amounts, run_bills, run_usage
from late_registered import ALLOWED, FROM_15TH, OF_A_2, OPEN, OUTSIDE, UNTIL_10TH, UNTIL_15TH, loaded, registered
from small_business import ACCOUNTS

from pipeline.billing.preflight import preflight
from pipeline.proof.close import CloseRefusedError, close
from transforms.period import Period


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
