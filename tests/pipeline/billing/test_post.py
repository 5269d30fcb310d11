"""From draft to posted: what was rated becomes invoices, or is cancelled and can be billed again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa
from uploaded_usage import uploaded

from pipeline.billing.post import BillRunStatusError, cancel, cancel_rated, post
from transforms.period import Period
from transforms.rating.usage import RatingError

APRIL = "at,value\n2025-04-02T00:00:00Z,4\n"
MORE = "at,value\n2025-03-20T00:00:00Z,10\n"
CLOSED_TIER = """
charge: energy
uom: kwh
currency: EUR
pricing: {model: tiered, tiers: [{up_to: 5, price: 0.30}]}
"""
INVOICES = ("number", "account_number", "currency", "amount", "items")


@pytest.fixture
def rated(business, march):
    """March rated: 6.5 kWh, 1.63 EUR."""
    business.bill(march)
    business.rate()
    return business


def runs(business):
    return business.rows("bill_runs", "period", "ordinal", "status")


def cancelled(business, run):
    return cancel(business.store, run, by="ann", reason="a wrong price")


def test_what_is_rated_is_posted_and_each_account_has_an_invoice(rated):
    rated.customer("A-2")
    assert str(rated.post()) == "period 2025-03: 1 bill runs posted, 1 invoices"
    assert rated.rows("invoices", *INVOICES) == [(1, "A-1", "EUR", Decimal("1.63"), 1)]
    assert runs(rated) == [("2025-03", 1, "posted")]


def test_posting_again_finds_nothing_and_changes_nothing(rated):
    rated.post()
    before = rated.contents()
    assert str(rated.post()) == "period 2025-03: 0 bill runs posted, 0 invoices"
    assert rated.contents() == before


def test_invoices_are_numbered_without_gaps_over_accounts_and_months(rated):
    rated.customer("A-0")
    rated.deliver("power/A-0/march.csv", MORE)
    rated.extract()
    rated.run()
    rated.rate()
    rated.post()
    rated.bill(APRIL, "power/A-1/april.csv")
    rated.run(period="2025-04")
    rated.rate("2025-04")
    rated.post("2025-04")
    assert rated.rows("invoices", "number", "account_number", "amount") == [
        (1, "A-1", Decimal("1.63")), (2, "A-0", Decimal("2.50")), (3, "A-1", Decimal("1.00")),
    ]  # fmt: skip


def test_a_cancelled_bill_run_leaves_its_usage_pending_and_its_items_aside(rated):
    (run,) = rated.rows("bill_runs", "bill_run_id")
    assert cancelled(rated, run) == f"bill run {run} of 2025-03 is cancelled: 1 records are Pending again"
    assert rated.rows("usage_records", "status", "bill_run_id") == [("Pending", None)]
    assert (rated.rows("rated_items", "item_id"), rated.rows("rated_usage", "item_id")) == ([], [])
    ((number, item),) = rated.rows("cancelled_items", "bill_run_id", "item")
    records = rated.rows("usage_records", "record_id")
    assert (number, item["amount"], item["charge_number"], item["record_ids"]) == (run, 1.63, "C-1", records)
    assert rated.rows("bill_runs", "status", "reason", "updated_by") == [("cancelled", "a wrong price", "ann")]


def test_what_was_cancelled_is_billed_by_the_next_bill_run_at_the_price_of_then(rated):
    cancel_rated(rated.store, Period.parse("2025-03"), by="ann", reason="a wrong price")
    rated.declare(
        "charges/energy.yaml", "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"
    )
    assert str(rated.rate()) == "bill run 2025-03: rated, 1 records, 1 items, 6.50 EUR"
    assert runs(rated) == [("2025-03", 1, "cancelled"), ("2025-03", 2, "rated")]


def test_usage_of_a_cancelled_bill_run_can_be_corrected_without_an_adjustment(rated):
    (run,) = rated.rows("bill_runs", "bill_run_id")
    cancelled(rated, run)
    rated.bill(MORE, "power/A-1/more.csv")
    assert rated.quantities() == [("C-1", "2025-03", Decimal("16.5"), 4)]
    assert str(rated.rate()).endswith("1 items, 4.13 EUR")


def test_an_adjustment_and_what_it_corrects_become_pending_and_are_replaced_as_one(rated):
    rated.bill(MORE, "power/A-1/more.csv")
    rated.rate()
    assert len(cancel_rated(rated.store, Period.parse("2025-03"), by="ann", reason="again")) == 2
    rated.bill("at,value\n2025-03-21T00:00:00Z,1\n", "power/A-1/third.csv")
    assert rated.quantities() == [("C-1", "2025-03", Decimal("17.5"), 5)]
    assert rated.ledger() == (5, {("pending", ""): 5})


def test_only_the_last_bill_run_of_a_charge_can_be_cancelled(rated):
    rated.bill(MORE, "power/A-1/more.csv")
    second = rated.rate().bill_run_id
    first = next(run for run in rated.rows("bill_runs", "bill_run_id") if run != second)
    before = rated.contents()
    with pytest.raises(BillRunStatusError, match=f"bill run {second} billed the difference .* cancel that one first"):
        cancelled(rated, first)
    assert rated.contents() == before
    cancelled(rated, second)
    cancelled(rated, first)
    assert rated.rows("rated_items", "item_id") == []


def test_what_is_posted_cannot_be_cancelled(rated):
    (run,) = rated.rows("bill_runs", "bill_run_id")
    rated.post()
    before = rated.contents()
    with pytest.raises(BillRunStatusError, match=f"bill run {run} is posted; only one that is not posted"):
        cancelled(rated, run)
    assert rated.contents() == before


def test_a_bill_run_that_nobody_knows_cannot_be_cancelled(rated):
    with pytest.raises(BillRunStatusError, match="there is no bill run abc; `meterbridge bill-runs` lists them"):
        cancelled(rated, "abc")


def test_a_bill_run_that_could_not_be_rated_stays_a_draft_and_the_next_attempt_takes_it_up(business, march):
    price = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", CLOSED_TIER)
    business.bill(march)
    for _ in range(2):
        with pytest.raises(RatingError):
            business.rate()
    assert runs(business) == [("2025-03", 1, "draft")]
    business.declare("charges/energy.yaml", price)
    run = business.rate()
    assert business.rows("bill_runs", "bill_run_id", "status", "reason") == [(run.bill_run_id, "rated", "")]


def test_a_draft_for_which_nothing_is_due_any_more_goes(business, march):
    business.declare("charges/energy.yaml", CLOSED_TIER)
    business.bill(march)
    with pytest.raises(RatingError):
        business.rate()
    with business.store.begin() as connection:
        connection.execute(sa.text("DELETE FROM usage_records"))
    assert business.rate().outcome == "nothing_due"
    assert runs(business) == []


@pytest.fixture
def batches(business, march):
    """March loaded for two accounts: A-1 of the batch north, A-2 of the batch south."""
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.bill(march)
    accounts = "account_number,name,currency,time_zone,status,batch\nA-1,Mill,EUR,UTC,Active,north\n"
    business.deliver("customers/accounts.csv", accounts + "A-2,Shop 2,EUR,UTC,Active,south\n")
    business.register()
    return business


def test_one_batch_of_accounts_is_billed_apart_from_the_others(batches):
    assert (batches.rate(batch="south").items, batches.rate(batch="west").outcome) == (1, "nothing_due")
    assert batches.rows("rated_items", "account_number") == ["A-2"]
    assert batches.rows("bill_runs", "batch", "status") == [("south", "rated")]
    assert batches.rows("rated_periods", "period") == []  # the period itself has not been rated
    assert batches.rate().items == 1
    assert batches.rows("rated_items", "account_number", "amount") == [
        ("A-1", Decimal("1.63")),
        ("A-2", Decimal("1.63")),
    ]


def test_a_batch_is_cancelled_although_another_was_billed_later(batches):
    first = batches.rate(batch="north").bill_run_id
    batches.rate(batch="south")
    cancelled(batches, first)
    assert batches.rows("rated_items", "account_number") == ["A-2"]


ON_DEMAND = """
charge: energy
uom: kwh
currency: EUR
timing: on_demand
pricing: {model: tiered, tiers: [{up_to: 10, price: 2}, {up_to: 20, price: 3}, {price: 5}]}
"""


def used(business, day, quantity):
    """Upload usage that starts on a day of January 2020; no meter counts it."""
    (business.catalog_folder / "meters/energy.yaml").unlink(missing_ok=True)
    changes = {"quantity": Decimal(quantity), "start_at": datetime(2020, 1, day, 12, tzinfo=UTC), "period": "2020-01"}
    uploaded(business.store, changes, file_name=f"{day}-{quantity}.csv")


def test_on_demand_usage_before_the_target_date_is_billed_while_the_period_runs(business):
    business.declare("charges/energy.yaml", ON_DEMAND)
    for day, quantity in ((1, 3), (2, 5), (3, 7)):
        used(business, day, quantity)
    first = business.rate("2020-01", target_date=date(2020, 1, 4))
    assert first.amounts == {"EUR": Decimal(35)}  # 10 x 2 + 5 x 3
    used(business, 1, 1)
    used(business, 4, 5)
    assert business.rate("2020-01", target_date=date(2020, 1, 4)).amounts == {"EUR": Decimal(3)}  # the first of January
    assert business.rate("2020-01", target_date=date(2020, 1, 5)).amounts == {"EUR": Decimal(17)}  # 21 units are 55
    assert business.rate("2020-01").outcome == "nothing_due"
    assert business.rows("bill_runs", "ordinal", "target_date") == [
        (1, date(2020, 1, 4)), (2, date(2020, 1, 4)), (3, date(2020, 1, 5)),
    ]  # fmt: skip


def test_usage_that_starts_on_the_target_date_waits(business):
    business.declare("charges/energy.yaml", ON_DEMAND)
    used(business, 4, 5)
    assert business.rate("2020-01", target_date=date(2020, 1, 4)).outcome == "nothing_due"
    assert business.rate("2020-01", target_date=date(2020, 2, 1)).amounts == {"EUR": Decimal(10)}


def test_what_is_billed_at_the_end_of_its_period_waits_for_it(business):
    used(business, 1, 3)
    assert business.rate("2020-01", target_date=date(2020, 1, 20)).outcome == "nothing_due"
    assert business.rate("2020-01").items == 1


def test_what_was_rated_since_the_approval_is_not_posted_with_what_was_approved(rated):
    approved = rated.rows("bill_runs", "bill_run_id")
    rated.bill(MORE, "power/A-1/more.csv")
    rated.rate()
    posted = post(rated.store, Period.parse("2025-03"), by="ann", runs=approved)
    assert str(posted) == "period 2025-03: 1 bill runs posted, 1 invoices"
    assert rated.rows("invoices", "amount") == [Decimal("1.63")]
    assert runs(rated) == [("2025-03", 1, "posted"), ("2025-03", 2, "rated")]
