"""Plain measures of single values, for expectations to hold bounds against.

Great Expectations turns its bounds into binary floats and takes a Decimal NaN for a missing value. So it never compares
quantities or money itself: it sees small integers measured here, which are exact in every type.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from transforms.figures import decimals_of
from transforms.period import micros


# `Any`: a cell of an object column can hold anything, and telling so is what the measures are for.
def measured(column: "pd.Series[Any]", measure: Callable[[Any], int | bool | None]) -> "pd.Series[Any]":
    """Measure every value of a column; integers stay Python integers, also beside None."""
    return pd.Series([measure(value) for value in column], index=column.index, dtype=object)


def is_finite(value: object) -> bool:
    """Tell whether a value is a Decimal with a value: not missing, not NaN, not infinite, no float."""
    return isinstance(value, Decimal) and value.is_finite()


def sign(value: object) -> int | None:
    """Give -1, 0 or 1; None when the value is no finite Decimal."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    return (value > 0) - (value < 0)


def whole_digits(value: object) -> int | None:
    """Count the digits before the decimal point (0 for 0.5); None when the value is no finite Decimal."""
    if not isinstance(value, Decimal) or not value.is_finite():
        return None
    return max(value.adjusted() + 1, 0) if value else 0


def decimal_places(value: object) -> int | None:
    """Count the digits after the decimal point that carry value (1 for 0.50); None when it is no finite Decimal."""
    return decimals_of(value) if isinstance(value, Decimal) and value.is_finite() else None


def microseconds(value: object) -> int | None:
    """Give an instant in microseconds since 1970 UTC; None when it is missing or has no time zone."""
    if not isinstance(value, datetime) or value.tzinfo is None:
        return None
    return micros(value)
