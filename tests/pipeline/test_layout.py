from decimal import Decimal

import pytest

from pipeline.layout import table
from transforms.figures import exact_text, plain


@pytest.mark.parametrize(
    ("number", "shown"), [("5.000000000", "5"), ("0.120", "0.12"), ("100", "100"), ("-0.50", "-0.5"), ("1E+3", "1000")]
)
def test_a_number_is_shown_without_the_zeros_of_its_column(number, shown):
    assert plain(Decimal(number)) == shown


@pytest.mark.parametrize(
    ("amount", "decimals", "shown"),
    [
        ("5", 2, "5.00"), ("0.1", 2, "0.10"), ("0.125", 2, "0.125"), ("-3.000", 2, "-3.00"),
        ("1234.000000000", 0, "1234"), ("0.5", 0, "0.5"), ("1234567.5", 3, "1234567.500"),
    ],
)  # fmt: skip
def test_money_has_the_decimals_of_its_currency_at_least_and_all_that_it_has(amount, decimals, shown):
    assert exact_text(Decimal(amount), decimals) == shown


def test_numbers_stand_to_the_right_and_words_to_the_left():
    assert table(("who", "rows"), [("A-1", 5), ("A-20", -12)]) == "  who   rows\n  A-1      5\n  A-20   -12"


def test_a_table_without_rows_says_so():
    assert table(("who",), []) == "  none"
