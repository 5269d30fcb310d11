"""Which billing periods a charge has: by the calendar or by anniversary, for all who subscribe to it."""

from datetime import UTC, datetime

import pytest

from transforms.catalog.charge import Charge
from transforms.catalog.customers import Account, SubscribedCharge
from transforms.cycles import WrongPeriodError, cycle_of, cycles_of, has_period, periods_ended, require_among
from transforms.period import Cycle, Period

MILL = Account("A-1", "Mill", "EUR", "UTC", bill_cycle_day=15)


def charge(length="month", alignment="calendar"):
    priced = {"uom": "kwh", "currency": "EUR", "pricing": {"model": "per_unit", "price": "1"}}
    return Charge.model_validate({"charge": "energy", "billing_period": length, "alignment": alignment, **priced})


def subscribed(account="A-1", start=datetime(2014, 1, 31, tzinfo=UTC), *, of="energy", end=None):
    return SubscribedCharge(f"C-{account}-{start:%j}", f"S-{account}", account, of, start, end)


@pytest.mark.parametrize(
    ("length", "cycle"),
    [("month", Cycle(1, 15)), ("quarter", Cycle(3, 15)), ("half_year", Cycle(6, 15)), ("year", Cycle(12, 15))],
)
def test_by_the_calendar_a_period_begins_on_the_accounts_bill_cycle_day(length, cycle):
    assert cycle_of(MILL, charge(length), subscribed()) == cycle


@pytest.mark.parametrize("length", ["month", "quarter", "half_year", "year"])
def test_by_anniversary_the_periods_begin_with_the_subscription_whatever_the_bill_cycle_day(length):
    first = cycle_of(MILL, charge(length, "anniversary"), subscribed()).period_of(datetime(2014, 1, 31).date())
    assert first.start == datetime(2014, 1, 31).date()


@pytest.mark.parametrize(("zone", "day"), [("UTC", 31), ("America/New_York", 30), ("Pacific/Kiritimati", 31)])
def test_the_anniversary_is_the_day_on_the_accounts_own_clock(zone, day):
    account = Account("A-1", "Mill", "EUR", zone)
    assert cycle_of(account, charge("year", "anniversary"), subscribed()) == Cycle(12, day, 1)


def test_subscriptions_that_start_a_whole_number_of_periods_apart_have_one_cycle():
    january, july = datetime(2014, 1, 31, tzinfo=UTC), datetime(2014, 7, 31, tzinfo=UTC)
    for length in ("month", "quarter", "half_year"):
        charges = [subscribed(start=january), subscribed(start=july)]
        assert len(cycles_of([MILL], charges, charge(length, "anniversary"))) == 2  # theirs, and the plain one


@pytest.mark.parametrize("alignment", ["calendar", "anniversary"])
def test_who_does_not_subscribe_is_seen_in_the_plain_calendar(alignment):
    assert cycle_of(MILL, charge("quarter", alignment), None) == Cycle(3)


def test_a_charge_has_the_plain_cycle_and_one_for_each_day_that_its_subscribers_have():
    accounts = [MILL, Account("A-2", "Shop", "EUR", "UTC", bill_cycle_day=15), Account("A-3", "Inn", "EUR", "UTC")]
    unsubscribed = Account("A-4", "Farm", "EUR", "UTC", bill_cycle_day=20)
    charges = [subscribed(number) for number in ("A-1", "A-2", "A-3", "A-9")]
    others = [subscribed("A-4", of="water")]
    assert cycles_of([*accounts, unsubscribed], charges + others, charge()) == {Cycle(), Cycle(1, 15)}


def test_the_periods_that_ended_in_an_interval_are_those_of_every_cycle_each_once_and_in_order():
    accounts = [MILL, Account("A-2", "Shop", "EUR", "UTC", bill_cycle_day=31)]
    found = periods_ended(
        accounts,
        [subscribed("A-1"), subscribed("A-2")],
        charge(),
        datetime(2014, 2, 1, 12, tzinfo=UTC),
        datetime(2014, 3, 1, 12, tzinfo=UTC),
    )
    assert [str(each) for each in found] == ["2014-01-15--2014-02-15", "2014-01-31--2014-02-28", "2014-02"]


def test_a_day_on_which_no_period_ends_has_none():
    day = datetime(2014, 2, 10, 12, tzinfo=UTC)
    assert periods_ended([MILL], [subscribed()], charge(), day, day.replace(day=11)) == []


@pytest.mark.parametrize("interval", [(2013, 2014), (2014, 2015)])
def test_the_periods_in_which_a_subscription_starts_and_ends_and_those_around_it_are_all_seen(interval):
    after, until = (datetime(year, 6, 1, tzinfo=UTC) for year in interval)
    only = subscribed(start=datetime(2014, 1, 20, tzinfo=UTC), end=datetime(2014, 7, 20, tzinfo=UTC))
    found = periods_ended([MILL], [only], charge(), after, until)
    assert sum(period.start.day == 15 for period in found) == 12


def test_a_period_of_the_charge_is_accepted_and_any_other_is_refused_with_those_that_are():
    have = cycles_of([MILL], [subscribed()], charge("quarter"))
    for text in ("2014-Q1", "2014-01-15--2014-04-15"):
        assert has_period(have, Period.parse(text))
        require_among(have, Period.parse(text), "charge energy")
    assert not has_period(have, Period.parse("2014-02"))
    with pytest.raises(WrongPeriodError) as caught:
        require_among(have, Period.parse("2014-02"), "charge energy")
    assert str(caught.value) == (
        "2014-02 is no billing period of charge energy; those that hold 2014-02-01 are 2014-01-15--2014-04-15, 2014-Q1"
    )


def test_of_very_many_periods_the_last_twelve_are_listed():
    accounts = [Account(f"A-{day}", "", "EUR", "UTC", bill_cycle_day=day) for day in range(1, 32)]
    charges = [subscribed(each.account_number) for each in accounts]
    with pytest.raises(
        WrongPeriodError, match=r"are 2014-01, 2013-12-31--2014-01-31, .* 2013-12-21--2014-01-21 and 19 more$"
    ):
        require_among(cycles_of(accounts, charges, charge()), Period.parse("2014"), "charge energy")
