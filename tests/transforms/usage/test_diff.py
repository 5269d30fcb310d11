"""A diff says how much of what is held would move, and whether a person must say yes."""

from decimal import Decimal
from fractions import Fraction

import pytest

from transforms.usage.diff import Diff, Part

HUNDRED = Part(10, Decimal(100), Decimal(100), Decimal(0))


def _moved(before, after):
    return Part(1, Decimal(before), Decimal(after), abs(Decimal(after) - Decimal(before)))


def test_changes_up_and_down_do_not_cancel_out():
    moved = Part(2, Decimal(20), Decimal(20), Decimal(10))  # one up by 5, one down by 5
    assert Diff("kwh", {"changed": moved}).share == Fraction(1, 2)


def test_what_is_added_moves_nothing_that_is_held():
    assert Diff("kwh", {"added": _moved(0, 1000), "same": HUNDRED}).share == 0


@pytest.mark.parametrize(("above", "asked"), [(None, False), ("0.1", False), ("0.0999", True), ("0", True)])
def test_an_approval_is_needed_above_the_meters_limit(above, asked):
    found = Diff("kwh", {"changed": _moved(10, 20), "same": Part(9, Decimal(90), Decimal(90), Decimal(0))})
    assert found.needs_approval(None if above is None else Decimal(above)) is asked


def test_nothing_changes_when_all_is_the_same():
    assert not Diff("kwh", {"same": HUNDRED}).changes
    assert Diff("kwh", {"removed": _moved(1, 0)}).changes


def test_a_correction_of_zero_usage_is_all_of_it():
    assert Diff("kwh", {"changed": _moved(0, 5)}).share == 1
