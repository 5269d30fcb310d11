"""Loads at the same moment, and loads that race a bill run."""

import time
from decimal import Decimal

import pytest
from at_once import at_once

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"


def test_of_four_identical_loads_at_once_one_creates_and_three_exist(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    paths = business.prepare()
    loaded = at_once(*[lambda: business.load(*paths)] * 4)
    assert sorted(each.outcome for each in loaded) == ["created", "exists", "exists", "exists"]
    assert len({each.import_id for each in loaded}) == 1
    assert len(business.rows("usage_records", "record_id")) == 1


def test_of_two_different_loads_at_once_one_supersedes_the_other(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    single = business.prepare()
    business.count_in(2)
    double = business.prepare()
    loaded = at_once(lambda: business.load(*single), lambda: business.load(*double))
    assert [each.outcome for each in loaded] == ["created", "created"]
    assert len(business.rows("imports WHERE superseded_by IS NULL", "import_id")) == 1
    ((_, _, quantity, _),) = business.quantities()
    assert quantity in {Decimal("6.5"), Decimal(13)}


@pytest.mark.parametrize("delay_seconds", [0, 0.01, 0.05, 0.2])
def test_a_correction_that_races_a_bill_run_is_billed_whole_or_adjusts_what_is_billed(business, march, delay_seconds):
    business.bill(march)
    business.deliver("power/A-1/more.csv", SECOND)
    business.extract()
    paths = business.prepare()

    def load():
        time.sleep(delay_seconds)  # so that both come first at times
        return business.load(*paths)

    loaded, run = at_once(load, business.rate)
    first, then = {"created": ("4.13", None), "adjusted": ("1.63", "2.50")}[loaded.outcome]
    assert run.amounts["EUR"] == Decimal(first)
    assert business.rate().amounts.get("EUR") == (Decimal(then) if then else None)
    assert sum(business.rows("rated_items", "amount")) == Decimal("4.13")  # 16.5 kWh, however it came to be billed
    assert business.ledger() == (4, {("billed", ""): 4})
