from datetime import UTC, datetime
from fractions import Fraction

import pytest

from transforms.period import Month
from transforms.scope import Account, CalendarRow, SubscribedCharge, calendar, scope

FEBRUARY = Month(2014, 2)
STARTED = datetime(2013, 6, 1, tzinfo=UTC)
HOUR = 3_600_000_000


def account(number="A-1", zone="UTC", status="Active"):
    return Account(number, "Example", "USD", zone, status)


def subscribed(number="C-1", subscription="S-1", account_number="A-1", charge="cpu", **fields):
    return SubscribedCharge(number, subscription, account_number, charge, **{"start_at": STARTED} | fields)


def day(number):
    return datetime(2014, 2, number, tzinfo=UTC)


def rows(charges, accounts=None):
    """What readings of (account, subscription) are billed by: the charge, else why there is none."""
    found = scope(accounts or [account()], charges, "cpu", FEBRUARY)
    return {(row.account, row.subscription): row.refusal or row.charge_number for row in found}


def days(charges, accounts=None):
    """How many days after 1 February, in UTC, readings of A-1 begin and cease to count."""
    row = scope(accounts or [account()], charges, "cpu", FEBRUARY)[0]
    first = FEBRUARY.window("UTC").start_us
    return Fraction(row.start_us - first, 24 * HOUR), Fraction(row.end_us - first, 24 * HOUR)


def test_readings_belong_to_the_accounts_one_charge_whether_they_name_its_subscription_or_not():
    assert rows([subscribed()]) == {("A-1", ""): "C-1", ("A-1", "S-1"): "C-1"}


def test_an_account_that_is_not_active_is_billed_for_nothing():
    assert rows([subscribed()], [account(status="Suspended")]) == {
        ("A-1", ""): "account_not_active",
        ("A-1", "S-1"): "account_not_active",
    }


def test_an_account_or_subscription_without_the_charge_is_told_from_an_unknown_one():
    assert rows([]) == {("A-1", ""): "no_charge"}
    assert rows([subscribed(charge="traffic")]) == {("A-1", ""): "no_charge", ("A-1", "S-1"): "no_charge"}


def test_an_account_that_nobody_knows_has_no_row_at_all():
    assert rows([subscribed(account_number="A-9")]) == {("A-1", ""): "no_charge"}


def test_with_two_charges_only_a_reading_that_names_its_subscription_can_be_billed():
    assert rows([subscribed(), subscribed("C-2", "S-2")]) == {
        ("A-1", ""): "ambiguous_charge",
        ("A-1", "S-1"): "C-1",
        ("A-1", "S-2"): "C-2",
    }


def test_two_charges_within_one_subscription_are_ambiguous_even_when_it_is_named():
    assert rows([subscribed(), subscribed("C-2")]) == {
        ("A-1", ""): "ambiguous_charge",
        ("A-1", "S-1"): "ambiguous_charge",
    }


@pytest.mark.parametrize("over", [{"end_at": day(1)}, {"start_at": datetime(2014, 3, 1, tzinfo=UTC)}])
def test_a_charge_that_is_over_or_not_yet_begun_does_not_make_another_one_ambiguous(over):
    found = rows([subscribed("C-0", "S-0", **over), subscribed()])
    assert found["A-1", ""] == found["A-1", "S-1"] == "C-1"


def test_the_other_charges_of_an_account_do_not_matter():
    assert rows([subscribed("C-2", charge="traffic"), subscribed()])["A-1", ""] == "C-1"


def test_a_charge_that_is_not_active_is_not_billed():
    assert rows([subscribed(status="Cancelled")])["A-1", ""] == "charge_not_active"


def test_accounts_are_told_apart():
    found = rows([subscribed(), subscribed("C-2", "S-2", "A-2")], [account(), account("A-2")])
    assert (found["A-1", ""], found["A-2", ""], found["A-2", "S-2"]) == ("C-1", "C-2", "C-2")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, (0, 28)),
        ({"start_at": day(11)}, (10, 28)),
        ({"end_at": day(11)}, (0, 10)),
        ({"start_at": day(8), "end_at": day(11)}, (7, 10)),
        ({"end_at": datetime(2014, 3, 1, tzinfo=UTC)}, (0, 28)),
        ({"start_at": day(8).replace(hour=12)}, (Fraction("7.5"), 28)),
    ],
)
def test_a_charge_counts_from_its_start_until_its_end_within_the_month(fields, expected):
    assert days([subscribed(**fields)]) == expected


@pytest.mark.parametrize(
    "fields", [{"end_at": day(1)}, {"end_at": STARTED}, {"start_at": datetime(2014, 3, 1, tzinfo=UTC)}]
)
def test_of_a_charge_that_is_over_or_not_yet_begun_no_reading_counts(fields):
    start, end = days([subscribed(**fields)])
    assert start == end
    assert rows([subscribed(**fields)])["A-1", ""] == "C-1"


def test_a_charge_counts_for_the_month_of_the_accounts_own_clock():
    start, end = days([subscribed()], [account(zone="America/New_York")])
    assert (start * 24, end * 24) == (5, 28 * 24 + 5)


def test_the_calendar_cuts_the_month_on_every_accounts_clock():
    utc = FEBRUARY.window("UTC")
    assert calendar([account("A-2", "Asia/Kolkata"), account()], FEBRUARY) == [
        CalendarRow("A-1", utc.start_us, utc.end_us),
        CalendarRow("A-2", utc.start_us - 11 * HOUR // 2, utc.end_us - 11 * HOUR // 2),
    ]


def test_the_order_in_which_accounts_and_charges_are_known_does_not_matter():
    accounts = [account("A-2"), account()]
    charges = [subscribed("C-2", "S-2"), subscribed(), subscribed("C-3", "S-3", "A-2")]
    expected = scope(accounts, charges, "cpu", FEBRUARY)
    assert scope(accounts[::-1], charges[::-1], "cpu", FEBRUARY) == expected
