"""Several meters that feed one charge: each is a series of its own, and the charge gets what they come to together."""

from fractions import Fraction

import pytest
from readings_by_hand import Rules, landed, source_of, target, window

from transforms.catalog.meter import Derivation

SECOND = 1_000_000
BOUNDS = (10 * SECOND, 30 * SECOND)
# (meter, second, value); both lead to one charge, whose period is from second 10 until second 30.
READINGS = [("disk-1", 10, "4"), ("disk-2", 12, "10"), ("disk-1", 20, "6"), ("disk-2", 25, "11")]


@pytest.fixture(scope="module")
def together(backend):
    def run(derivation):
        rows = [{"account": meter, "at_us": at * SECOND, "value": value} for meter, at, value in READINGS]
        one = target("A-1", "C-1", BOUNDS)
        scope = {("disk-1", ""): one, ("disk-2", ""): one}
        found = Derivation.model_validate(derivation)
        (row,) = Rules(backend, landed(rows), source_of(), scope, window(*BOUNDS), found).records()
        return (Fraction(row["numerator"]) + Fraction(row["remainder"])) / row["denominator"]

    return run


def test_a_reading_of_one_meter_does_not_end_what_another_holds(together):
    # disk-1: 4 for 10 seconds, 6 for 10; disk-2: 10 for 13 seconds, 11 for 5.
    assert together({"function": "time_weighted_sum", "per": "second"}) == 40 + 60 + 130 + 55


def test_their_average_is_that_of_all_the_time_in_which_any_of_them_holds(together):
    assert together({"function": "time_weighted_average"}) == Fraction(40 + 60 + 130 + 55, 20 + 18)


def test_what_counters_rose_by_is_added_up_and_one_is_never_taken_for_the_restart_of_another(together):
    assert together({"function": "increase"}) == (6 - 4) + (11 - 10)
