"""The store's side of a bill run."""

from pipeline.store import billing


def test_a_bill_run_may_take_more_records_than_a_statement_has_parameters(store):
    with store.begin() as connection:
        assert billing.process(connection, "a run", range(1, 70_001)) == 0
