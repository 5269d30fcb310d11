"""What a database gives, as the text it would write itself: every digit, and no other type of number on the way."""

from datetime import date, datetime, time
from decimal import Decimal
from uuid import UUID


def scalar(value: object) -> str | bool | None:
    """Turn a value into text, instants into ISO 8601; a truth and nothing stay. TypeError for what is no scalar."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date | time):  # a datetime keeps its offset, where it has one
        return value.isoformat()
    if isinstance(value, int | float | UUID):  # a float is written with as many digits as tell it from every other
        return str(value)
    raise TypeError(f"a value of type {type(value).__name__} is no scalar")
