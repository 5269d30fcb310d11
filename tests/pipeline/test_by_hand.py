"""Bill runs by hand: what a form asks for is done, and what it lacks is named."""

import pytest

from pipeline.by_hand import WrongFormError, bill
from pipeline.steps import Workspace

EMPTY = {"action": "preview", "period": "", "batch": "", "target_date": "", "bill_run": "", "reason": ""}


@pytest.fixture
def ask(business, march, now):
    """March is loaded: 6.5 kWh, 1.63 EUR. Ask for something by the form."""
    business.bill(march)
    workspace = Workspace(business.store, business.catalog, business.home, business.inbox)
    return lambda action, **fields: bill(workspace, EMPTY | {"action": action} | fields, at=now, by="ann")


def test_a_preview_changes_nothing(business, ask):
    before = business.contents()
    told = ask("preview", period="2025-03")
    assert told.splitlines()[0] == "a bill run of 2025-03 would take 1 records and bill:"
    assert told.splitlines()[2].split() == ["energy", "EUR", "1", "1.63", "0.00"]
    assert business.contents() == before


def test_a_bill_run_is_rated_and_posted(business, ask):
    assert ask("rate", period="2025-03") == "bill run 2025-03: rated, 1 records, 1 items, 1.63 EUR"
    assert ask("post", period=" 2025-03 ") == "period 2025-03: 1 bill runs posted, 1 invoices"
    assert business.rows("bill_runs", "status", "created_by", "updated_by") == [("posted", "ann", "ann")]


def test_a_bill_run_is_cancelled_by_its_id_and_with_a_reason(business, ask):
    ask("rate", period="2025-03")
    (run,) = business.rows("bill_runs", "bill_run_id")
    with pytest.raises(WrongFormError, match="reason is empty; cancel needs it"):
        ask("cancel", bill_run=run)
    assert "1 records are Pending again" in ask("cancel", bill_run=run, reason="a wrong price")


def test_only_a_batch_is_rated_where_one_is_named(ask):
    assert "nothing_due" in ask("rate", period="2025-03", batch="north")


def test_before_its_end_a_period_is_rated_up_to_the_target_date(ask):
    assert "nothing_due" in ask("rate", period="2025-03", target_date="2025-03-16")  # no charge is billed on demand


@pytest.mark.parametrize(
    ("action", "fields", "message"),
    [
        ("rate", {}, "period is empty; rate needs it"),
        ("post", {"period": "March"}, "period: 'March' is not a billing period"),
        (
            "preview",
            {"period": "2025-03", "target_date": "16.3."},
            "target_date '16.3.': write a day such as 2025-03-16",
        ),
        ("cancel", {"reason": "x"}, "bill_run is empty; cancel needs it"),
        ("post", {"period": "2025-03", "bill_run": "b1"}, "bill_run: post takes period alone"),
        ("post", {"period": "2025-03", "batch": "north"}, "batch: post takes period alone"),
        ("preview", {"period": "2025-03", "reason": "x"}, "reason: preview takes period and batch and target_date"),
        ("cancel", {"bill_run": "b1", "reason": "x", "period": "2025-03"}, "period: cancel takes bill_run and reason"),
        ("forget", {}, "action 'forget': choose preview, rate, post or cancel"),
    ],
)
def test_a_form_that_does_not_say_what_is_to_be_done_is_refused_with_the_field(business, ask, action, fields, message):
    before = business.contents()
    with pytest.raises(WrongFormError, match=message):
        ask(action, **fields)
    assert business.contents() == before
