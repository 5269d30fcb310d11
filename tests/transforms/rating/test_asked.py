"""What a bill run is asked for decides which usage it takes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account
from transforms.period import Period
from transforms.rating.asked import Asked
from transforms.rating.usage import UsageLine

JUNE = Period(date(2021, 6, 5), date(2021, 7, 5))  # bill cycle day 5
WINDOW = JUNE.window("America/New_York")
PRICING = {"model": "per_unit", "price": "1"}


def charge(timing="end_of_period"):
    return Charge.model_validate(
        {"charge": "calls", "uom": "call", "currency": "USD", "timing": timing, "pricing": PRICING}
    )


def line(start, status="Pending"):
    return UsageLine(
        account_number="A-1",
        subscription_number="S-1",
        charge_number="C-1",
        charge="calls",
        period_start=WINDOW.start,
        period_end=WINDOW.end,
        record_id=1,
        uom="call",
        quantity=Decimal(1),
        start_at=start,
        time_zone="America/New_York",
        status=status,
    )


def at(month, day, hour=12):
    return datetime(2021, month, day, hour, tzinfo=UTC)


def test_e43_usage_of_a_period_that_has_ended_by_the_target_date_is_taken():
    asked = Asked(JUNE, target_date=date(2021, 7, 5))
    assert not asked.running
    assert asked.takes(line(at(7, 1)), charge())


def test_e45_usage_that_starts_on_the_target_date_waits_for_its_period_to_end():
    asked = Asked(JUNE, target_date=date(2021, 7, 1))
    assert asked.running
    assert not asked.takes(line(at(7, 1)), charge())
    assert not asked.takes(line(at(7, 1)), charge("on_demand"))


def test_before_the_end_only_what_is_billed_on_demand_and_starts_before_the_target_date_is_taken():
    asked = Asked(JUNE, target_date=date(2021, 7, 1))
    assert asked.takes(line(at(6, 30)), charge("on_demand"))
    assert not asked.takes(line(at(6, 30)), charge())
    assert not asked.takes(line(at(6, 30)), None)


def test_the_target_date_begins_on_the_accounts_own_clock():
    asked = Asked(JUNE, target_date=date(2021, 7, 1))
    assert asked.takes(line(at(7, 1, hour=3)), charge("on_demand"))  # 23:00 on 30 June in New York
    assert not asked.takes(line(at(7, 1, hour=4)), charge("on_demand"))


def test_what_was_billed_before_always_counts():
    asked = Asked(JUNE, target_date=date(2021, 6, 10))
    assert asked.takes(line(at(6, 20), status="Processed"), charge("on_demand"))


@pytest.mark.parametrize(("batch", "has"), [(None, True), ("north", True), ("south", False), ("", False)])
def test_a_batch_has_its_own_accounts_alone(batch, has):
    account = Account("A-1", "Mill", "USD", "UTC", batch="north")
    assert Asked(JUNE, batch).has(account) is has


@pytest.mark.parametrize(
    ("asked", "whole"),
    [
        (Asked(JUNE), True),
        (Asked(JUNE, target_date=date(2021, 7, 5)), True),
        (Asked(JUNE, target_date=date(2021, 7, 4)), False),
        (Asked(JUNE, "north"), False),
    ],
)
def test_only_a_bill_run_of_all_accounts_at_the_end_is_the_whole_periods(asked, whole):
    assert asked.whole is whole
