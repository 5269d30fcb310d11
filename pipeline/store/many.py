"""Many values in one parameter: PostgreSQL takes 65,535 of them in a statement."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY


def among(column: sa.ColumnElement[Any], values: Collection[str]) -> sa.ColumnElement[bool]:
    """Tell whether a column holds one of these texts."""
    return column == sa.any_(sa.literal(list(values), ARRAY(sa.Text)))


def numbered(column: sa.Column[int], numbers: Collection[int]) -> sa.ColumnElement[bool]:
    """Tell whether a column holds one of these numbers."""
    return column == sa.any_(sa.literal(list(numbers), ARRAY(sa.BigInteger)))
