"""Decision tables beside the charges of the catalog: CSV files, one row for each price."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from pipeline.documents import CatalogError, Document, open_csv
from transforms.decision_table import DecisionRow

NEEDED = ("effective", "price")
OPTIONAL = ("minimum", "maximum", "subscription")


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
        rows = list(_rows(path, reader, problems))
    if problems:
        raise CatalogError(problems)
    return rows


def _rows(path: Path, reader: "csv.DictReader[str]", problems: list[str]) -> Iterator[DecisionRow]:
    names = list(reader.fieldnames or [])
    if len({*names, *NEEDED}) != len(names):
        raise CatalogError([f"{path}:1: the columns must be different ones, {' and '.join(NEEDED)} among them"])
    for row in reader:
        place = f"{path}:{reader.line_num}"
        if None in row or None in row.values():
            problems.append(f"{place}: the row must have {len(names)} fields")
            continue
        try:
            yield DecisionRow.model_validate(_parts(row))
        except ValidationError as error:
            problems += [f"{place}: {_explained(each)}" for each in error.errors()]


def _parts(row: dict[str, str]) -> dict[str, Any]:
    """Tell the attributes from the columns that every table has; what is left blank is not given."""
    given = {name: row[name] for name in NEEDED} | {name: row[name] for name in OPTIONAL if row.get(name)}
    return given | {"when": {name: text for name, text in row.items() if name not in {*NEEDED, *OPTIONAL}}}


def _explained(error: ErrorDetails) -> str:
    where = "".join(f"{part}: " for part in error["loc"])
    return where + error["msg"].removeprefix("Value error, ")
