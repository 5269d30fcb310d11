"""The Lineage page: what the store knows of a rated item, down to the raw files, and of a raw file, up to the items."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from pipeline.store import lineage
from pipeline.store.engine import one_moment
from web.pages import HEADERS, TEMPLATES, units_of
from web.refusals import RefusedError
from web.services import ServicesDep, Viewer

RECORDS, IMPORTS, FILES = 20, 5, 20  # shown of each
WORDS = 8  # at most, of which the name of an account is made up in a file's name
WORD = re.compile(r"[^\W_]+")
router = APIRouter(include_in_schema=False)
NUMBER = re.compile("[0-9]{1,18}")
Item = Annotated[str, Query(max_length=100)]
File = Annotated[str, Query(max_length=1000)]
Found = Mapping[str, Any]


@router.get("/lineage", response_class=HTMLResponse)
def read_lineage(services: ServicesDep, _caller: Viewer, item: Item = "", file: File = "") -> HTMLResponse:
    """Show what stands behind a rated item, or what became of a raw file, by its name or a hash."""
    item = _number(item.strip())  # as it was pasted
    asked = {"item": item, "file": file, "shown": RECORDS, "units": units_of(services)}
    with one_moment(services.store) as connection:
        behind = _behind(connection, int(item)) if item else None
        arrived = [_became(connection, each) for each in _known(connection, file)] if file else []
    page = TEMPLATES.get_template("lineage.html").render(asked | {"behind": behind, "arrived": arrived})
    return HTMLResponse(page, 200, HEADERS)


def _number(item: str) -> str:
    if item and not NUMBER.fullmatch(item):
        raise RefusedError(
            400, "INVALID_VALUE", f"item in the address: {item!r} is no rated item's number, which has 1 to 18 digits"
        )
    return item


def _known(connection: sa.Connection, file: str) -> Sequence[sa.RowMapping]:
    """Find a raw file as it was named, or without the blanks that were pasted with it."""
    if "\0" in file:  # which no question to the store may bear
        return []
    return lineage.arrivals_of(connection, file, IMPORTS) or lineage.arrivals_of(connection, file.strip(), IMPORTS)


def _behind(connection: sa.Connection, item_id: int) -> Found | None:
    """Find an item, its first records, their imports, and of each the raw files that are likely its own."""
    if (item := lineage.item(connection, item_id)) is None:
        return None
    records = lineage.records(connection, item_id, RECORDS + 1)
    imports = list({each["import_id"]: each for each in records}.values())[:IMPORTS]
    files = {each["import_id"]: _files(connection, each["import_id"], item["account_number"]) for each in imports}
    return {"item": item, "records": records, "imports": imports, "files": files}


def _files(connection: sa.Connection, import_id: str, account: str) -> list[sa.RowMapping]:
    """List the first raw files of an import whose names hold an account, or the first of all where none does."""
    found = lineage.files_named(connection, import_id, account, FILES)
    return [each for each in found if each["named"]] or list(found)


def _became(connection: sa.Connection, arrival: sa.RowMapping) -> Found:
    """Find what a raw file landed as, the imports that it went into, and what these hold of accounts that it names."""
    landed = lineage.landed(connection, arrival["source"], arrival["file_id"]) if arrival["file_id"] else None
    found: dict[str, Any] = {"arrival": arrival, "landed": landed, "imports": [], "records": [], "items": {}}
    if landed is None:
        return found
    imports = lineage.imports_of(connection, arrival["source"], arrival["file_id"], RECORDS)
    accounts = names_in(arrival["uri"])
    records = lineage.records_of(connection, [each["import_id"] for each in imports], accounts, RECORDS + 1)
    return found | {"imports": imports, "records": records, "items": _items(connection, records)}


def _items(connection: sa.Connection, records: Sequence[sa.RowMapping]) -> dict[int, list[int]]:
    """Give the numbers of the items that records are behind, by record."""
    found: dict[int, list[int]] = {each["record_id"]: [] for each in records}
    for period in {each["period"] for each in records}:
        mine = [each["record_id"] for each in records if each["period"] == period]
        for item in lineage.items_of(connection, period, mine):
            found[item["record_id"]].append(item["item_id"])
    return found


def names_in(path: str) -> set[str]:
    """List the names that may stand in a path: some words of it, with what is between them.

    >>> sorted(names_in("power/A-1.csv"))[:4]
    ['1', '1.csv', 'A', 'A-1']
    """
    words = list(WORD.finditer(path))[:200]
    return {path[a.start() : b.end()] for at, a in enumerate(words) for b in words[at : at + WORDS]}
