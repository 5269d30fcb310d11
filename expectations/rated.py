"""What must hold for rated items before a bill run is committed.

A bad item is named with what is wrong about it, and stops the whole run: money is not billed in part. So do two items
of one identity: billing both would bill the same usage twice.
"""

from collections.abc import Collection

import pandas as pd

from expectations.measures import is_finite, measured, microseconds, sign
from expectations.rules import finite, given, known, span
from expectations.suite import Suite, quarantine_unless, stop_unless

TEXTS = ("charge_number", "account_number", "group_key", "currency")
NUMBERS = ("quantity", "amount", "billed_before")


def suite(currencies: Collection[str]) -> Suite:
    """Build the suite of rated items; `currencies` are the codes that the catalog knows.

    The frame has `charge_number`, `account_number`, `group_key` (text; empty where a charge has a single group),
    `quantity`, `amount` (due in this run) and `billed_before` (both in `currency`) as Decimals, `currency`, and
    `period_start` and `period_end` (datetimes with a time zone, half-open). ValueError when no currency is known.
    """
    if not currencies:
        raise ValueError("a suite of rated items needs at least one currency")
    return Suite(
        name="rated",
        label="charge_number",
        columns=(*TEXTS, *NUMBERS, "period_start", "period_end"),
        derive=_derive,
        expectations=(
            *_IDENTITY,
            *given(TEXTS),
            known("currency", currencies, "known to the catalog"),
            *_NUMBERS,
            *span("period_start", "period_end"),
        ),
    )


def _derive(items: pd.DataFrame) -> pd.DataFrame:
    """Add what was billed in total for the period, and the period in integer microseconds."""
    return items.assign(
        **{f"{column}_is_finite": measured(items[column], is_finite) for column in NUMBERS},
        amount_total_sign=_total_sign(items),
        start_us=measured(items["period_start"], microseconds),
        end_us=measured(items["period_end"], microseconds),
    )


def _total_sign(items: pd.DataFrame) -> "pd.Series[int]":
    """Give the sign of amount + billed_before; None where one of them is no finite Decimal and refused for that."""
    pairs = zip(items["amount"], items["billed_before"], strict=True)
    signs = [sign(amount + before) if is_finite(amount) and is_finite(before) else None for amount, before in pairs]
    return pd.Series(signs, index=items.index, dtype=object)


_IDENTITY = (
    stop_unless(
        "there must be one item per charge, group and period",
        "expect_compound_columns_to_be_unique",
        column_list=["charge_number", "group_key", "start_us"],
        ignore_row_if="any_value_is_missing",
    ),
)

_NUMBERS = (
    *finite(NUMBERS),
    quarantine_unless(
        "amount + billed_before must not be below 0",
        "expect_column_values_to_be_in_set",
        column="amount_total_sign",
        value_set=[0, 1],
    ),
)
