from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rating_by_hand import charge

from transforms.catalog.customers import Account, SubscribedCharge
from transforms.period import Period
from transforms.rating.subscribed import charge_periods

ACCOUNT = Account("A1", "Mill", "USD", "Asia/Tokyo")
FEE = SubscribedCharge("C-1", "S1", "A1", "phone", datetime(2017, 1, 1, tzinfo=UTC))
JANUARY = Period.parse("2018-01")
CHARGES = {"phone": charge("flat_fee", price="20")}


def owing(account=ACCOUNT, subscribed=FEE, charges=CHARGES, period=JANUARY):
    return charge_periods([account], [subscribed], charges, period)


def test_a_flat_fee_owes_a_period_of_the_account_s_own_clock():
    [found] = owing()
    assert (found.account_number, found.subscription_number, found.charge_number, found.charge) == (
        "A1", "S1", "C-1", "phone",
    )  # fmt: skip
    assert found.period_start == datetime(2017, 12, 31, 15, tzinfo=UTC)
    assert found.period_end == datetime(2018, 1, 31, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    "changes",
    [
        {"account": replace(ACCOUNT, status="Suspended")},
        {"account": replace(ACCOUNT, currency="JPY")},
        {"account": replace(ACCOUNT, bill_cycle_day=15)},
        {"subscribed": replace(FEE, status="Cancelled")},
        {"subscribed": replace(FEE, charge="fax")},
        {"subscribed": replace(FEE, start_at=datetime(2018, 1, 31, 15, tzinfo=UTC))},
        {"subscribed": replace(FEE, end_at=datetime(2017, 12, 31, 15, tzinfo=UTC))},
        {"subscribed": replace(FEE, start_at=(noon := datetime(2018, 1, 10, 12, tzinfo=UTC)), end_at=noon)},
        {"period": Period.parse("2018-Q1")},
        {"charges": {"phone": charge("per_unit", price="20")}},
    ],
)
def test_what_is_not_subscribed_to_in_the_period_or_is_no_flat_fee_owes_nothing(changes):
    assert owing(**changes) == []


@pytest.mark.parametrize(
    "changes",
    [{"start_at": datetime(2018, 1, 31, 14, tzinfo=UTC)}, {"end_at": datetime(2017, 12, 31, 16, tzinfo=UTC)}],
)
def test_any_part_of_the_period_owes_all_of_the_fee(changes):
    assert len(owing(subscribed=replace(FEE, **changes))) == 1
