"""Commitments on a real store: settled after all that counts towards them, and settled again when that changes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time
from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline.billing import commitments, ready
from pipeline.billing.post import cancel_rated
from pipeline.billing.preflight import preflight
from pipeline.billing.rate import NotReadyError
from pipeline.periods import to_bill
from pipeline.proof.close import close
from pipeline.proof.explain import explain
from pipeline.proof.verify import verify
from pipeline.store import customers, locks
from pipeline.usage.delete import chosen, delete
from transforms.period import Period
from transforms.rating.asked import Asked

UNITS = "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}, USD: {}}\n"
PER_UNIT = "charge: energy\nuom: kwh\ncurrency: EUR\nbilling_period: quarter\npricing: {model: per_unit, price: 1}\n"
PROMISE = (
    "charge: promise\nuom: each\ncurrency: EUR\nbilling_period: half_year\n"
    "pricing: {model: commitment, amount: 10, charges: [energy]}\n"
)
HALF = Period.parse("2025-H1")
UNBILLED = "not billed, and counting towards a commitment"
QUARTERS = ("2025-Q1", "2025-Q2")


class Shop:
    """A-1 pays 1 EUR for each kWh by the quarter, and promised to spend 10 EUR in each half-year."""

    def __init__(self, business):
        self.business, self.files = business, 0
        business.declare("units.yaml", UNITS)
        business.declare("charges/energy.yaml", PER_UNIT)
        business.declare("charges/promise.yaml", PROMISE)
        (business.catalog_folder / "meters" / "energy.yaml").unlink()
        self.subscribe("C-9,S-1,A-1,promise,2025-01-01T00:00:00Z,,Active")

    def subscribe(self, line):
        with (self.business.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
            file.write(f"{line}\n")
        self.business.register()

    def use(self, period, quantity, **fields):
        """Add usage of a period."""
        self.files += 1
        start = datetime.combine(Period.parse(period).start, time(12), tzinfo=UTC)
        record = {"quantity": Decimal(quantity), "period": period, "start_at": start, **fields}
        uploaded(self.business.store, record, file_name=f"{self.files}.csv", source_type="API")

    def bill_quarters(self, *quantities):
        """Use so much in each quarter, and bill it."""
        for quarter, quantity in zip(QUARTERS, quantities, strict=True):
            self.use(quarter, quantity)
            self.business.rate(quarter)

    def settle(self):
        return self.business.rate("2025-H1")

    def outdated(self):
        with self.business.store.begin() as connection:
            return commitments.outdated(connection, self.business.catalog, customers.everybody(connection))

    def to_bill(self, month=7):
        """List what the bill run of the first of a month handles."""
        span = (datetime(2025, each, 1, 12, tzinfo=UTC) for each in (month - 1, month))
        return to_bill(self.business.store, self.business.catalog, *span)

    def waits_for(self, period=HALF):
        return ready.waits_for(self.business.store, self.business.catalog, Asked(period))

    def promised(self):
        """The amounts of the commitment's items, oldest first."""
        found = self.business.rows("rated_items WHERE charge = 'promise'", "item_id", "amount")
        return [amount for _, amount in found]

    def close(self):
        self.business.post("2025-H1")
        return close(self.business.store, self.business.catalog, HALF, self.business.home, by="ann")

    def verify(self):
        return verify(self.business.store, HALF, self.business.home).differences

    def explain(self, place=-1):
        items = self.business.rows("rated_items WHERE charge = 'promise'", "item_id")
        return explain(self.business.store, self.business.catalog, items[place], self.business.home)


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


def test_a_promise_is_explained_by_what_counts_towards_it(shop):
    shop.bill_quarters(4, 2)
    shop.settle()
    found = shop.explain()
    assert found.differences == []
    assert found.lines[-7:] == [
        "  counts towards it: item 1, energy 2025-Q1: 4.00",
        "  counts towards it: item 2, energy 2025-Q2: 2.00",
        "  committed: 10",
        "  billed towards it, taken off: -6",
        "  together: 4; rounded, to 2 decimals, half_up: 4.00",
        "  billed before: 0.00",
        "amount: 4.00 EUR",
    ]


def test_a_sealed_half_year_comes_out_as_it_was_although_other_bills_count_now(shop):
    shop.bill_quarters(4, 2)
    shop.settle()
    shop.close()
    assert shop.verify() == []
    shop.use("2025-Q2", 1)
    shop.business.rate("2025-Q2")
    assert (shop.verify(), shop.explain().differences) == ([], [])
    shop.settle()
    assert (shop.verify(), shop.explain(0).differences, shop.explain(1).differences) == ([], [], [])
    shop.close()
    assert shop.verify() == []


def test_a_sealed_half_year_comes_out_as_it_was_although_a_quarter_was_cancelled_since(shop):
    shop.bill_quarters(4, 2)
    shop.settle()
    shop.close()
    cancel_rated(shop.business.store, Period.parse("2025-Q2"), by="ann", reason="a wrong price")
    assert (shop.verify(), shop.explain().differences) == ([], [])


def test_another_amount_than_what_counted_is_found(shop):
    """What a bill run settled a commitment with is asked of the bills, not of the item."""
    shop.bill_quarters(4, 2)
    shop.settle()
    shop.close()
    with shop.business.store.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE rated_items DISABLE TRIGGER USER")
        connection.exec_driver_sql("UPDATE rated_items SET amount = 3, amount_total = 3 WHERE period = '2025-Q2'")
    assert shop.verify()[0].startswith("bill run ")
    assert shop.explain().differences[0].startswith("item 3: stored ")
