"""What must hold for usage records before they are loaded: the rules of the billing platform, record by record.

A record that the platform would refuse is quarantined here, because the platform refuses a whole file for one bad row.
Two records of one identity stop the step: nothing tells which of the two is right.
"""

from collections.abc import Collection
from typing import Any

import pandas as pd

from expectations.measures import decimal_places, is_finite, measured, microseconds, sign, whole_digits
from expectations.rules import finite, given, known, span
from expectations.suite import Expectation, Suite, quarantine_unless, stop_unless
from transforms.limits import DECIMALS_MAX, DESCRIPTION_LENGTH_MAX, WHOLE_DIGITS_MAX

REQUIRED = ("account_number", "charge_number", "charge", "uom", "readings")
OPTIONAL = ("subscription_number", "description")
OTHERS = ("quantity", "start_at", "end_at", "negative_allowed")
# The identifiers of the platform and their longest lengths, in characters.
IDENTIFIERS = {"account_number": 50, "charge_number": 50, "subscription_number": 100}


def suite(units: Collection[str]) -> Suite:
    """Build the suite of usage records; `units` are the known units of measure, aliases not among them.

    The frame has `record_key` (64 hex digits, of the charge, its start and what its usage is grouped by),
    `account_number`, `subscription_number`, `charge_number`, `charge`, `uom` (text), `quantity` (Decimal, in `uom`),
    `start_at` and `end_at` (datetimes with a time zone, half-open), `description` (text or missing), `readings` (count)
    and `negative_allowed` (whether it may be below 0). ValueError when no unit is known.
    """
    if not units:
        raise ValueError("a usage suite needs at least one unit of measure")
    return Suite(
        name="usage",
        label="charge_number",
        columns=("record_key", *REQUIRED, *OPTIONAL, *OTHERS),
        derive=_derive,
        expectations=(
            *_IDENTITY,
            *given(REQUIRED),
            *_TEXTS,
            known("uom", units, "a known unit of measure"),
            *_QUANTITY,
            *span("start_at", "end_at"),
        ),
    )


def _derive(usage: pd.DataFrame) -> pd.DataFrame:
    """Add the measures of the quantity, and the period in integer microseconds."""
    quantity = usage["quantity"]
    return usage.assign(
        quantity_is_finite=measured(quantity, is_finite),
        quantity_sign=_signs(usage),
        quantity_whole_digits=measured(quantity, whole_digits),
        quantity_decimals=measured(quantity, decimal_places),
        start_us=measured(usage["start_at"], microseconds),
        end_us=measured(usage["end_at"], microseconds),
    )


def _signs(usage: pd.DataFrame) -> "pd.Series[Any]":
    """Give the sign of each quantity; 0 for one that may be below 0 and comes off the other usage of its charge."""
    signs, lowering = measured(usage["quantity"], sign), usage[usage["negative_allowed"].astype(bool)]
    if not lowering.empty:
        added = usage[usage["charge_number"].isin(lowering["charge_number"])]
        left = lowering["charge_number"].map(added.groupby("charge_number")["quantity"].sum())
        signs[lowering.index[left >= 0]] = 0
    return signs


_IDENTITY = (
    stop_unless("a record must have a key", "expect_column_values_to_not_be_null", column="record_key"),
    stop_unless(
        "a record key must be 64 hexadecimal digits",
        "expect_column_values_to_match_regex",
        column="record_key",
        regex="^[0-9a-f]{64}$",
    ),
    stop_unless("a record key must occur once", "expect_column_values_to_be_unique", column="record_key"),
)


def _identifier(column: str, length_max: int) -> tuple[Expectation, Expectation]:
    """Allow the characters that mean nothing to a spreadsheet, a CSV reader or a path."""
    return (
        quarantine_unless(
            f"{column} must consist of letters, digits, '-', '_' and '.'",
            "expect_column_values_to_not_match_regex",
            column=column,
            regex="[^A-Za-z0-9._-]",
        ),
        quarantine_unless(
            f"{column} must have 1 to {length_max} characters",
            "expect_column_value_lengths_to_be_between",
            column=column,
            min_value=1,
            max_value=length_max,
        ),
    )


_TEXTS = (
    *(expectation for column, length in IDENTIFIERS.items() for expectation in _identifier(column, length)),
    quarantine_unless(
        f"description must have at most {DESCRIPTION_LENGTH_MAX} characters",
        "expect_column_value_lengths_to_be_between",
        column="description",
        max_value=DESCRIPTION_LENGTH_MAX,
    ),
)


_QUANTITY = (
    *finite(["quantity"]),
    quarantine_unless(
        "quantity must not be below 0", "expect_column_values_to_be_in_set", column="quantity_sign", value_set=[0, 1]
    ),
    quarantine_unless(
        f"quantity must have at most {WHOLE_DIGITS_MAX} digits before the decimal point",
        "expect_column_values_to_be_between",
        column="quantity_whole_digits",
        max_value=WHOLE_DIGITS_MAX,
    ),
    quarantine_unless(
        f"quantity must have at most {DECIMALS_MAX} decimals",
        "expect_column_values_to_be_between",
        column="quantity_decimals",
        max_value=DECIMALS_MAX,
    ),
    quarantine_unless(
        "readings must not be below 0", "expect_column_values_to_be_between", column="readings", min_value=0
    ),
)
