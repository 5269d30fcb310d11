"""From the cells of a row to what they mean, with everything that is wrong about them."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal

from transforms.figures import plain
from transforms.identity import digest
from transforms.limits import DESCRIPTION_LENGTH_MAX
from transforms.upload.cells import WrongCellError, read_custom, read_quantity, read_text
from transforms.upload.columns import Column, Header
from transforms.upload.custom_field import CustomField
from transforms.upload.dates import Locale, read_date
from transforms.upload.reasons import Problem, Reason

NAME_MAX, KEY_MAX = 100, 254
TEXTS = {
    Column.ACCOUNT: (NAME_MAX, Reason.TEXT_TOO_LONG),
    Column.UOM: (NAME_MAX, Reason.TEXT_TOO_LONG),
    Column.SUBSCRIPTION: (NAME_MAX, Reason.TEXT_TOO_LONG),
    Column.CHARGE: (NAME_MAX, Reason.TEXT_TOO_LONG),
    Column.PRODUCT_CHARGE: (NAME_MAX, Reason.TEXT_TOO_LONG),
    Column.DESCRIPTION: (DESCRIPTION_LENGTH_MAX, Reason.DESCRIPTION_TOO_LONG),
    Column.UNIQUE_KEY: (KEY_MAX, Reason.UNIQUE_KEY_TOO_LONG),
}
MISSING = {
    Column.ACCOUNT: Reason.ACCOUNT_MISSING,
    Column.UOM: Reason.UOM_MISSING,
    Column.QUANTITY: Reason.QUANTITY_MISSING,
    Column.START: Reason.START_MISSING,
}
MALFORMED = {Column.START: Reason.START_MALFORMED, Column.END: Reason.END_MALFORMED}
STANDARD = frozenset(Column)
UNDECLARED = CustomField()


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is meant; what is missing or wrong is empty or None.

    `canonical` is a hash of all that it says, equal for equal usage however it is written. Dates without an offset are
    the account's clock's.
    """

    number: int
    line: int
    canonical: str
    texts: Mapping[Column, str]
    quantity: Decimal | None = None
    start: datetime | None = None
    end: datetime | None = None
    custom_fields: Mapping[str, str] = field(default_factory=dict)

    def text(self, column: Column) -> str:
        """Give the text of a column; empty where there is none."""
        return self.texts.get(column, "")


class Reader:
    """Reads the rows of one table."""

    def __init__(
        self, header: Header, declared: Mapping[str, CustomField], locale: Locale, *, negative: bool = False
    ) -> None:
        """Read by a legible header; `negative` lets quantities be below zero."""
        self._columns = header.columns
        self._declared = declared
        custom = {name: Reason.CUSTOM_MISSING for name, each in declared.items() if each.required}
        self._required: dict[str, Reason] = {str(column): code for column, code in MISSING.items()} | custom
        self._locale = locale
        self._negative = negative

    def read(self, number: int, line: int, cells: Sequence[str]) -> tuple[Row, list[Problem]]:
        """Read the row of this number; `line` is where it begins in the file."""
        wrong = self._ragged(cells) if any(cells) else Reason.ROW_EMPTY
        if wrong:
            found = None if wrong is Reason.ROW_EMPTY else f"{len(cells)} fields"
            row = Row(number, line, digest("unreadable", *cells), {})
            return row, [Problem(wrong, found=found, row=number, line=line)]
        return _Cells(self, number, line).row(cells)

    def _ragged(self, cells: Sequence[str]) -> Reason | None:
        count = len(self._columns)
        fits = len(cells) == count or (len(cells) > count and not any(map(str.strip, cells[count:])))
        return None if fits else Reason.ROW_RAGGED

    def pairs(self, cells: Sequence[str]) -> dict[Column | str, str]:
        """Give the cells that hold anything, without blanks around it, by their column."""
        pairs = zip(self._columns, cells, strict=False)
        return {column: found for column, text in pairs if column and text and (found := text.strip(" "))}

    def missing(self, texts: Mapping[Column | str, str]) -> list[tuple[str, Reason]]:
        """List the columns that need a value and have none."""
        return [(name, code) for name, code in self._required.items() if name not in texts]

    def quantity(self, text: str) -> Decimal:
        """Read a quantity, which may be below zero only where that was said."""
        quantity = read_quantity(text)
        if quantity < 0 and not self._negative:
            raise WrongCellError(Reason.QUANTITY_NEGATIVE)
        return quantity

    def custom(self, name: str, text: str) -> str:
        """Read the value of a custom field."""
        return read_custom(text, self._declared.get(name, UNDECLARED), self._locale)

    def date(self, column: Column, text: str) -> datetime:
        """Read a date in the declared locale."""
        try:
            return read_date(text, self._locale)
        except ValueError as error:
            raise WrongCellError(MALFORMED[column], f"dates are declared as {self._locale}") from error


class _Cells:
    """One row on its way: what was understood, and what was not."""

    def __init__(self, reader: Reader, number: int, line: int) -> None:
        self._reader = reader
        self._number, self._line = number, line
        self._problems: list[Problem] = []
        self._canonical: dict[str, str] = {}

    def row(self, cells: Sequence[str]) -> tuple[Row, list[Problem]]:
        """Read all cells."""
        found = self._reader.pairs(cells)
        for name, code in self._reader.missing(found):
            self._problems.append(Problem(code, name, None, self._number, self._line))
        texts = {column: self._text(column, found[column]) for column in TEXTS if column in found}
        quantity = self._quantity(found.get(Column.QUANTITY))
        start, end = (self._date(column, found.get(column)) for column in (Column.START, Column.END))
        custom = {name: self._custom(name, text) for name, text in found.items() if name not in STANDARD}
        parts = [part for pair in sorted(self._canonical.items()) for part in pair]
        row = Row(self._number, self._line, digest(*parts), texts, quantity, start, end, custom)
        return row, self._problems

    def _wrong(self, column: str, text: str, error: WrongCellError) -> None:
        """Tell why a cell means nothing; in the content it counts as it was sent."""
        self._problems.append(Problem(error.reason, column, text, self._number, self._line, error.also))
        self._canonical[column.upper()] = text

    def _text(self, column: Column, text: str) -> str:
        length, too_long = TEXTS[column]
        try:
            found = read_text(text, length, too_long)
        except WrongCellError as error:
            self._wrong(column, text, error)
            return ""
        self._canonical[column] = found
        return sys.intern(found) if length == NAME_MAX else found  # the same few names stand in every row

    def _quantity(self, text: str | None) -> Decimal | None:
        if text is None:
            return None
        try:
            found = self._reader.quantity(text)
        except WrongCellError as error:
            self._wrong(Column.QUANTITY, text, error)
            return None
        self._canonical[Column.QUANTITY] = plain(found)
        return found

    def _date(self, column: Column, text: str | None) -> datetime | None:
        if text is None:
            return None
        try:
            found = self._reader.date(column, text)
        except WrongCellError as error:
            self._wrong(column, text, error)
            return None
        self._canonical[column] = (found if found.tzinfo is None else found.astimezone(UTC)).isoformat()
        return found

    def _custom(self, name: str, text: str) -> str:
        # What the catalog declares of a field must not change what content is: it counts as it was sent.
        self._canonical[name.upper()] = text
        try:
            return self._reader.custom(name, text)
        except WrongCellError as error:
            self._wrong(name, text, error)
            return ""


def content_hash(canonicals: Sequence[str], header: Header, names: Sequence[str]) -> str:
    """Hash what a table says, whatever the order of its rows and columns; a wrong header counts as it stands."""
    wrong = digest(*names) if header.problems else ""
    return digest("upload", wrong, *sorted(canonicals))


def record_keys(rows: Sequence[Row], content: str) -> list[str]:
    """Name the record of each row: by the sender's unique key, else by the content and its place in it."""
    places = {place: rank for rank, place in enumerate(sorted(range(len(rows)), key=lambda at: rows[at].canonical))}
    keys = (row.text(Column.UNIQUE_KEY) for row in rows)
    return [
        digest("unique key", key) if key else digest("upload", content, str(places[at])) for at, key in enumerate(keys)
    ]
