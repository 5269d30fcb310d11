"""The watermark of a query: the highest value that came so far of a column that only ever grows."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import TypeAlias

import sqlalchemy as sa

from pipeline.sources.scalars import scalar
from pipeline.sources.unavailable import AnswerError

Mark: TypeAlias = Decimal | datetime | date | str


class Watermark:
    """The highest value of a column, as text, from the one on that was reached before."""

    def __init__(self, column: str, after: str) -> None:
        """Start above `after`."""
        self.text = after
        self._column = column
        self._after: Mark | None = None
        self._highest: Mark | None = None

    def watched(self, rows: Iterable[sa.RowMapping]) -> Iterator[sa.RowMapping]:
        """Let rows through; AnswerError when a value is empty, not above the start, or not to be compared."""
        for row in rows:
            if self._column not in row:
                raise AnswerError(f"the query gives no column {self._column!r}, which is the watermark")
            try:
                self._see(row[self._column])
            except ValueError as error:
                raise AnswerError(f"the watermark {self._column!r}: {error}") from error
            yield row

    def _see(self, value: object) -> None:
        mark = _mark(value)
        if self._after is None:
            self._after = _like(mark, self.text)
        if not _above(mark, self._after):
            raise ValueError(f"{scalar(value)} came although only what is above {scalar(self._after)} was asked for")
        if self._highest is None or _above(mark, self._highest):
            self._highest, self.text = mark, str(scalar(value))


def _mark(value: object) -> Mark:
    """Numbers compare as numbers, instants as instants, ISO 8601 stamps that are kept as text compare as text."""
    if isinstance(value, Decimal | int) and not isinstance(value, bool) and Decimal(value).is_finite():
        return Decimal(value)
    if isinstance(value, date):  # every datetime is one
        return value
    if isinstance(value, str) and _is_stamp(value):
        return value
    found = "it is empty" if value is None else f"{value!r} ({type(value).__name__}) has no order to trust"
    raise ValueError(f"{found}; give a whole number, a decimal or an instant, none of them empty")


def _is_stamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _like(mark: Mark, text: str) -> Mark:
    """Read the watermark that was reached before as the type of those that come now."""
    try:
        if isinstance(mark, Decimal):
            return Decimal(text)
        if isinstance(mark, str):
            return text
        return type(mark).fromisoformat(text)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"{scalar(mark)} cannot be compared with {text!r}, from which on it was asked") from error


def _above(mark: Mark, other: Mark) -> bool:
    try:
        return mark > other  # type: ignore[operator]  # types that do not compare raise, and are refused here
    except TypeError as error:
        raise ValueError(f"{scalar(mark)} cannot be compared with {scalar(other)}: write both in one way") from error
