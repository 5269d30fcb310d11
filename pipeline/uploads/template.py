"""The template of a usage file: its header, and one row to be replaced."""

import csv
import io
from collections.abc import Iterable

from transforms.upload.columns import Column

EXAMPLE = {Column.ACCOUNT: "A00000001", Column.QUANTITY: "1.5", Column.START: "2025-01-31"}


def template(units: Iterable[str], custom_fields: Iterable[str]) -> bytes:
    """Give a CSV file in UTF-8 with all columns and an example row, in the first unit of measure."""
    names = [*Column, *(name.upper() for name in custom_fields)]
    example = EXAMPLE | {Column.UOM: next(iter(units), "")}
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, [example.get(name, "") for name in names]])
    return text.getvalue().encode()
