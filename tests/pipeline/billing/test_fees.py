"""Fees that no bill run has billed: which of them bring their period back."""

from datetime import UTC, datetime

import pytest

from pipeline import periods, steps
from pipeline.billing.post import cancel_rated
from transforms.period import Period
from transforms.rating.asked import Asked

FEE = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"


def brought_back(business, day):
    """The earlier periods that the schedule bills on a day of May."""
    after, until = (datetime(2025, 5, each, 12, tzinfo=UTC) for each in (day, day + 1))
    return list(map(str, periods.to_bill(business.store, business.catalog, after, until)))


def with_fee(business, price="5"):
    """A business whose March is billed; it has a fee since, to which nobody subscribes."""
    business.declare("units.yaml", "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}}\n")
    business.declare("charges/fee.yaml", FEE.replace("5", price))
    business.rate()


def test_a_fee_of_who_was_registered_after_the_bill_run_is_billed_by_the_next_one(business, march):
    business.bill(march)
    with_fee(business)
    assert brought_back(business, 1) == []
    business.customer("A-7", of="fee")
    assert brought_back(business, 1) == ["2025-03"], "April was not rated yet"
    assert business.rate().amounts == {"EUR": 5}
    assert brought_back(business, 1) == []


def suspend(business, status="Suspended"):
    """Give the subscription of the fee another status."""
    charges = business.inbox / "customers" / "subscribed_charges.csv"
    lines = charges.read_text().splitlines()
    lines = [f"{line.rpartition(',')[0]},{status}" if ",fee," in line else line for line in lines]
    charges.write_text("\n".join([*lines, ""]))
    business.register()


@pytest.fixture
def resumed(business, march):
    """A-7 was billed the fee of March, was suspended when April was billed, and is active again."""
    business.bill(march)
    with_fee(business)
    business.customer("A-7", of="fee")
    business.rate()
    suspend(business)
    business.run(period="2025-04")
    assert business.rate("2025-04").outcome == "nothing_due"
    suspend(business, "Active")
    return business


def rate_by_schedule(business, period):
    asked = Asked(Period.parse(period), by_schedule=True)
    return steps.rate(
        business.store, business.catalog, asked, business.home, at=datetime(2025, 6, 1, 12, tzinfo=UTC)
    ).amounts


def test_who_was_suspended_is_not_billed_the_fees_of_that_time_once_the_status_is_active_again(resumed):
    assert brought_back(resumed, 2) == []


def test_nor_when_late_usage_of_another_account_brings_the_month_back(resumed):
    resumed.deliver("power/A-1/april.csv", "at,value\n2025-04-20T00:00:00Z,4\n")
    resumed.extract()
    resumed.run(period="2025-04")
    assert brought_back(resumed, 2) == ["2025-04"]
    assert rate_by_schedule(resumed, "2025-04") == {"EUR": 1}
    assert resumed.rate("2025-04").amounts == {"EUR": 5}, "a bill run by hand is asked for all that is owed"


def test_the_schedule_bills_the_fee_of_a_month_of_which_the_bill_run_was_cancelled(resumed):
    resumed.customer("A-8", of="fee")
    assert rate_by_schedule(resumed, "2025-04") == {"EUR": 5}, "of A-8 it is the first; A-7 was left out"
    cancel_rated(resumed.store, Period.parse("2025-04"), by="ann", reason="too early")
    assert rate_by_schedule(resumed, "2025-04") == {"EUR": 10}


def test_a_fee_whose_bill_run_was_cancelled_is_billed_again(business, march):
    business.bill(march)
    with_fee(business)
    business.customer("A-7", of="fee")
    business.rate()
    business.run(period="2025-04")
    assert business.rate("2025-04").amounts == {"EUR": 5}
    cancel_rated(business.store, Period.parse("2025-04"), by="ann", reason="too early")
    assert brought_back(business, 2) == ["2025-04"]


def test_a_fee_of_nothing_and_one_that_begins_later_bring_no_period_back(business, march):
    business.bill(march)
    with_fee(business, price="0.004")
    business.customer("A-7", of="fee")
    assert brought_back(business, 1) == []
    with_fee(business)
    late = "C-7,S-7,A-7,fee,2025-04-01T00:00:00Z,,Active\n"
    charges = business.inbox / "customers" / "subscribed_charges.csv"
    charges.write_text(charges.read_text().replace("C-7,S-7,A-7,fee,2020-01-01T00:00:00Z,,Active\n", late))
    business.register()
    assert brought_back(business, 1) == []
