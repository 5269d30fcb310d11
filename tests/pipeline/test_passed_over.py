"""Periods that no run had: of cycles that came later than their time, or whose own run gave up waiting."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline import periods
from pipeline.billing import ready
from transforms.period import Period

UNITS = "units: {kwh: {decimals: 3}, each: {}}\ncurrencies: {EUR: {}}\n"
FEE = "charge: fee\nuom: each\ncurrency: EUR\npricing: {model: flat_fee, price: 5}\n"
METER = "meter: water\nowner: a\nsource: power\nderive: {function: sum}\nmap: {charge: energy, unit: kwh}\n"
PROMISE = (
    "charge: promise\nuom: each\ncurrency: EUR\nbilling_period: quarter\n"
    "pricing: {model: commitment, amount: 10, charges: [energy]}\n"
)
FIRST_QUARTER = ("2025-01", "2025-02", "2025-03")
LATE = ["2025-01-15--2025-02-15", "2025-02-15--2025-03-15"]


def noon(month, day=1):
    return datetime(2025, month, day, 12, tzinfo=UTC)


@pytest.fixture
def quarter(business):
    """January to March are loaded and billed, for an account whose months are the calendar's."""
    business.declare("units.yaml", UNITS)
    business.declare("charges/fee.yaml", FEE)
    for month in FIRST_QUARTER:
        business.run(period=month)
        business.rate(month)
    return business


def register(business, charge, start="2025-01-16", day=15):
    """Register an account by the 15th, which subscribes to a charge."""
    header = "account_number,name,currency,time_zone,status,bill_cycle_day\nA-1,Mill,EUR,UTC,Active,1\n"
    business.deliver("customers/accounts.csv", f"{header}A-2,Farm,EUR,UTC,Active,{day}\n")
    charges = (business.inbox / "customers/subscribed_charges.csv").read_text()
    line = f"C-{charge},S-2,A-2,{charge},{start}T00:00:00Z,,Active\n"
    business.deliver("customers/subscribed_charges.csv", charges + line)
    business.register()


def to_derive(business, month=4):
    """List what a meter's run derives of periods that ended before its month."""
    found = periods.to_derive(business.store, business.catalog, "energy", noon(month), noon(month, 2))
    return list(map(str, found))


def to_bill(business, month=4):
    return list(map(str, periods.to_bill(business.store, business.catalog, noon(month), noon(month, 2))))


def missing(business, period):
    return ready.missing_meters(business.store, business.catalog, Period.parse(period))


def test_the_first_fees_of_who_is_registered_late_are_billed_although_nobody_had_their_bill_cycle_day(quarter):
    register(quarter, "fee")
    assert to_bill(quarter) == LATE
    assert [quarter.rate(period).amounts for period in LATE] == [{"EUR": 5}, {"EUR": 5}]
    assert to_bill(quarter) == []


def test_the_first_usage_of_who_is_registered_late_is_derived_and_billed(quarter):
    register(quarter, "energy")
    quarter.deliver("power/A-2/february.csv", "at,value\n2025-02-14T00:00:00Z,2\n2025-02-20T00:00:00Z,4\n")
    quarter.extract()
    assert [period for period in to_derive(quarter) if period not in FIRST_QUARTER] == LATE
    for period in LATE:
        quarter.run(period=period)
    assert [period for period in to_derive(quarter) if period not in FIRST_QUARTER] == []
    assert [period for period in to_bill(quarter) if period not in FIRST_QUARTER] == LATE
    assert [quarter.rate(period).amounts for period in LATE] == [{"EUR": Decimal("0.50")}, {"EUR": Decimal(1)}]


def test_what_was_over_before_the_subscription_began_is_neither_derived_nor_billed_nor_waited_for(quarter):
    register(quarter, "energy", start="2025-03-16")
    register(quarter, "fee", start="2025-03-16")
    assert to_derive(quarter) == to_bill(quarter) == []
    assert missing(quarter, "2025-02-15--2025-03-15") == []
    assert missing(quarter, "2025-03-15--2025-04-15") == ["energy"]


def test_months_of_a_year_that_is_billed_first_are_not_billed_in_arrears(business):
    business.declare("units.yaml", UNITS)
    business.declare("charges/fee.yaml", FEE)
    business.declare("charges/yearly.yaml", FEE.replace("fee", "yearly", 1) + "billing_period: year\n")
    business.customer("A-2", of="yearly")
    business.customer("A-3", "F-{}", of="fee")
    business.run(period="2024-12")
    business.rate("2024-12")
    business.rate("2024")
    assert to_bill(business) == []


def test_what_ended_before_the_first_bill_run_is_never_billed_in_arrears_by_way_of_two_cycles(quarter):
    register(quarter, "fee", start="2024-01-01")
    assert to_bill(quarter) == LATE
    for period in LATE:
        quarter.rate(period)
    assert to_bill(quarter) == []


def test_a_promise_of_a_year_whose_first_months_were_billed_elsewhere_is_not_tried_for_ever(business):
    business.declare("units.yaml", UNITS)
    business.declare("charges/promise.yaml", PROMISE.replace("quarter", "year"))
    business.customer("A-2", of="promise")
    for month in ("2024-11", "2024-12", "2025-01"):
        business.run(period=month)
        business.rate(month)
    assert to_bill(business, month=3) == []


def test_a_period_does_not_wait_for_a_meter_whose_first_period_began_later(quarter):
    register(quarter, "energy")
    quarter.declare("meters/water.yaml", METER)
    quarter.run("water", "2025-03")
    assert missing(quarter, LATE[0]) == ["energy"]


def test_usage_that_is_sent_for_a_period_which_was_passed_over_is_billed(quarter):
    register(quarter, "energy")
    (quarter.catalog_folder / "meters/energy.yaml").unlink()
    whose = {"account_number": "A-2", "subscription_number": "S-2", "charge_number": "C-energy", "charge": "energy"}
    start = datetime(2025, 2, 20, tzinfo=UTC)
    uploaded(quarter.store, whose | {"period": LATE[1], "start_at": start, "quantity": Decimal(4)})
    assert to_bill(quarter) == [LATE[1]]
    assert quarter.rate(LATE[1]).amounts == {"EUR": Decimal(1)}


def test_a_commitment_whose_bill_run_gave_up_waiting_is_settled_by_the_next_one(quarter):
    quarter.declare("charges/promise.yaml", PROMISE)
    register(quarter, "promise", start="2025-01-01", day=1)
    charges = (quarter.inbox / "customers/subscribed_charges.csv").read_text()
    quarter.deliver("customers/subscribed_charges.csv", f"{charges}C-3,S-2,A-2,energy,2025-01-01T00:00:00Z,,Active\n")
    quarter.register()
    quarter.deliver("power/A-2/late.csv", "at,value\n2025-02-20T00:00:00Z,4\n")
    quarter.extract()
    quarter.run(period="2025-02")
    assert missing(quarter, "2025-Q1") == []
    assert to_bill(quarter, month=5) == ["2025-Q1", "2025-02"]
    assert quarter.rate("2025-02").amounts == {"EUR": Decimal(1)}
    assert quarter.rate("2025-Q1").amounts == {"EUR": Decimal(9)}
    assert to_bill(quarter, month=5) == []
