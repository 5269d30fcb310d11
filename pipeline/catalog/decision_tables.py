"""Decision tables beside the charges of the catalog: CSV files, a line for each price, or for each tier of a row."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.catalog.documents import CatalogError, Document, open_csv
from transforms.catalog.decision_table import DecisionRow

NEEDED = ("effective", "price")
OF_ROW = ("effective", "adjustment", "subscription")
OF_PRICE = ("price", "minimum", "maximum")
BOUND = "up_to"  # the column that makes a file one of tiers
OF_TIER = (BOUND, "flat", *OF_PRICE)


@dataclass(frozen=True)
class TableLine:
    """A line of a file: its number, and what stands in its columns."""

    number: int
    cells: dict[str, str]

    def given(self, names: Sequence[str]) -> dict[str, str]:
        """Take these columns; what is left blank is not given."""
        return {name: self.cells[name] for name in names if self.cells.get(name)}

    @property
    def attributes(self) -> dict[str, str]:
        """Take the columns that not every table has."""
        return {name: text for name, text in self.cells.items() if name not in (*OF_ROW, *OF_TIER)}

    @property
    def row(self) -> tuple[str, ...]:
        """What is the same in all lines of one row."""
        return (*self.attributes.values(), self.cells["effective"], self.cells.get("subscription", ""))


def with_table(document: Document) -> Document:
    """Put the rows of the CSV file that a charge names as its table in the place of its name.

    CatalogError where the file is not there, or lists what is wrong in it, each with its line.
    """
    pricing = document.data.get("pricing") if isinstance(document.data, dict) else None
    if not isinstance(pricing, dict) or not isinstance(name := pricing.get("table"), str):
        return document
    path = document.path.parent / name
    if path.name != name or not path.is_file():
        place = ("pricing", "table")
        raise CatalogError([document.problem(place, f"pricing.table: there is no file {name!r} beside this one")])
    return replace(document, data={**document.data, "pricing": {**pricing, "table": _read(path)}})


def _read(path: Path) -> list[DecisionRow]:
    problems: list[str] = []
    with open_csv(path) as reader:
        names = _columns(path, reader)
        lines = list(_lines(path, reader, problems))
    rows = list(_rows(path, lines, problems, in_tiers=BOUND in names))
    if problems:
        raise CatalogError(problems)
    return rows


def _columns(path: Path, reader: "csv.DictReader[str]") -> list[str]:
    names = list(reader.fieldnames or [])
    if len({*names, *NEEDED}) != len(names):
        raise CatalogError([f"{path}:1: the columns must be different ones, {' and '.join(NEEDED)} among them"])
    if "flat" in names and BOUND not in names:
        raise CatalogError([f"{path}:1: the column flat is one of tiers, which need the column {BOUND} too"])
    return names


def _lines(path: Path, reader: "csv.DictReader[str]", problems: list[str]) -> Iterator[TableLine]:
    for cells in reader:
        if None in cells or None in cells.values():
            problems.append(f"{path}:{reader.line_num}: the row must have {len(reader.fieldnames or [])} fields")
        else:
            yield TableLine(reader.line_num, cells)


def _rows(path: Path, lines: Sequence[TableLine], problems: list[str], *, in_tiers: bool) -> Iterator[DecisionRow]:
    """Make a row of each line; in a file of tiers, of all lines after one another that differ in the tier alone."""
    seen: dict[tuple[str, ...], int] = {}
    together = groupby(lines, key=lambda line: line.row if in_tiers else line.number)
    for of_row in (list(each) for _, each in together):
        first = of_row[0]
        if in_tiers and (wrong := _wrong_lines(of_row, seen.setdefault(first.row, first.number))):
            problems.append(f"{path}:{wrong}")
            continue
        try:
            yield DecisionRow.model_validate(_parts(of_row, in_tiers=in_tiers))
        except ValidationError as error:
            problems += [f"{path}:{_explained(each, of_row)}" for each in error.errors()]


def _wrong_lines(lines: Sequence[TableLine], first: int) -> str | None:
    """Say what keeps the lines of tiers from being one row, after the number of the line."""
    if first != lines[0].number:
        return (
            f"{lines[0].number}: it is of the row of line {first}; the tiers of a row stand on lines one after another"
        )
    for line in lines:
        found, of_row = (each.cells.get("adjustment", "") for each in (line, lines[0]))
        if found != of_row:
            return f"{line.number}: adjustment: a row has one, on each of its lines; line {first} has {of_row!r}"
    return None


def _parts(lines: Sequence[TableLine], *, in_tiers: bool) -> dict[str, Any]:
    """Tell the attributes from the columns that every table has."""
    priced = {"tiers": [line.given(OF_TIER) for line in lines]} if in_tiers else lines[0].given(OF_PRICE)
    return {"when": lines[0].attributes, **lines[0].given(OF_ROW), **priced}


def _explained(error: ErrorDetails, lines: Sequence[TableLine]) -> str:
    """Say what is wrong, after the number of the line on which it stands."""
    place, line = error["loc"], lines[0]
    match place:
        case ("tiers", int(index), *rest):
            place, line = tuple(rest), lines[index]
    where = "".join(f"{part}: " for part in place)
    return f"{line.number}: {where}{error['msg'].removeprefix('Value error, ')}"
