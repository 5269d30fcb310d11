"""The scope says whose readings are, and why some are nobody's."""

import pytest
from readings_by_hand import Rules, landed, source_of, target, window

from transforms.catalog.meter import Derivation

DEFAULT = window(10, 20)


@pytest.mark.parametrize("refusal", ["account_not_active", "no_charge", "ambiguous_charge", "charge_not_active"])
def test_a_refusal_is_the_reason_in_the_ledger(backend, refusal):
    scope = {("A-1", ""): target("A-1", "", (10, 20), (0, 0), refusal)}
    rows = landed([{"account": "A-1", "at_us": at} for at in (9, 10, 19, 20)])
    found = Rules(backend, rows, source_of(), scope, DEFAULT, Derivation(function="count"))
    assert (found.records(), found.ledger()) == ([], {("quarantined", refusal): 2})


def test_readings_of_an_account_that_has_another_period_are_none_of_this_one(backend):
    scope = {("A-1", ""): target("A-1", "", (0, 0), (0, 0), "other_period")}
    rows = landed([{"account": "A-1", "at_us": at} for at in (10, 15)] + [{"account": "A-9", "at_us": 15}])
    found = Rules(backend, rows, source_of(), scope, DEFAULT, Derivation(function="count"))
    assert (found.records(), found.ledger()) == ([], {("quarantined", "unknown_account"): 1})


def test_readings_of_two_tenants_of_one_charge_make_one_record(backend):
    scope = dict.fromkeys([("t-1", ""), ("t-2", "")], target("A-1", "C-1", (10, 20)))
    rows = landed([{"account": name, "at_us": 15, "value": value} for name, value in (("t-1", "1"), ("t-2", "2"))])
    found = Rules(backend, rows, source_of("exact"), scope, DEFAULT, Derivation(function="sum"))
    assert (found.exact(), found.ledger()) == ({("C-1",): 3}, {("used", ""): 2})
