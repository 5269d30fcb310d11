"""Which charge a reading belongs to, where a lookup table says what its source calls whom."""

from scopes import FEBRUARY, account, billed_by, rows, subscribed

from transforms.quantities.scope import LookupRow, scope


def looked_up(*lines):
    return [LookupRow(*line.split()) for line in lines]


def test_a_lookup_turns_what_a_source_calls_its_tenants_into_accounts_and_charges():
    charges = [subscribed(), subscribed("C-2", "S-2"), subscribed("C-3", "S-3", "A-2")]
    found = rows(charges, [account(), account("A-2")], lookup=looked_up("t-1 A-1 S-1", "t-2 A-1 S-2 C-2", "t-3 A-2"))
    by_key = {key: charge for (key, subscription), charge in found.items() if not subscription}
    assert by_key == {"t-1": "C-1", "t-2": "C-2", "t-3": "C-3"}


def test_several_tenants_of_one_charge_lead_to_one_target():
    found = scope([account()], [subscribed()], billed_by(), FEBRUARY, looked_up("t-1 A-1", "t-2 A-1"))
    assert found["t-1", ""] == found["t-2", ""]
    assert found["t-1", ""].charge_number == "C-1"


def test_with_a_lookup_the_accounts_own_numbers_mean_nothing():
    assert ("A-1", "") not in rows([subscribed()], lookup=looked_up("t-1 A-1"))
    assert rows([subscribed()], lookup=[]) == {}


def test_a_tenant_of_an_account_that_nobody_knows_has_no_row():
    assert rows([subscribed()], lookup=looked_up("t-1 A-1", "t-9 A-9")).keys() == {("t-1", ""), ("t-1", "S-1")}


def test_a_subscription_that_a_reading_names_must_fit_its_tenants_row():
    found = rows([subscribed(), subscribed("C-2", "S-2")], lookup=looked_up("t-1 A-1 S-1"))
    assert found == {("t-1", ""): "C-1", ("t-1", "S-1"): "C-1"}


def test_a_tenants_row_that_fits_no_charge_is_refused_as_such():
    assert rows([subscribed()], lookup=looked_up("t-1 A-1 S-7")) == {("t-1", ""): "no_charge"}
    assert rows([subscribed()], lookup=looked_up("t-1 A-1 S-1 C-7")) == {("t-1", ""): "no_charge"}


def test_a_row_that_leaves_the_charge_open_is_ambiguous_where_there_are_two():
    two = [subscribed(), subscribed("C-2", "S-2")]
    assert rows(two, lookup=looked_up("t-1 A-1"))["t-1", ""] == "ambiguous_charge"
    # One row for each, and it is open again which one a reading means.
    assert rows(two, lookup=looked_up("t-1 A-1 S-1", "t-1 A-1 S-2"))["t-1", ""] == "ambiguous_charge"


def test_one_key_with_a_row_for_each_meters_charge_finds_the_one_that_is_billed_here():
    charges = [subscribed(), subscribed("C-2", "S-1", charge="traffic")]
    assert rows(charges, lookup=looked_up("t-1 A-1 S-1 C-2", "t-1 A-1 S-1 C-1"))["t-1", ""] == "C-1"


def test_a_row_that_stands_there_twice_makes_nothing_ambiguous():
    assert rows([subscribed()], lookup=looked_up("t-1 A-1", "t-1 A-1 S-1"))["t-1", ""] == "C-1"
