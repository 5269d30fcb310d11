"""Whatever happens in whatever order on a real store: usage, items, funds, invoices and the ledger agree."""

from datetime import date
from itertools import count

import pytest
from busy_month import BATCHES, UPLOADED, BusyMonth
from busy_month_audit import Audit
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from small_business import Business

ACCOUNTS = st.sampled_from(sorted(BATCHES))
DAYS = st.integers(1, 31)
QUANTITIES = st.sampled_from(["0", "1", "7.5", "12.5", "20", "20.001", "33.333"])
REGIONS = st.sampled_from(["north", "south"])
ROWS = st.tuples(st.sampled_from(UPLOADED), ACCOUNTS, st.integers(1, 9), QUANTITIES, DAYS, REGIONS)
PLACES = st.integers(0, 20)


class AnyOrder(RuleBasedStateMachine):
    """Each example is a month in a store of its own."""

    new_business = None

    def __init__(self):
        super().__init__()
        self.month = BusyMonth(self.new_business())
        self.audit = Audit(self.month)

    @initialize(rows=st.lists(ROWS, min_size=4, max_size=10))
    def usage_is_there(self, rows):
        self.month.upload(rows)

    @rule(rows=st.lists(ROWS, min_size=1, max_size=6), rated=st.booleans())
    def usage_is_uploaded(self, rows, rated):
        self.month.upload(rows)
        if rated:
            self.accounts_are_rated(None)

    @rule(account=ACCOUNTS, day=DAYS, value=st.sampled_from(["1", "7.25", "18", "0.001"]), rated=st.booleans())
    def readings_come(self, account, day, value, rated):
        self.month.deliver(account, day, value)
        if rated:
            self.month.measure()
            self.accounts_are_rated(account)

    @rule(factor=st.sampled_from(["1", "2", "0.5"]))
    def the_meter_is_corrected(self, factor):
        self.month.count_in(factor)

    @precondition(lambda self: self.month.pending)
    @rule(place=PLACES)
    def pending_usage_is_deleted(self, place):
        self.month.delete(place)

    @rule(account=st.sampled_from([None, *BATCHES]))
    def accounts_are_rated(self, account):
        self.month.business.rate(batch=BATCHES.get(account))
        self.audit.fees_are_settled([account] if account else BATCHES)

    @rule(day=DAYS)
    def some_is_rated_on_demand(self, day):
        self.month.business.rate(target_date=date(2025, 3, day))

    @precondition(lambda self: self.month.rated)
    @rule(place=PLACES)
    def a_bill_run_is_cancelled(self, place):
        self.month.cancel(place)

    @precondition(lambda self: self.month.rated)
    @rule()
    def what_is_rated_is_posted_and_exported(self):
        self.month.business.post()
        self.audit.posted_items_never_change()
        self.audit.exported()

    @invariant()
    def everything_agrees(self):
        self.audit.all()

    def teardown(self):
        self.month.measure()
        self.month.business.rate()
        self.audit.all()
        self.audit.fees_are_settled(BATCHES)
        self.audit.nothing_is_left()
        self.month.business.post()
        self.audit.all()
        self.audit.exported()


@pytest.mark.slow
def test_in_any_order_of_what_can_happen_everything_agrees(new_store, tmp_path):
    numbers = count()

    class InStores(AnyOrder):
        def new_business(self):
            return Business(new_store(), tmp_path / str(next(numbers)))

    run_state_machine_as_test(
        InStores,
        settings=settings(
            max_examples=6,
            stateful_step_count=25,
            deadline=None,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step is a dozen queries: shrinking takes hours
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
