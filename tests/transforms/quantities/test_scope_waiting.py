"""Whose readings wait for a charge, and when there is one."""

from datetime import UTC, datetime

from scopes import FEBRUARY, MIDDLE, account, billed_by, day, subscribed

from transforms.quantities.scope import has_found, scope, strangers


def waiting(charges, accounts=None, period=FEBRUARY):
    """Who has readings, and no charge for them."""
    found = scope(accounts or [account()], charges, billed_by(), period)
    names = strangers(found, list(found.values()))
    assert not has_found(names, found, here=True), "what is derived again to the same would be so for ever"
    return names


def test_who_has_no_charge_in_the_period_is_waited_for():
    assert waiting([]) == {("A-1", "")}
    assert waiting([subscribed(charge="traffic")]) == {("A-1", ""), ("A-1", "S-1")}
    for bounds in ({"start_at": datetime(2014, 3, 1, tzinfo=UTC)}, {"end_at": day(1)}):
        assert waiting([subscribed(**bounds)]) == {("A-1", ""), ("A-1", "S-1")}


def test_whose_status_or_several_charges_are_for_people_to_mend_is_not_waited_for():
    assert waiting([subscribed()]) == set()
    assert waiting([subscribed()], [account(status="Suspended")]) == waiting([subscribed(status="Expired")]) == set()
    assert waiting([subscribed(), subscribed("C-2")]) == set()
    assert waiting([subscribed()], period=MIDDLE) == set()


def test_who_has_a_charge_of_other_periods_by_now_takes_readings_away_from_the_ledger_that_holds_them():
    names, found = {("A-1", "")}, scope([account(day=15)], [subscribed()], billed_by(), FEBRUARY)
    assert has_found(names, found, here=True)
    assert not has_found(names, found, here=False)
