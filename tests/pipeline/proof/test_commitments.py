"""A commitment is explained and verified by the bills that it was settled with, whatever was billed since."""

import pytest
from promised_spend import Shop

from pipeline.billing.post import cancel_rated
from transforms.period import Period


@pytest.fixture
def shop(business):
    return Shop(business)


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
