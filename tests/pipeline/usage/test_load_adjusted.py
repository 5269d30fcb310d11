"""What is billed is corrected by adjustments: each names the record that it corrects, and bills the difference."""

import time
from decimal import Decimal

import pytest
import sqlalchemy as sa
from small_business import CHARGE, METER

from pipeline.quantities.derive import rederive
from pipeline.usage import besides
from pipeline.usage.load import LoadRefusedError

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"
LESS = "at,value\n2025-03-20T00:00:00Z,-2\n"


def _records(business):
    return business.rows(
        "usage_records WHERE superseded_by IS NULL", "record_id", "status", "quantity", "readings", "corrects"
    )


def _allow_negative(business):
    business.declare("charges/energy.yaml", CHARGE + "negative_usage: allow\n")


@pytest.fixture
def billed(business, march):
    """March is billed: 6.5 kWh, 1.63 EUR."""
    business.bill(march)
    business.rate()
    return business


def test_late_readings_add_an_adjustment_that_names_the_record_it_corrects(billed):
    late = billed.bill(SECOND, "power/A-1/more.csv")
    assert (late.outcome, late.records) == ("adjusted", 1)
    (first, *_), second = _records(billed)
    assert second[1:] == ("Pending", Decimal(10), 1, first)
    assert billed.ledger() == (4, {("billed", ""): 3, ("pending", ""): 1})


def test_an_adjustment_bills_the_difference_and_the_ledger_ends_with_all_of_it_billed(billed):
    billed.bill(SECOND, "power/A-1/more.csv")
    assert str(billed.rate()) == "bill run 2025-03: rated, 1 records, 1 items, 2.50 EUR"  # 16.5 kWh are 4.13 EUR
    assert billed.ledger() == (4, {("billed", ""): 4})
    assert billed.run().outcome == "exists"


def test_an_adjustment_that_is_pending_is_superseded_by_the_next(billed):
    billed.bill(SECOND, "power/A-1/more.csv")
    again = billed.bill("at,value\n2025-03-21T00:00:00Z,1\n", "power/A-1/third.csv")
    assert again.outcome == "adjusted"
    assert [row[1:4] for row in _records(billed)] == [("Processed", Decimal("6.5"), 3), ("Pending", Decimal(11), 2)]
    assert billed.ledger() == (5, {("billed", ""): 3, ("pending", ""): 2})


def test_a_second_adjustment_follows_one_that_is_billed_and_names_the_same_record(billed):
    billed.bill(SECOND, "power/A-1/more.csv")
    billed.rate()
    billed.bill("at,value\n2025-03-21T00:00:00Z,1\n", "power/A-1/third.csv")
    first, second, third = _records(billed)
    assert (second[-1], third[-1]) == (first[0], first[0])
    assert [row[2] for row in (first, second, third)] == [Decimal("6.5"), Decimal(10), Decimal(1)]
    assert str(billed.rate()).endswith("1 items, 0.25 EUR")
    assert sum(billed.rows("rated_items", "amount")) == Decimal("4.38")  # 17.5 kWh at 0.25, half up


def test_a_late_reading_that_leaves_the_quantity_as_it_is_adjusts_by_nothing_and_is_counted(business, march):
    business.declare("meters/energy.yaml", METER.replace("sum", "maximum"))
    business.bill(march)
    business.rate()
    assert business.bill("at,value\n2025-03-20T00:00:00Z,1\n", "power/A-1/more.csv").outcome == "adjusted"
    assert _records(business)[1][1:4] == ("Pending", Decimal(0), 1)
    assert business.ledger() == (4, {("billed", ""): 3, ("pending", ""): 1})


def test_late_readings_adjust_what_is_billed_however_long_it_takes_to_derive_it_again(billed, monkeypatch):
    def impatient(connection):
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = '300ms'")

    def slow(*arguments, **named):
        time.sleep(0.6)
        return rederive(*arguments, **named)

    monkeypatch.setattr(besides, "rederive", slow)
    sa.event.listen(billed.store, "begin", impatient)
    assert billed.bill(SECOND, "power/A-1/more.csv").outcome == "adjusted"
    sa.event.remove(billed.store, "begin", impatient)
    assert _records(billed)[1][1:4] == ("Pending", Decimal(10), 1)


def test_an_adjustment_below_zero_is_loaded_and_waits_where_the_charge_refuses_it(billed):
    assert billed.bill(LESS, "power/A-1/less.csv").outcome == "adjusted"
    assert _records(billed)[1][1:4] == ("Pending", Decimal(-2), 1)
    assert billed.ledger() == (4, {("billed", ""): 3, ("pending", ""): 1})
    run = billed.rate()
    assert run.outcome == "nothing_due"
    assert run.left_pending[0].endswith(
        "it would take back 2 kwh of what was billed, which charge energy refuses (negative_usage): let the charge "
        "allow it, or correct what lowers it (a file, an end) and run the meter's period again"
    )
    assert sum(billed.rows("rated_items", "amount")) == Decimal("1.63")


def test_a_changed_rule_that_lowers_what_is_billed_is_refused_and_the_first_charges_are_named(billed):
    for number in (2, 3, 4, 5):
        billed.customer(f"A-{number}")
        billed.deliver(f"power/A-{number}/march.csv", "at,value\n2025-03-02T00:00:00Z,4\n")
    billed.extract()
    billed.run()
    billed.rate()
    billed.count_in("1/2")
    told = "5 adjustments .* below zero, which charge energy refuses: C-1 by -3.25 kwh, C-2 by -2 kwh, C-3 .* 2 more; "
    with pytest.raises(LoadRefusedError, match=told):
        billed.load(*billed.prepare(), reason="the transformer counts half")


def test_an_adjustment_below_zero_gives_money_back_where_the_charge_allows_it(billed):
    _allow_negative(billed)
    assert billed.bill(LESS, "power/A-1/less.csv").outcome == "adjusted"
    assert _records(billed)[1][1:4] == ("Pending", Decimal(-2), 1)
    assert str(billed.rate()).endswith("1 items, -0.50 EUR")  # 4.5 kWh are 1.13 EUR, of 1.63


def test_a_changed_rule_adjusts_what_is_billed_only_for_a_reason_that_is_kept(billed):
    billed.count_in(2)
    billed.refuses(LoadRefusedError, "the same readings now give another result: 1 adjustments", *billed.prepare())
    loaded = billed.load(*billed.prepare(), reason="the transformer counts double", by="vera")
    assert loaded.outcome == "adjusted"
    assert [row[2] for row in _records(billed)] == [Decimal("6.5"), Decimal("6.5")]
    kept = billed.rows("imports WHERE superseded_by IS NULL", "reason", "created_by")
    assert kept == [("the transformer counts double", "vera")]


def test_late_readings_do_not_bring_a_changed_rule_to_what_is_billed(billed):
    billed.customer("A-2")
    billed.bill("at,value\n2025-03-02T00:00:00Z,4\n", "power/A-2/march.csv")
    billed.rate()
    billed.count_in(2)
    billed.deliver("power/A-1/more.csv", SECOND)
    billed.extract()
    told = "charge C-1 was billed 6.5 kwh, and comes to 13, and 1 more charges; take back what was changed"
    billed.refuses(LoadRefusedError, told, *billed.prepare())
    billed.count_in(1)
    assert billed.run().outcome == "adjusted"
    assert billed.quantities() == [
        ("C-1", "2025-03", Decimal("6.5"), 3), ("C-1", "2025-03", Decimal(10), 1), ("C-2", "2025-03", Decimal(4), 1)
    ]  # fmt: skip


def test_a_changed_rule_comes_with_late_readings_where_a_reason_is_given(billed):
    billed.count_in(2)
    billed.deliver("power/A-1/more.csv", SECOND)
    billed.extract()
    assert billed.load(*billed.prepare(), reason="the transformer counts double").outcome == "adjusted"
    assert sum(row[2] for row in _records(billed)) == Decimal(33)  # 16.5 kWh, doubled


def test_late_readings_after_adjustments_that_had_a_reason_are_adjusted_by_themselves(billed):
    billed.count_in(2)
    billed.load(*billed.prepare(), reason="the transformer counts double")
    assert billed.bill(SECOND, "power/A-1/more.csv").outcome == "adjusted"
    assert sum(row[2] for row in _records(billed)) == Decimal(33)


def test_usage_that_vanishes_is_taken_back_by_an_adjustment(billed):
    _allow_negative(billed)
    path = billed.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("Z,,Active", "Z,2020-01-01T00:00:00Z,Active"))
    billed.register()
    loaded = billed.load(*billed.prepare(), reason="it never began")
    assert loaded.outcome == "adjusted"
    assert _records(billed)[1][1:4] == ("Pending", Decimal("-6.5"), -3)
    assert billed.ledger()[0] == 3
    assert billed.rate().amounts == {"EUR": Decimal("-1.63")}


def test_billed_usage_in_another_unit_cannot_be_adjusted(billed):
    billed.declare("charges/energy.yaml", CHARGE.replace("uom: kwh", "uom: hour"))
    billed.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: hour, factor: 2"))
    billed.refuses(LoadRefusedError, "counted in another unit than hour", *billed.prepare())


def test_new_usage_beside_what_is_billed_is_loaded_as_it_is(billed):
    billed.customer("A-2")
    loaded = billed.bill(SECOND, "power/A-2/march.csv")
    assert loaded.outcome == "created"
    assert [row[1:4] for row in _records(billed)] == [("Processed", Decimal("6.5"), 3), ("Pending", Decimal(10), 1)]


def test_the_adjustment_of_one_account_keeps_no_other_from_being_loaded(billed):
    billed.customer("A-2")
    billed.deliver("power/A-2/march.csv", "at,value\n2025-03-20T00:00:00Z,7\n")
    assert billed.bill(SECOND, "power/A-1/more.csv").outcome == "adjusted"
    assert sorted(row[2] for row in _records(billed)) == [Decimal("6.5"), Decimal(7), Decimal(10)]
