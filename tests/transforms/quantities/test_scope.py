"""Which charge a reading belongs to, by the names that it bears, and from when until when it counts."""

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from scopes import FEBRUARY, HOUR, MIDDLE, STARTED, account, billed_by, day, days, rows, subscribed

from transforms.period import Period
from transforms.quantities.place import shares_of
from transforms.quantities.scope import scope


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


def shares(charges, accounts=None, **options):
    """What readings of A-1 are billed by in February, and from which day on: the charge, else why there is none."""
    found = scope(accounts or [account()], charges, options.get("charge", billed_by()), FEBRUARY)["A-1", ""]
    first = FEBRUARY.window("UTC").start_us
    return [
        (max(0, (share.from_us - first) // (24 * HOUR)), share.target.refusal or share.target.charge_number)
        for share in shares_of(found)
    ]


@pytest.mark.parametrize("subscription", ["S-1", "S-2"])
def test_of_two_charges_that_follow_one_another_each_has_the_readings_of_its_own_time(subscription):
    two = [subscribed("C-2", subscription, start_at=day(11)), subscribed(end_at=day(11))]
    assert shares(two) == [(0, "C-1"), (10, "C-2")]
    assert rows(two)["A-1", "S-1"] == "C-1"


def test_what_lies_between_two_charges_is_of_the_first_and_outside_of_it():
    two = [subscribed(end_at=day(11)), subscribed("C-2", "S-2", start_at=day(21))]
    assert shares(two) == [(0, "C-1"), (20, "C-2")]
    assert days(two) == (0, 10)


def test_three_charges_can_follow_one_another():
    later = [subscribed("C-2", start_at=day(11), end_at=day(15)), subscribed("C-3", "S-3", start_at=day(15))]
    assert shares([subscribed(end_at=day(11)), *later]) == [(0, "C-1"), (10, "C-2"), (14, "C-3")]


def test_a_charge_that_follows_one_that_is_not_active_is_billed_for_its_own_time():
    two = [subscribed(end_at=day(11), status="Suspended"), subscribed("C-2", "S-2", start_at=day(11))]
    assert shares(two) == [(0, "charge_not_active"), (10, "C-2")]


def test_of_two_charges_by_anniversary_each_has_periods_of_its_own():
    two = [subscribed(end_at=day(11)), subscribed("C-2", "S-2", start_at=day(11))]
    assert shares(two, charge=billed_by(alignment="anniversary")) == [(0, "C-1"), (10, "other_period")]


@pytest.mark.parametrize("end", [None, day(12)])
def test_two_charges_that_overlap_are_ambiguous_for_all_of_the_period(end):
    assert shares([subscribed(end_at=end), subscribed("C-2", "S-2", start_at=day(11))]) == [(0, "ambiguous_charge")]


OVER = [{"end_at": day(1)}, {"end_at": STARTED}, {"start_at": datetime(2014, 3, 1, tzinfo=UTC)}]


@pytest.mark.parametrize("over", OVER)
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


@pytest.mark.parametrize("over", OVER)
def test_of_a_charge_that_is_over_or_not_yet_begun_no_reading_counts(over):
    start, end = days([subscribed(**over)])
    assert start == end
    assert rows([subscribed(**over)])["A-1", ""] == "C-1"


def test_a_charge_counts_for_the_month_of_the_accounts_own_clock():
    start, end = days([subscribed()], [account(zone="America/New_York")])
    assert (start * 24, end * 24) == (5, 28 * 24 + 5)


def test_a_target_knows_the_clock_of_its_account():
    found = scope([account(zone="Asia/Kolkata")], [subscribed()], billed_by(), FEBRUARY)
    assert {target.time_zone for target in found.values()} == {"Asia/Kolkata"}


def test_an_account_with_a_bill_cycle_day_is_billed_from_that_day_and_not_for_the_calendar_month():
    accounts = [account(day=15)]
    assert rows([subscribed()], accounts)["A-1", ""] == "other_period"
    assert rows([subscribed()], accounts, period=MIDDLE)["A-1", ""] == "C-1"
    assert days([subscribed()], accounts, period=MIDDLE) == (-17, 14)


def test_of_two_accounts_each_has_the_periods_of_its_own_bill_cycle_day():
    accounts = [account(), account("A-2", day=15)]
    charges = [subscribed(), subscribed("C-2", "S-2", "A-2")]
    for period, expected in ((FEBRUARY, ("C-1", "other_period")), (MIDDLE, ("other_period", "C-2"))):
        found = rows(charges, accounts, period=period)
        assert (found["A-1", ""], found["A-2", ""]) == expected


def test_by_anniversary_a_charge_is_billed_from_the_day_of_its_own_start():
    charge = billed_by("quarter", "anniversary")
    tenth = [subscribed(start_at=datetime(2013, 11, 10, tzinfo=UTC))]
    assert rows(tenth, charge=charge, period=Period.parse("2014-Q1"))["A-1", ""] == "other_period"
    assert rows(tenth, charge=charge, period=Period.parse("2014-02-10--2014-05-10"))["A-1", ""] == "C-1"
    assert rows(tenth, charge=charge, period=Period.parse("2014-01-10--2014-04-10"))["A-1", ""] == "other_period"


def test_a_period_of_another_cycle_takes_no_reading_whatever_else_is_wrong_with_the_account():
    found = scope([account(day=15, status="Suspended")], [subscribed()], billed_by(), FEBRUARY)["A-1", ""]
    assert (found.refusal, found.period.start, found.period.end) == ("other_period", *[found.covered.start] * 2)


def test_who_has_no_charge_is_seen_in_the_calendar_month_whatever_the_bill_cycle_day():
    assert rows([], [account(day=15)]) == {("A-1", ""): "no_charge"}
    assert rows([], [account(day=15)], period=MIDDLE) == {("A-1", ""): "no_charge"}
    found = scope([account(day=15)], [], billed_by(), MIDDLE)["A-1", ""]
    assert found.period.start == found.period.end, "its readings are in the calendar month's ledger"


def test_the_order_in_which_accounts_and_charges_are_known_does_not_matter():
    accounts = [account("A-2"), account()]
    charges = [subscribed("C-2", "S-2"), subscribed(), subscribed("C-3", "S-3", "A-2")]
    expected = scope(accounts, charges, billed_by(), FEBRUARY)
    assert list(scope(accounts[::-1], charges[::-1], billed_by(), FEBRUARY).items()) == list(expected.items())
