"""Where a meter refuses to adjust, what is billed stays: what comes later is late, and a changed rule is refused."""

from decimal import Decimal

import pytest
from small_business import METER

from pipeline.usage.load import LoadRefusedError

SECOND = "at,value\n2025-03-20T00:00:00Z,10\n"


@pytest.fixture(autouse=True)
def _refusing(business):
    business.declare("meters/energy.yaml", METER + "billed_usage: refuse\n")


def test_a_file_that_comes_after_billing_is_late_and_the_ledger_adds_up(business, march):
    first = business.bill(march)
    business.rate()
    late = business.bill(SECOND, "power/A-1/more.csv")
    assert (late.outcome, late.import_id) == ("late", first.import_id)
    assert business.quantities() == [("C-1", "2025-03", Decimal("6.5"), 3)]
    assert business.ledger() == (4, {("billed", ""): 3, ("late", "after_billing"): 1})
    before = business.contents()
    assert business.run().outcome == "late"
    assert business.contents() == before


def test_late_readings_of_an_unknown_account_stay_quarantined(business, march):
    business.deliver("power/A-7/march.csv", march)
    business.bill(march)
    business.rate()
    assert business.bill(SECOND, "power/A-1/more.csv").outcome == "late"
    assert business.ledger() == (
        7, {("billed", ""): 3, ("quarantined", "unknown_account"): 3, ("late", "after_billing"): 1}
    )  # fmt: skip


def test_a_late_file_leaves_what_an_expectation_quarantined_where_it_was(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-02T00:00:00Z,1e14\n")
    business.bill(march)
    business.rate()
    assert business.bill(SECOND, "power/A-1/more.csv").outcome == "late"
    assert business.ledger() == (
        5, {("billed", ""): 3, ("quarantined", "expectation"): 1, ("late", "after_billing"): 1}
    )  # fmt: skip
    before = business.contents()
    business.run()
    assert business.contents() == before


def test_a_late_file_that_repeats_what_is_billed_changes_nothing(business, march):
    source = (business.catalog_folder / "sources/power.yaml").read_text()
    business.declare("sources/power.yaml", source.replace("duplicates: keep", "duplicates: exact"))
    business.bill(march)
    business.rate()
    first_row = "".join(march.splitlines(keepends=True)[:2])
    assert business.bill(first_row, "power/A-1/part.csv").outcome in {"exists", "late"}
    landed, places = business.ledger()
    assert (landed, places["billed", ""]) == (4, 3)


def test_another_result_from_the_same_readings_is_refused_once_they_are_billed(business, march):
    business.bill(march)
    business.rate()
    business.declare(
        "meters/energy.yaml", METER.replace("unit: kwh", "unit: kwh, factor: 2") + "billed_usage: refuse\n"
    )
    business.refuses(LoadRefusedError, "is billed, and the same readings now give another result", *business.prepare())


def test_the_same_result_of_billed_readings_exists(business, march):
    business.bill(march)
    business.rate()
    before = business.contents()
    assert business.run().outcome == "exists"
    assert {**business.contents(), "ledgers": None} == {**before, "ledgers": None}


def test_an_account_that_is_registered_after_billing_is_billed_by_the_next_run_and_the_others_stay(business, march):
    business.deliver("power/A-7/march.csv", "at,value\n2025-03-20T00:00:00Z,10\n")
    first = business.bill(march)
    billed = business.rate()
    business.customer("A-7")
    again = business.run()
    assert (again.outcome, again.import_id != first.import_id) == ("created", True)
    assert business.run().outcome == "exists"
    assert business.ledger() == (4, {("billed", ""): 3, ("pending", ""): 1})
    added = business.rate()
    assert (billed.records, added.records, added.items) == (1, 1, 1)
    assert [row[-1] for row in business.rows("usage_records", "charge_number", "status")] == ["Processed"] * 2
    assert business.ledger() == (4, {("billed", ""): 4})
