"""What must hold for the landed readings of a source, seen through their profile: one row per landed file."""

from decimal import Decimal
from functools import partial

import pandas as pd

from expectations.measures import is_finite, measured
from expectations.suite import Expectation, Suite, stop_unless

COUNTS = ("rows", "readings", "quarantined", "left_out")


def suite(quarantine_limit: Decimal) -> Suite:
    """Build the suite of a profile; `quarantine_limit` is the largest tolerable share (0 to 1) of faults.

    The frame has, per landed file: `file_id` (hex text), `uri`, the counts `rows`, `readings`, `quarantined` and
    `left_out`, `at_us_min` and `at_us_max` (microseconds UTC, missing when there are no readings), and
    `quarantined_share` (Decimal), which is of the rows that should be readings.
    Every expectation stops the step: a file that does not add up was landed wrongly, and none of it can be trusted.
    ValueError for a limit outside 0 to 1.
    """
    if not 0 <= quarantine_limit <= 1:
        raise ValueError(f"a quarantine limit is a share between 0 and 1, not {quarantine_limit}")
    return Suite(
        name="readings",
        label="uri",
        columns=("file_id", "uri", *COUNTS, "at_us_min", "at_us_max", "quarantined_share"),
        derive=partial(_derive, quarantine_limit=quarantine_limit),
        expectations=(*_FILES, *_INSTANTS, *_share(quarantine_limit)),
        counted="files",
    )


def _derive(profile: pd.DataFrame, *, quarantine_limit: Decimal) -> pd.DataFrame:
    """Add what the columns are held against: the sum of the parts, and the limit beside each share."""
    has_instants = profile["at_us_min"].notna() & profile["at_us_max"].notna()
    return profile.assign(
        rows_accounted_for=profile["readings"] + profile["quarantined"] + profile["left_out"],
        instants_are_known=(profile["readings"] == 0) | has_instants,
        quarantined_share_is_finite=measured(profile["quarantined_share"], is_finite),
        quarantined_share_is_tolerable=measured(
            profile["quarantined_share"], lambda share: not is_finite(share) or share <= quarantine_limit
        ),
    )


_FILES = (
    stop_unless("a landed file must have an id", "expect_column_values_to_not_be_null", column="file_id"),
    stop_unless("a file must be landed only once", "expect_column_values_to_be_unique", column="file_id"),
    *(
        stop_unless(f"{count} must not be below 0", "expect_column_values_to_be_between", column=count, min_value=0)
        for count in COUNTS
    ),
    stop_unless(
        "rows must equal readings + quarantined + left_out",
        "expect_column_pair_values_to_be_equal",
        column_A="rows",
        column_B="rows_accounted_for",
    ),
)

_INSTANTS = (
    stop_unless(
        "a file with readings must have a first and a last instant",
        "expect_column_values_to_be_in_set",
        column="instants_are_known",
        value_set=[True],
    ),
    stop_unless(
        "the first instant of a file must not lie after its last",
        "expect_column_pair_values_a_to_be_greater_than_b",
        column_A="at_us_max",
        column_B="at_us_min",
        or_equal=True,
        ignore_row_if="either_value_is_missing",
    ),
)


def _share(limit: Decimal) -> tuple[Expectation, ...]:
    return (
        stop_unless(
            "quarantined_share must be a finite decimal number",
            "expect_column_values_to_be_in_set",
            column="quarantined_share_is_finite",
            value_set=[True],
        ),
        stop_unless(
            f"the share of quarantined rows must not exceed {limit}",
            "expect_column_values_to_be_in_set",
            column="quarantined_share_is_tolerable",
            value_set=[True],
        ),
    )
