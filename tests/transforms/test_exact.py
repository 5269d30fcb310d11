import decimal
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.exact import Rounding, round_exact

TWINS = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.UP: decimal.ROUND_UP,
    Rounding.DOWN: decimal.ROUND_DOWN,
}


@pytest.mark.parametrize(
    ("mode", "rounded"),
    [(Rounding.HALF_UP, "0.13"), (Rounding.HALF_EVEN, "0.12"), (Rounding.UP, "0.13"), (Rounding.DOWN, "0.12")],
)
def test_half_a_cent_goes_where_the_mode_says(mode, rounded):
    assert round_exact(Decimal("0.125"), 2, mode) == Decimal(rounded)
    assert round_exact(Decimal("-0.125"), 2, mode) == -Decimal(rounded)


def test_a_third_is_rounded_once_and_not_on_the_way():
    assert round_exact(Fraction(1, 3), 4, Rounding.UP) == Decimal("0.3334")
    assert round_exact(Fraction(2, 3), 0, Rounding.HALF_UP) == 1


def test_a_rounded_value_always_carries_its_decimal_places():
    assert str(round_exact(5, 2, Rounding.HALF_UP)) == "5.00"
    assert str(round_exact(Decimal(0), 2, Rounding.UP)) == "0.00"


def test_what_rounds_to_nothing_is_a_zero_without_sign():
    assert str(round_exact(Decimal("-0.001"), 2, Rounding.DOWN)) == "0.00"


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6), st.integers(0, 9), st.sampled_from(list(Rounding)))
def test_every_mode_agrees_with_the_decimal_module(value, decimals, mode):
    assert round_exact(value, decimals, mode) == value.quantize(Decimal(1).scaleb(-decimals), TWINS[mode])


@given(st.fractions(), st.integers(0, 9), st.sampled_from(list(Rounding)))
def test_rounding_never_moves_a_value_by_a_whole_last_place(value, decimals, mode):
    distance = abs(Fraction(round_exact(value, decimals, mode)) - value) * 10**decimals
    assert distance < 1
    if mode in (Rounding.HALF_UP, Rounding.HALF_EVEN):
        assert distance <= Fraction(1, 2)
