from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from expectations import rated
from pipeline.usage.validate import validate

SUITE = rated.suite(["EUR", "JPY"])
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 2, 1, tzinfo=UTC)


def _items(**changed):
    """Two items of different charges; `changed` replaces cells of the first."""
    first = {
        "charge_number": "C-1",
        "account_number": "A-1",
        "group_key": "",
        "quantity": Decimal(10),
        "amount": Decimal("2.50"),
        "billed_before": Decimal(0),
        "currency": "EUR",
        "period_start": START,
        "period_end": END,
    }
    return pd.DataFrame([{**first, **changed}, {**first, "charge_number": "C-2"}], dtype=object)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"amount": Decimal(0)},
        {"amount": Decimal("-2.50"), "billed_before": Decimal("2.50")},
        {"currency": "JPY"},
        {"charge_number": "C-2", "group_key": "2025-01-07"},
        {"charge_number": "C-2", "period_start": datetime(2024, 12, 1, tzinfo=UTC)},
    ],
)
def test_an_item_that_bills_what_is_owed_passes(tmp_path, changed):
    verdict = validate(_items(**changed), SUITE, tmp_path, "rated")
    assert (verdict.passed, verdict.reasons, verdict.failures) == (True, {}, ())


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"charge_number": None}, "charge_number must be given"),
        ({"account_number": None}, "account_number must be given"),
        ({"group_key": None}, "group_key must be given"),
        ({"currency": None}, "currency must be given"),
        ({"currency": "eur"}, "currency must be known to the catalog"),
        ({"quantity": None}, "quantity must be a finite decimal number"),
        ({"amount": Decimal("NaN")}, "amount must be a finite decimal number"),
        ({"amount": 2.5}, "amount must be a finite decimal number"),
        ({"billed_before": Decimal("Infinity")}, "billed_before must be a finite decimal number"),
        ({"amount": Decimal("-0.01")}, "amount + billed_before must not be below 0"),
        ({"amount": Decimal("-2.51"), "billed_before": Decimal("2.50")}, "amount + billed_before must not be below 0"),
        ({"period_start": None}, "period_start must be given with a time zone"),
        ({"period_end": None}, "period_end must be given with a time zone"),
        ({"period_end": START}, "period_start must lie before period_end"),
    ],
)
def test_a_bad_item_is_quarantined_and_the_others_are_billed(tmp_path, changed, reason):
    verdict = validate(_items(**changed), SUITE, tmp_path, "rated")
    assert verdict.passed
    assert verdict.reasons == {0: f"expectation: {reason}"}


def test_two_items_of_one_charge_group_and_period_stop_the_bill_run(tmp_path):
    verdict = validate(_items(charge_number="C-2"), SUITE, tmp_path, "rated")
    assert verdict.failures == (
        "there must be one item per charge, group and period: not so in 2 of 2 rows (C-2, C-2)",
    )
    assert verdict.reasons == {}


def test_a_suite_without_any_currency_is_refused():
    with pytest.raises(ValueError, match="at least one currency"):
        rated.suite([])
