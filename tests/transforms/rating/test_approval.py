"""The approval of a bill run: what a person has to approve."""

from decimal import Decimal

import pytest

from transforms.catalog.units import Currency
from transforms.rating.approval import to_approve

LIMITED = Currency.model_validate({"approval_above": "100", "approval_change_above": "0.25"})


@pytest.mark.parametrize(
    ("amount", "before", "reason"),
    [
        ("100", "100", None),
        ("100.01", "100", "100.01 EUR is above 100"),
        ("-100.01", "-100", "-100.01 EUR is above 100"),
        ("50", "40", None),  # a quarter more
        ("50.01", "40", "50.01 EUR differs from 40.00 of the period before by more than 25.00 %"),
        ("29.99", "40", "29.99 EUR differs from 40.00 of the period before by more than 25.00 %"),
        ("1", "0", "1.00 EUR differs from 0.00 of the period before by more than 25.00 %"),
        ("0", "0", None),
    ],
)
def test_an_amount_above_the_limit_or_far_from_the_period_before_needs_an_approval(amount, before, reason):
    found = to_approve({"EUR": Decimal(amount)}, {"EUR": Decimal(before)}, {"EUR": LIMITED})
    assert found == ([] if reason is None else [reason])


def test_a_currency_without_limits_needs_none():
    assert to_approve({"EUR": Decimal(10**9)}, {}, {"EUR": Currency()}) == []


def test_currencies_are_judged_one_by_one():
    currencies = {"EUR": LIMITED, "USD": Currency()}
    assert to_approve({"EUR": Decimal(101), "USD": Decimal(10**9)}, {"EUR": Decimal(101)}, currencies) == [
        "101.00 EUR is above 100"
    ]


def test_a_currency_of_which_nothing_was_billed_before_has_changed():
    assert to_approve({"EUR": Decimal(5)}, {}, {"EUR": LIMITED}) == [
        "5.00 EUR differs from 0.00 of the period before by more than 25.00 %"
    ]


def test_a_currency_that_is_billed_no_more_has_changed_and_where_nothing_was_rated_nobody_is_asked():
    currencies = {"EUR": LIMITED, "USD": LIMITED}
    before = {"EUR": Decimal(5), "USD": Decimal(9)}
    assert to_approve({"EUR": Decimal(5)}, before, currencies) == [
        "0.00 USD differs from 9.00 of the period before by more than 25.00 %"
    ]
    assert to_approve({}, before, currencies) == []


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("10", None),  # a quarter of 40
        ("10.01", "accounts change by 10.01 EUR, up or down: more than 25.00 % of the 40.00 billed of the period"),
        ("100.01", "accounts change by 100.01 EUR, up or down, which is above 100"),
    ],
)
def test_a_correction_is_held_against_what_it_corrects(amount, reason):
    found = to_approve({"EUR": Decimal(amount)}, {"EUR": Decimal(40)}, {"EUR": LIMITED}, corrects=True)
    assert found == ([] if reason is None else [reason])
