"""Which usage a bill run leaves behind, and what it would have been worth."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.catalog.units import Units
from transforms.period import Period
from transforms.rating.preflight import Candidate, money_at_risk, obstacle
from transforms.rating.usage import UsageLine

UNITS = Units.model_validate(
    {"units": {"kwh": {"decimals": "3", "aliases": {"wh": "1/1000"}}, "hour": {}}, "currencies": {"EUR": {}}}
)
TIERS = [{"up_to": "5", "price": "0.30"}, {"price": "0.20"}]
CHARGES = {
    "energy": Charge.model_validate(
        {"charge": "energy", "uom": "kwh", "currency": "EUR", "pricing": {"model": "tiered", "tiers": TIERS}}
    ),
    "closed": Charge.model_validate(
        {"charge": "closed", "uom": "kwh", "currency": "EUR", "pricing": {"model": "tiered", "tiers": TIERS[:1]}}
    ),
}
CHARGES["bundle"] = Charge.model_validate(
    {
        "charge": "bundle", "uom": "kwh", "currency": "EUR",
        "pricing": {"model": "prepaid", "price": "100", "units": "1000"},
    }
)  # fmt: skip
MARCH = Period.parse("2025-03")
START, END = datetime(2025, 3, 10, tzinfo=UTC), datetime(2025, 3, 20, tzinfo=UTC)
ACCOUNT = Account("A-1", "Mill", "EUR", "UTC")
CHARGE = SubscribedCharge("C-1", "S-1", "A-1", "energy", START, END)
RIGHT = Candidate(uom="kwh", start_at=START, period=MARCH, account=ACCOUNT, subscribed=CHARGE)
LINE = UsageLine(
    record_id=1, account_number="A-1", subscription_number="S-1", charge_number="C-1", charge="energy", uom="kwh",
    quantity=Decimal(4), start_at=START, period_start=datetime(2025, 3, 1, tzinfo=UTC),
    period_end=datetime(2025, 4, 1, tzinfo=UTC), time_zone="UTC", status="Pending",
)  # fmt: skip


def test_a_record_that_fits_its_charge_is_picked_up():
    assert obstacle(RIGHT, CHARGES) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"subscribed": None, "uom": "gallon"}, "no charge of account A-1 matches usage counted in gallon"),
        ({"subscribed": replace(CHARGE, charge="steam")}, "charge steam is not in the catalog"),
        (
            {"subscribed": replace(CHARGE, charge="bundle")},
            "charge bundle takes no usage of its own: its model is prepaid",
        ),
        ({"uom": "hour"}, "counted in hour, the charge bills kwh"),
        ({"uom": "wh"}, "counted in wh, the charge bills kwh"),
        ({"account": replace(ACCOUNT, currency="USD")}, "the account pays USD, the charge is priced in EUR"),
        ({"account": replace(ACCOUNT, status="Canceled")}, "account A-1 is not active but Canceled"),
        ({"subscribed": replace(CHARGE, status="Suspended")}, "the charge is not active but Suspended"),
        ({"period": Period.parse("2025-Q1")}, "2025-Q1 is no billing period of the charge any more"),
    ],
)
def test_a_record_that_no_bill_run_takes_has_its_reason(changes, reason):
    assert obstacle(replace(RIGHT, **changes), CHARGES) == reason


def test_a_record_without_a_required_custom_field_is_left_behind():
    missing = "the required custom field SITE__c is missing"
    for fields, reason in (({}, missing), ({"SITE__c": ""}, missing), ({"SITE__c": "7"}, None)):
        assert obstacle(replace(RIGHT, custom_fields=fields), CHARGES, ["SITE__c"]) == reason


def test_a_required_custom_field_is_found_in_any_case_of_its_name():
    assert obstacle(replace(RIGHT, custom_fields={"SITE__c": "7"}), CHARGES, ["Site__c"]) is None


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (START - timedelta(microseconds=1), "starts before the charge was subscribed to, at 2025-03-10T00:00:00+00:00"),
        (START, None),
        (END - timedelta(microseconds=1), None),
        (END, "starts after the subscription to the charge ended, at 2025-03-20T00:00:00+00:00"),
    ],
)
def test_usage_must_start_while_the_charge_is_subscribed_to(start, reason):
    assert obstacle(replace(RIGHT, start_at=start), CHARGES) == reason


def test_the_money_at_risk_is_what_the_record_adds_to_the_usage_beside_it():
    assert money_at_risk(LINE, [], CHARGES, UNITS) == (Decimal("1.20"), "EUR")  # 4 x 0.30
    beside = [replace(LINE, record_id=2, quantity=Decimal(3))]
    # 7 kWh are 5 x 0.30 + 2 x 0.20 = 1.90; the 3 alone are 0.90
    assert money_at_risk(LINE, beside, CHARGES, UNITS) == (Decimal("1.00"), "EUR")


def test_usage_in_an_alias_of_the_unit_is_priced_as_if_it_were_counted_rightly():
    watt_hours = replace(LINE, uom="wh", quantity=Decimal(4000))
    assert money_at_risk(watt_hours, [], CHARGES, UNITS) == (Decimal("1.20"), "EUR")


@pytest.mark.parametrize(
    "changes",
    [{"charge": "steam"}, {"uom": "hour"}, {"charge": "closed", "quantity": Decimal(6)}],
    ids=["a charge that nobody knows", "a unit that is none of the charge's", "a quantity that no tier covers"],
)
def test_nobody_knows_what_usage_is_worth_that_cannot_be_rated(changes):
    assert money_at_risk(replace(LINE, **changes), [], CHARGES, UNITS) is None


def test_what_usage_of_a_prepaid_charge_would_be_worth_nobody_knows():
    assert money_at_risk(replace(LINE, charge="bundle"), [], CHARGES, UNITS) is None
