"""Readings of whom a lookup table or a column names are billed by themselves once it is known whose they are."""

from decimal import Decimal

import pytest
from daily_runs import amounts, run_bills, run_usage
from small_business import METER

TENANTS = "source: power\nfiles: power/*\ncolumns: {at: at, value: value, account: tenant}\nlookup: tenants\n"
READ = "at,value,tenant\n2025-03-02T00:00:00Z,1,t-1\n2025-03-03T00:00:00Z,2,t-2\n"


@pytest.fixture
def tenants(named):
    """March is billed: 1 kWh of the tenant whom the lookup table knows; another one is not in it."""
    named.declare("lookups/tenants.csv", "key,account_number\nt-1,A-1\n")
    named.declare("sources/power.yaml", TENANTS)
    named.deliver("power/march.csv", READ)
    named.bill(READ, "power/march.csv")
    assert named.ledger() == (2, {("pending", ""): 1, ("quarantined", "unknown_account"): 1})
    return named


def test_a_tenant_who_is_added_to_the_lookup_adjusts_what_is_billed_without_anybody(tenants):
    tenants.invoice(READ, "power/march.csv")
    tenants.declare("lookups/tenants.csv", "key,account_number\nt-1,A-1\nt-2,A-1\n")
    assert run_usage() == ["energy 2025-03: adjusted"]
    run_bills()
    assert tenants.ledger() == (2, {("billed", ""): 2})
    assert amounts(tenants) == [("C-1", Decimal("0.25")), ("C-1", Decimal("0.50"))]  # 1 kWh, and 2 more
    assert run_usage() == []


def test_a_row_of_the_lookup_whose_account_comes_later_is_waited_for(tenants):
    tenants.declare("lookups/tenants.csv", "key,account_number\nt-1,A-1\nt-2,A-2\n")
    assert run_usage() == []
    tenants.customer("A-2")
    assert run_usage() == ["energy 2025-03: created"]
    assert tenants.ledger() == (2, {("pending", ""): 2})
    assert run_usage() == []


def test_another_change_does_not_reach_what_is_billed_by_way_of_who_is_found(tenants):
    tenants.invoice(READ, "power/march.csv")
    tenants.declare("lookups/tenants.csv", "key,account_number\nt-1,A-1\nt-2,A-1\n")
    tenants.count_in(3)
    with pytest.raises(Exception, match="comes to another result even without them: charge C-1 was billed 1 kwh"):
        run_usage()
    tenants.count_in(1)
    assert run_usage() == ["energy 2025-03: adjusted"]


def test_where_what_is_billed_is_not_adjusted_who_is_found_is_late_and_the_ledger_adds_up(tenants):
    tenants.declare("meters/energy.yaml", METER + "billed_usage: refuse\n")
    tenants.invoice(READ, "power/march.csv")
    tenants.declare("lookups/tenants.csv", "key,account_number\nt-1,A-1\nt-2,A-1\n")
    late = {("billed", ""): 1, ("late", "after_billing"): 1}
    assert run_usage() == ["energy 2025-03: late"]
    assert tenants.ledger() == (2, late)
    assert run_usage() == []
    tenants.deliver("power/more.csv", "at,value,tenant\n2025-03-05T00:00:00Z,8,t-1\n")
    tenants.extract()
    assert run_usage() == ["energy 2025-03: late"]
    assert tenants.ledger() == (3, late | {("late", "after_billing"): 2})
    before = tenants.contents()
    assert [run_usage(), tenants.run().outcome] == [[], "late"]
    assert tenants.contents() == before


def test_an_account_of_any_length_is_quarantined(named):
    named.declare("sources/power.yaml", TENANTS.replace("lookup: tenants\n", ""))
    named.deliver("power/march.csv", f"at,value,tenant\n2025-03-02T00:00:00Z,1,{'x' * 9000}\n")
    named.extract()
    assert named.run().outcome == "empty"
    assert named.ledger() == (1, {("quarantined", "unknown_account"): 1})
