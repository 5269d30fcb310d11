"""Who has readings of other charges than before, by what was changed of subscriptions, and how these were."""

from dataclasses import replace

from scopes import FEBRUARY, account, billed_by, day, subscribed

from transforms.quantities.moved import Change, accounts_moved, as_of, changes, moved
from transforms.quantities.scope import scope

FIRST, SECOND = subscribed(end_at=day(15)), subscribed("C-2", "S-2", start_at=day(15))


def led(charges, accounts=None, billed=()):
    return scope(accounts or [account()], charges, billed_by(), FEBRUARY, billed=billed)


def has_moved(then, now, fixed=(), **options):
    return bool(moved(led(then, **options), led(now, **options), fixed))


def changed(then, now, accounts=None, accounts_now=None):
    return list(changes(accounts or [account()], then, accounts_now or [], now))


def test_what_a_charge_was_before_is_kept_where_its_time_or_status_is_changed():
    assert changed([FIRST], [FIRST]) == []
    assert changed([FIRST], [subscribed()]) == [Change("C-1", FIRST.start_at, day(15), "Active", "Active")]
    assert changed([FIRST], [replace(FIRST, status="Suspended")]) == [
        Change("C-1", FIRST.start_at, day(15), "Active", "Active")
    ]
    assert changed([FIRST], [], accounts_now=[account(status="Suspended")]) == [
        Change("C-1", FIRST.start_at, day(15), "Active", "Active")
    ]


def test_a_new_charge_is_a_change_where_its_account_subscribes_to_the_same_already():
    assert changed([FIRST], [SECOND]) == [Change("C-2", None, None, "Active", "Active")]
    assert changed([], [FIRST, SECOND]) == changed([FIRST], [subscribed("C-3", charge="traffic")]) == []
    assert changed([FIRST], [subscribed("C-4", "S-4", "A-2")], accounts_now=[account("A-2")]) == []


def test_accounts_and_charges_as_they_were_are_those_before_the_first_of_the_changes():
    since = [
        Change("C-2", None, None, "Active", "Active"),
        Change("C-1", FIRST.start_at, None, "Suspended", "Active"),
        Change("C-1", FIRST.start_at, day(20), "Active", "Suspended"),
    ]
    paying, then = as_of([account(status="Closed"), account("A-2")], [FIRST, SECOND], since)
    assert paying == [account(), account("A-2")]
    assert then == [replace(FIRST, end_at=None, status="Suspended")]
    assert as_of([account()], [FIRST, SECOND], []) == ([account()], [FIRST, SECOND])


def test_what_is_registered_while_the_others_are_read_is_left_for_the_next_time():
    since = [Change("C-2", None, None, "Active", "Active")]
    assert as_of([account()], [FIRST], since) == ([account()], [FIRST])
    assert accounts_moved([], [FIRST, SECOND], since, FEBRUARY) == set()


def test_only_accounts_with_another_part_of_the_period_are_looked_at():
    def of_february(then, now):
        return accounts_moved([account()], now, list(changes([account()], then, [account()], now)), FEBRUARY)

    assert of_february([FIRST], [FIRST, SECOND]) == of_february([subscribed()], [FIRST]) == {"A-1"}
    assert of_february([FIRST], [FIRST, subscribed("C-2", start_at=day(15).replace(month=4))]) == set()
    assert of_february([subscribed()], [subscribed(end_at=day(15).replace(month=4))]) == set()
    assert of_february([subscribed()], [subscribed(status="Expired")]) == set()


def test_of_a_charge_that_was_changed_twice_the_first_change_tells_what_it_was():
    since = [Change("C-1", FIRST.start_at, end, "Active", "Active") for end in (None, FIRST.end_at)]
    assert accounts_moved([account()], [FIRST], since, FEBRUARY) == {"A-1"}
    assert accounts_moved([account()], [FIRST], since[::-1], FEBRUARY) == set(), "it is as it was before the first"


def test_readings_move_with_the_time_of_their_charges():
    for then, now in (([FIRST], [FIRST, SECOND]), ([subscribed()], [FIRST]), ([FIRST], [subscribed()])):
        assert has_moved(then, now)
        assert not has_moved(now, now)


def test_two_charges_at_once_are_none_and_what_follows_one_another_is_for_each():
    assert has_moved([subscribed(), SECOND], [FIRST, SECOND])
    assert not has_moved([FIRST], [subscribed(), SECOND])


def test_whoever_is_or_was_refused_for_a_status_is_for_people_to_say():
    assert not has_moved([FIRST], [FIRST, SECOND], accounts=[account(status="Suspended")])
    assert not has_moved([FIRST], [FIRST, replace(SECOND, status="Draft")])
    assert not has_moved([FIRST, replace(SECOND, status="Expired")], [FIRST, SECOND])
    assert not has_moved([FIRST], [FIRST, SECOND], accounts=[account(status="Closed")], billed=["C-1"])
    assert has_moved([subscribed()], [FIRST], accounts=[account(status="Closed")], billed=["C-1"])


def test_who_had_no_charge_is_a_stranger_and_has_not_moved():
    assert not has_moved([], [FIRST])
    assert not has_moved([subscribed(end_at=day(1))], [FIRST])


def test_what_was_billed_for_good_keeps_its_start_and_its_time():
    assert has_moved([FIRST], [FIRST, SECOND], fixed=["C-1"])
    assert has_moved([FIRST], [subscribed()], fixed=["C-1"])
    assert not has_moved([subscribed()], [FIRST], fixed=["C-1"])
    assert not has_moved([replace(FIRST, start_at=day(5))], [FIRST], fixed=["C-1"])
    assert not has_moved([FIRST], [SECOND], fixed=["C-1"])
