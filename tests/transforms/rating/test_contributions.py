"""Which charges may count towards a commitment, and which of their billing periods do."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.period import Period
from transforms.rating.contributions import contribution_problem, contributions

YEAR = Period.parse("2025")
ACCOUNT = Account("A-1", "Mill", "EUR", "Asia/Tokyo")
PROMISED = SubscribedCharge("C-9", "S-1", "A-1", "promise", datetime(2024, 1, 1, tzinfo=UTC))
PHONE = SubscribedCharge("C-1", "S-1", "A-1", "phone", datetime(2024, 1, 1, tzinfo=UTC))


def charge(name="phone", model=None, **fields):
    pricing = model or {"model": "per_unit", "price": "1"}
    return Charge.model_validate({"charge": name, "uom": "each", "currency": "EUR", "pricing": pricing} | fields)


def promise(billing_period="year", **pricing):
    model = {"model": "commitment", "amount": "100", "charges": ["phone"], **pricing}
    return charge("promise", model, billing_period=billing_period)


def found(*subscribed, account=ACCOUNT, period=YEAR, promised=None, **phone):
    charges = {"promise": promised or promise(), "phone": charge(**({"billing_period": "quarter"} | phone))}
    listed = contributions([account], subscribed or (PROMISED, PHONE), charges, period)
    return sorted((each.charge_number, str(each.period)) for each in listed)


def test_the_quarters_of_the_year_count():
    assert found() == [("C-1", f"2025-Q{quarter}") for quarter in (1, 2, 3, 4)]


def test_periods_are_those_of_the_account_s_bill_cycle_day():
    period = Period.parse("2025-01-15--2026-01-15")
    account = replace(ACCOUNT, bill_cycle_day=15)
    assert [name for _, name in found(account=account, period=period)] == [
        "2025-01-15--2025-04-15", "2025-04-15--2025-07-15", "2025-07-15--2025-10-15", "2025-10-15--2026-01-15",
    ]  # fmt: skip
    assert found(account=account) == []


def test_the_period_itself_is_billed_in_the_same_bill_run():
    assert found(billing_period="year") == []


@pytest.mark.parametrize(
    ("changes", "quarters"),
    [
        ({"start_at": datetime(2025, 6, 30, 14, tzinfo=UTC)}, [2, 3, 4]),  # an hour before midnight in Tokyo
        ({"start_at": datetime(2025, 6, 30, 15, tzinfo=UTC)}, [3, 4]),
        ({"end_at": datetime(2025, 7, 1, tzinfo=UTC)}, [1, 2, 3]),
        ({"status": "Cancelled"}, []),
        ({"subscription_number": "S-2"}, []),
        ({"account_number": "A-2"}, []),
        ({"charge": "fax"}, []),
    ],
)
def test_only_what_is_billed_counts(changes, quarters):
    assert found(PROMISED, replace(PHONE, **changes)) == [("C-1", f"2025-Q{quarter}") for quarter in quarters]


def test_another_subscription_counts_where_the_whole_account_promised():
    assert len(found(PROMISED, replace(PHONE, subscription_number="S-2"), promised=promise(scope="account"))) == 4


@pytest.mark.parametrize("changes", [{"status": "Cancelled"}, {"start_at": datetime(2026, 1, 1, tzinfo=UTC)}])
def test_nothing_counts_where_nothing_is_promised_for_the_period(changes):
    assert found(replace(PROMISED, **changes), PHONE) == []


@pytest.mark.parametrize(
    ("other", "problem"),
    [
        (charge(billing_period="half_year"), None),
        (charge(currency="USD"), "phone is priced in USD, the commitment in EUR"),
        (charge(alignment="anniversary"), "phone has billing periods by anniversary, which can lie across those"),
        (promise(), "promise is a commitment itself"),
    ],
)
def test_what_cannot_count_is_said(other, problem):
    told = contribution_problem(promise(), other)
    assert told is None if problem is None else told.startswith(problem)


def test_a_charge_that_is_billed_less_often_cannot_count():
    told = contribution_problem(promise("quarter"), charge(billing_period="half_year"))
    assert told == "phone is billed by the half_year, the commitment for a quarter"
