from decimal import Decimal

import pytest

from transforms.figures import decimals_of, exact_text, shown


@pytest.mark.parametrize(
    ("number", "decimals"), [("1.500000000", 1), ("100", 0), ("1E+3", 0), ("-0.00025", 5), ("0.000000000", 0)]
)
def test_decimals_are_counted_without_the_zeros_at_their_end(number, decimals):
    assert decimals_of(Decimal(number)) == decimals


def test_a_figure_has_the_decimals_that_are_wanted_and_never_loses_one():
    assert shown(Decimal("1234567.5"), 2) == "1,234,567.50"
    assert shown(Decimal("0.00025"), 2) == "0.00025"
    assert shown(Decimal("-1234"), 0) == "-1,234"
    assert shown(Decimal("123456789012345678901.123456789"), 2) == "123,456,789,012,345,678,901.123456789"


def test_a_machine_gets_no_thousands_separators():
    assert exact_text(Decimal("1234567.5"), 2) == "1234567.50"
    assert exact_text(Decimal("1E+3")) == "1000"
