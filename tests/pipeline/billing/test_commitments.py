"""Commitments on a real store: settled after all that counts towards them, and settled again when that changes."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from promised_spend import HALF, PER_UNIT, PROMISE, Shop

from pipeline.billing.post import cancel_rated
from pipeline.billing.preflight import preflight
from pipeline.billing.rate import NotReadyError
from pipeline.periods import to_bill
from pipeline.store import locks
from pipeline.usage.delete import chosen, delete
from transforms.period import Period

UNBILLED = "not billed, and counting towards a commitment"


@pytest.fixture
def shop(business):
    return Shop(business)


def test_what_two_quarters_fall_short_of_the_half_year_is_billed_once(shop):
    shop.bill_quarters(4, 2)
    run = shop.settle()
    assert (run.outcome, run.records, run.items, run.amounts) == ("rated", 0, 1, {"EUR": 4})
    assert shop.settle().outcome == "nothing_due"
    assert (shop.promised(), shop.outdated()) == ([4], [])


def test_a_promise_that_was_kept_is_shown_at_no_price_and_once(shop):
    shop.bill_quarters(4, 7)
    assert shop.settle().amounts == {"EUR": 0}
    assert shop.settle().outcome == "nothing_due"
    assert (shop.promised(), shop.outdated()) == ([0], [])


def test_the_half_year_waits_until_every_quarter_is_billed_and_says_for_which(shop):
    shop.use("2025-Q1", 6)
    assert shop.waits_for() == [f"{UNBILLED}: 2025-Q1, 2025-Q2"]
    shop.business.rate("2025-Q1")
    with pytest.raises(NotReadyError, match=f"2025-H1 cannot be billed yet; {UNBILLED}: 2025-Q2$"):
        shop.settle()
    shop.business.rate("2025-Q2")
    assert shop.waits_for() == []
    assert shop.settle().amounts == {"EUR": 4}


def test_late_usage_of_a_quarter_that_was_billed_holds_nothing_up_and_is_settled_once_it_is_billed(shop):
    """It may be loaded when the bill run has listed its periods: nobody would bill the quarter for a month."""
    shop.bill_quarters(4, 2)
    listed = shop.to_bill()
    shop.use("2025-Q1", 1)
    assert Period.parse("2025-Q1") not in listed
    assert HALF in listed
    assert shop.waits_for() == []
    assert shop.settle().amounts == {"EUR": 4}
    assert shop.business.rate("2025-Q1").amounts == {"EUR": 1}
    assert HALF in shop.to_bill(month=8)
    assert shop.settle().amounts == {"EUR": -1}
    assert (shop.promised(), shop.outdated()) == ([4, -1], [])


def test_a_quarter_whose_bill_run_was_cancelled_is_waited_for_while_usage_of_it_is_to_be_billed(shop):
    shop.bill_quarters(4, 2)
    cancel_rated(shop.business.store, Period.parse("2025-Q2"), by="ann", reason="another account's usage")
    assert shop.waits_for() == [f"{UNBILLED}: 2025-Q2"]
    delete(shop.business.store, chosen("file", "2.csv"), by="ann", reason="another account's usage", dry_run=False)
    assert shop.waits_for() == []


def test_whoever_promised_nothing_is_not_waited_for(shop):
    shop.bill_quarters(4, 2)
    accounts = shop.business.inbox / "customers" / "accounts.csv"
    header, *lines = accounts.read_text().splitlines()
    accounts.write_text("\n".join([f"{header},bill_cycle_day", *(f"{line},1" for line in lines), ""]))
    with accounts.open("a") as file:
        file.write("A-2,Bakery,EUR,UTC,Active,15\n")
    shop.subscribe("C-2,S-2,A-2,energy,2025-01-01T00:00:00Z,,Active")
    whose = {"account_number": "A-2", "subscription_number": "S-2", "charge_number": "C-2"}
    shop.use("2025-01-15--2025-04-15", 1, **whose)
    assert shop.waits_for() == []
    assert shop.settle().amounts == {"EUR": 4}


@pytest.mark.parametrize(("late", "due"), [(5, [4, -4]), (-2, [4, 2])])
def test_usage_that_is_billed_after_the_promise_was_settles_it_again(shop, now, late, due):
    shop.business.declare("charges/energy.yaml", PER_UNIT + "negative_usage: allow\n")
    shop.bill_quarters(4, 2)
    shop.settle()
    shop.use("2025-Q2", late, negative_allowed=True)
    shop.business.rate("2025-Q2")
    assert shop.outdated() == [HALF]
    assert HALF in to_bill(shop.business.store, shop.business.catalog, now, now)
    shop.settle()
    assert (shop.promised(), shop.outdated()) == (due, [])
    assert sum(shop.business.rows("rated_items", "amount")) == max(10, 6 + late)


def test_a_quarter_that_is_cancelled_and_billed_otherwise_settles_the_promise_again(shop):
    shop.bill_quarters(4, 2)
    shop.settle()
    cancel_rated(shop.business.store, Period.parse("2025-Q2"), by="ann", reason="a wrong price")
    assert shop.waits_for() == [f"{UNBILLED}: 2025-Q2"]
    shop.business.declare("charges/energy.yaml", PER_UNIT.replace("price: 1", "price: 3"))
    shop.business.rate("2025-Q2")
    assert shop.outdated() == [HALF]
    assert shop.settle().amounts == {"EUR": -4}
    shop.close()
    assert (shop.verify(), shop.explain(0).differences, shop.explain(1).differences) == ([], [], [])


def test_another_promise_in_the_catalog_settles_nothing_that_was_settled(shop):
    shop.bill_quarters(4, 2)
    shop.settle()
    shop.business.declare("charges/promise.yaml", PROMISE.replace("amount: 10", "amount: 12"))
    assert shop.outdated() == []


def test_charges_of_months_and_of_quarters_count_towards_a_year_for_the_whole_account(shop):
    shop.business.declare("charges/heating.yaml", PER_UNIT.replace("energy", "heating").replace("quarter", "month"))
    shop.business.declare("charges/cooling.yaml", PER_UNIT.replace("energy", "cooling"))
    year = PROMISE.replace("half_year", "year").replace("[energy]", "[heating, cooling], scope: account")
    shop.business.declare("charges/promise.yaml", year)
    shop.subscribe("C-5,S-5,A-1,cooling,2025-10-01T00:00:00Z,,Active")
    shop.subscribe("C-6,S-6,A-1,heating,2025-12-01T00:00:00Z,,Active")
    shop.use("2025-Q4", 4, charge="cooling", charge_number="C-5", subscription_number="S-5")
    shop.use("2025-12", 3, charge="heating", charge_number="C-6", subscription_number="S-6")
    assert shop.waits_for(Period.parse("2025")) == [f"{UNBILLED}: 2025-Q4, 2025-12"]
    shop.business.rate("2025-Q4")
    shop.business.rate("2025-12")
    assert shop.business.rate("2025").amounts == {"EUR": 3}


def _somebody_waits(store):
    with store.connect() as connection:
        return connection.exec_driver_sql("SELECT count(*) FROM pg_locks WHERE NOT granted").scalar_one() > 0


def test_a_promise_is_settled_when_no_bill_run_of_what_counts_is_under_way(shop):
    shop.bill_quarters(4, 2)
    with ThreadPoolExecutor() as threads:
        with shop.business.store.begin() as connection:
            locks.exclusive(connection, "2025-Q2")
            settling = threads.submit(shop.settle)
            while not _somebody_waits(shop.business.store):
                assert not settling.done(), "it did not wait"
        assert settling.result(timeout=60).amounts == {"EUR": 4}


def test_usage_of_the_half_year_itself_is_billed_and_counted_in_one_bill_run(shop):
    shop.business.declare("charges/energy.yaml", PER_UNIT.replace("quarter", "half_year"))
    shop.use("2025-H1", 6)
    assert shop.settle().amounts == {"EUR": 10}
    assert shop.promised() == [4]
    shop.use("2025-H1", 1)
    assert shop.settle().amounts == {"EUR": 0}
    assert (shop.promised(), shop.outdated()) == ([4, -1], [])
    assert shop.explain().differences == shop.explain(0).differences == []
    shop.close()
    assert shop.verify() == []


def test_usage_that_names_a_promise_is_left_pending_and_told_of(shop):
    shop.use("2025-H1", 1, charge="promise", charge_number="C-9", uom="each")
    [found] = preflight(shop.business.store, shop.business.catalog, HALF).at_risk
    assert found.reason == "charge promise takes no usage of its own: its model is commitment"
