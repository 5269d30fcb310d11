"""Which funds a bill run finds: one for each billing period of a prepaid charge, on the account's own clock."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from prepaid_by_hand import ACCOUNT, FEBRUARY, JANUARY, bundle, subscription

from transforms.period import Period
from transforms.rating.funds import Buyer, open_funds

DAY = "%Y-%m-%dT%H"


def buyer(account=ACCOUNT, subscribed=None, charge=None):
    charge = charge or bundle()
    return Buyer(account, subscribed or subscription(), charge)


def spans(*buyers, period=JANUARY, stored=None):
    opened = open_funds(buyers, stored or {}, period, ended=True)
    return [(f"{each.fund.start_at:{DAY}}", f"{each.fund.end_at:{DAY}}") for each in opened]


def test_a_fund_holds_from_midnight_to_midnight_of_the_account_s_clock():
    tokyo = replace(ACCOUNT, time_zone="Asia/Tokyo")
    began = subscription(start="2017-01-01")
    assert spans(buyer(tokyo, began)) == [("2017-12-31T15", "2018-01-31T15")]


def test_a_bill_cycle_day_makes_two_funds_for_a_calendar_month():
    fifteenth = replace(ACCOUNT, bill_cycle_day=15)
    assert spans(buyer(fifteenth)) == [("2018-01-01T00", "2018-01-15T00"), ("2018-01-15T00", "2018-02-15T00")]


def test_a_fund_ends_with_its_subscription_also_when_that_was_shortened_after_it_was_made():
    [opened] = open_funds([buyer()], {}, JANUARY, ended=True)
    stored = {opened.fund.fund_id: replace(opened.fund, bought=Decimal(10), balance=Decimal(10))}
    shorter = buyer(subscribed=subscription(end="2018-01-20"))
    [again] = open_funds([shorter], stored, JANUARY, ended=True)
    assert (again.fund.fund_id, again.paid) == (opened.fund.fund_id, None)
    assert again.fund.end_at == datetime(2018, 1, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "nobody",
    [
        buyer(replace(ACCOUNT, status="Suspended")),
        buyer(replace(ACCOUNT, currency="JPY")),
        buyer(subscribed=subscription(status="Cancelled")),
        buyer(subscribed=subscription(start="2018-02-01")),
    ],
)
def test_who_is_not_billed_has_no_fund(nobody):
    assert spans(nobody) == []


def test_a_month_of_usage_finds_the_fund_of_its_quarter():
    quarter = buyer(charge=bundle(billing_period="quarter"))
    assert spans(quarter, period=FEBRUARY) == spans(quarter) == [("2018-01-01T00", "2018-04-01T00")]


def test_what_is_left_is_rolled_over_at_the_end_of_the_fund_and_not_before():
    quarter = buyer(
        charge=bundle(billing_period="quarter", rollover={"periods": "2", "apply": "last"}),
        subscribed=subscription(end="2019-01-01"),
    )
    [early] = open_funds([quarter], {}, FEBRUARY, ended=True)
    [running] = open_funds([quarter], {}, Period.parse("2018-03"), ended=False)
    [last] = open_funds([quarter], {}, Period.parse("2018-03"), ended=True)
    assert (early.rolled, running.rolled) == (None, None)
    assert (last.rolled.start_at.month, last.rolled.end_at.month) == (4, 10)
