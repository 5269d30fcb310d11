"""Fees that were billed before the subscription was ended for an earlier day: they stay billed, and people are told."""

import pytest

from pipeline.billing.ended import note_billed_after_end

UNITS = "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}}\n"
FEE = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"
ENERGY = "C-1,S-1,A-1,energy,2020-01-01T00:00:00Z,,Active\n"


@pytest.fixture
def quarter(business):
    """A fee of January to March is billed, 5 EUR each."""
    business.declare("units.yaml", UNITS)
    business.declare("charges/fee.yaml", FEE)
    subscribe(business, start="2025-01-01")
    for month in ("2025-01", "2025-02", "2025-03"):
        business.run(period=month)
        business.rate(month)
    return business


def subscribe(business, start, end=""):
    end = end and f"{end}T00:00:00Z"
    header = "charge_number,subscription_number,account_number,charge,start_at,end_at,status\n"
    line = f"F-1,S-1,A-1,fee,{start}T00:00:00Z,{end},Active\n"
    business.deliver("customers/subscribed_charges.csv", header + ENERGY + line)
    business.register()


def noted(business):
    return note_billed_after_end(business.store, business.catalog)


def test_fees_of_months_after_the_end_are_told_of_once_and_that_in_which_it_ends_is_owed(quarter):
    subscribe(quarter, "2025-01-01", end="2025-01-20")
    told = "F-1: 10.00 EUR stay billed of 2025-02, 2025-03, in which it is not subscribed to"
    assert noted(quarter) == noted(quarter) == [told]
    names = ("subject", "details ->> 'name'", "details ->> 'amount'", "details ->> 'periods'")
    (event,) = quarter.rows("events WHERE kind = 'billed_after_end'", *names)
    assert event == ("charge number F-1, end 2025-01-20 00:00:00+00:00", "F-1", "10.00 EUR", "2025-02, 2025-03")
    assert quarter.rate("2025-02").outcome == "nothing_due"


@pytest.mark.parametrize("end", ["", "2025-03-01", "2025-12-31"])
def test_who_was_subscribed_to_a_fee_when_its_month_began_owes_it(quarter, end):
    subscribe(quarter, "2025-01-01", end=end)
    assert [line.split()[1] for line in noted(quarter)] == (["5.00"] if end == "2025-03-01" else [])


def test_fees_of_a_subscription_that_never_began_or_began_later_are_told_of(quarter):
    subscribe(quarter, "2025-01-10", end="2025-01-10")
    assert [line.split()[1] for line in noted(quarter)] == ["15.00"]
    subscribe(quarter, "2025-02-10")
    assert noted(quarter) == ["F-1: 5.00 EUR stay billed of 2025-01, in which it is not subscribed to"]
