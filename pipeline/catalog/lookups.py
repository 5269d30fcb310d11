"""Lookup tables of the catalog: whose the readings are that a source knows by names of its own."""

import csv
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from pipeline.catalog.documents import CatalogError, open_csv
from transforms.quantities.scope import LookupRow

COLUMNS = [field.name for field in fields(LookupRow)]
NEEDED = COLUMNS[:2]


def read_lookup(path: Path) -> list[LookupRow]:
    """Read `key,account_number` and, if wanted, `subscription_number` and `charge_number`.

    CatalogError says what is wrong, and where. A key may stand in several rows, for an account's several charges.
    """
    with open_csv(path) as reader:
        return list(_rows(path, reader))


def _rows(path: Path, reader: "csv.DictReader[str]") -> Iterator[LookupRow]:
    names = list(reader.fieldnames or [])
    if names not in [COLUMNS[:count] for count in range(len(NEEDED), len(COLUMNS) + 1)]:
        raise CatalogError([f"{path}:1: the columns must be {','.join(NEEDED)}, then perhaps {','.join(COLUMNS[2:])}"])
    accounts: dict[str, str] = {}
    for row in reader:
        place = f"{path}:{reader.line_num}"
        if None in row or None in row.values() or not row["key"] or not row["account_number"]:
            raise CatalogError(
                [f"{place}: the row must have {len(names)} fields; key and account_number are never empty"]
            )
        if accounts.setdefault(row["key"], row["account_number"]) != row["account_number"]:
            raise CatalogError([f"{place}: key {row['key']!r} belongs to account {accounts[row['key']]!r} already"])
        yield LookupRow(**row)
