"""What must hold of records at more than one border: what is given, what is a number, and where a span of time ends."""

from collections.abc import Collection, Iterable

from expectations.suite import Expectation, quarantine_unless


def given(columns: Iterable[str]) -> tuple[Expectation, ...]:
    """Ask for a value in each of these columns."""
    return tuple(
        quarantine_unless(f"{column} must be given", "expect_column_values_to_not_be_null", column=column)
        for column in columns
    )


def known(column: str, words: Collection[str], what: str) -> Expectation:
    """Ask for one of these words in a column; `what` says what they are."""
    return quarantine_unless(
        f"{column} must be {what}",
        "expect_column_values_to_be_in_set",
        column=column,
        value_set=sorted(words),
    )


def finite(columns: Iterable[str]) -> tuple[Expectation, ...]:
    """Ask for a number in each of these columns, which is measured beside it in `<column>_is_finite`."""
    return tuple(
        quarantine_unless(
            f"{column} must be a finite decimal number",
            "expect_column_values_to_be_in_set",
            column=f"{column}_is_finite",
            value_set=[True],
        )
        for column in columns
    )


def span(start: str, end: str) -> tuple[Expectation, ...]:
    """Ask for a span of time, half-open, between two columns, which is measured in `start_us` and `end_us`."""
    return (
        *(
            quarantine_unless(
                f"{name} must be given with a time zone", "expect_column_values_to_not_be_null", column=measured
            )
            for name, measured in ((start, "start_us"), (end, "end_us"))
        ),
        quarantine_unless(
            f"{start} must lie before {end}",
            "expect_column_pair_values_a_to_be_greater_than_b",
            column_A="end_us",
            column_B="start_us",
            ignore_row_if="either_value_is_missing",
        ),
    )
