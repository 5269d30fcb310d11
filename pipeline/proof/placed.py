"""The rows of landed files, each with its file, its row number and its fate: for `explain` and `trace`."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from pipeline.engine import landing_engine
from pipeline.proof.remake import whole
from pipeline.quantities.derive import scoped
from pipeline.quantities.situation import Situation
from pipeline.readings.reading import marked, readings_of
from pipeline.store.manifest import LandedFile
from transforms.catalog.columns import attribute_column
from transforms.catalog.source import Source
from transforms.quantities import place
from transforms.readings.fate import Fate
from transforms.readings.readings import END_US

SHOWN_ROWS = 3  # at either end


@dataclass(frozen=True)
class FileRow:
    """One reading of a landed file; row 1 is the first data row of the raw file."""

    file_id: str
    row: int
    at_us: int
    value: Decimal
    fate: Fate


@dataclass(frozen=True)
class Placed:
    """What became of a charge's readings: counts by file and fate, and the first and last that are used."""

    counts: Mapping[str, Mapping[Fate, int]]
    first: list[FileRow]
    last: list[FileRow]


def placed_of(situation: Situation, home: Path, charge_number: str, attributes: Mapping[str, str]) -> Placed:
    """Look at every reading of a charge, and of these attributes, in a situation's files."""
    slots = [slot for slot, target in enumerate(situation.targets) if target.charge_number == charge_number]
    with _rows(situation, home) as (backend, rows):
        same = [rows[attribute_column(name)] == text for name, text in attributes.items()]
        mine = backend.create_table("mine", rows.filter(rows.slot.isin(slots), *same), temp=True)
        used = mine.filter(mine.fate == Fate.USED)
        first = _shown(backend, used.order_by("at_us", "file_id", "row"))
        last = _shown(backend, used.order_by(used.at_us.desc(), used.file_id.desc(), used["row"].desc()))[::-1]
        listed = {(each.file_id, each.row) for each in first}
        return Placed(_counts(backend, mine), first, [each for each in last if (each.file_id, each.row) not in listed])


def reading_of(source: Source, file: LandedFile, home: Path, row: int) -> Mapping[str, Any] | None:
    """Find a row of a landed file as it was read; None where it is no reading."""
    with landing_engine() as backend:
        readings = readings_of(backend, source, [file], home, None, END_US)
        found = backend.to_pyarrow(readings.filter(readings["row"] == row)).to_pylist()
    return found[0] if found else None


def row_of(situation: Situation, home: Path, file_id: str, row: int) -> Mapping[str, Any] | None:
    """Find a row of one of a situation's files with its slot and fate beside it; None where it is no reading."""
    with _rows(situation, home) as (backend, rows):
        found = backend.to_pyarrow(rows.filter(rows.file_id == file_id, rows["row"] == row)).to_pylist()
    return found[0] if found else None


@contextmanager
def _rows(situation: Situation, home: Path) -> Iterator[tuple[Backend, ir.Table]]:
    """Mark and place all readings of the files, of any age: those of other periods are told as well."""
    source, files = situation.source, situation.files
    with whole(situation), landing_engine() as backend:
        readings = readings_of(backend, source, files, home, None, END_US, named=True)
        rows = marked(backend, readings, source, situation.meter.derive.filter)
        placed = place.placed(rows, scoped(situation), situation.default)
        placed = placed.filter(placed.fate != Fate.ELSEWHERE)
        yield backend, placed.mutate(file_id=placed.filename.re_extract(r"([0-9a-f]+)\.parquet$", 1))


def _counts(backend: Backend, rows: ir.Table) -> dict[str, Counter[Fate]]:
    counted = rows.group_by("file_id", "fate").aggregate(rows=rows.count())
    counts: dict[str, Counter[Fate]] = {}
    for found in backend.to_pyarrow(counted.order_by("file_id", "fate")).to_pylist():
        counts.setdefault(found["file_id"], Counter())[Fate(found["fate"])] = found["rows"]
    return counts


def _shown(backend: Backend, rows: ir.Table) -> list[FileRow]:
    shown = rows.limit(SHOWN_ROWS).select("file_id", "row", "at_us", "value", "fate")
    return [FileRow(**row | {"fate": Fate(row["fate"])}) for row in backend.to_pyarrow(shown).to_pylist()]
