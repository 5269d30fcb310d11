"""Delete: Pending usage taken out of the store on purpose, all of what was chosen or nothing; each record is kept."""

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

import sqlalchemy as sa

from pipeline.store import changes, locks
from pipeline.store.changes import Condition
from transforms.errors import MeterbridgeError
from transforms.figures import plain
from transforms.lists import first_few
from transforms.rating.lines import exact_sums

SHOWN_MAX = 20
NUMBER = re.compile(r"[0-9]{1,18}")


class DeleteRefusedError(MeterbridgeError):
    """What must not be deleted; the message names each record, and says why. Nothing was deleted."""


@dataclass(frozen=True)
class Selection:
    """What is to be deleted: records by number, or all records of an import, or of the uploads of one file name."""

    record_ids: Collection[int] = ()
    import_id: str | None = None
    file_name: str | None = None

    def __post_init__(self) -> None:
        """Refuse to choose in two ways at once, or in none."""
        ways = (bool(self.record_ids), self.import_id is not None, self.file_name is not None)
        if sum(ways) != 1:
            raise DeleteRefusedError("choose what to delete in one way: records, an import or a file name")

    def __str__(self) -> str:
        if self.import_id is not None:
            return f"import {self.import_id}"
        return _listed("records", sorted(self.record_ids)) if self.file_name is None else f"file {self.file_name!r}"


@dataclass(frozen=True)
class Deletion:
    """What was deleted, or would be in a dry run: records, quantity by UOM, and the readings behind them."""

    selection: Selection
    dry_run: bool
    records: tuple[int, ...]
    quantities: dict[str, Decimal]
    readings: int
    imports: tuple[str, ...]

    def __str__(self) -> str:
        done = "would be deleted (dry run; nothing was changed)" if self.dry_run else "deleted"
        together = ", ".join(f"{plain(quantity)} {uom}" for uom, quantity in self.quantities.items())
        counts = f"{len(self.records)} records of {len(self.imports)} imports, {self.readings} readings"
        return f"{self.selection}: {done}: {counts}, {together or 'no quantity'}"  # a log's line may be cut at its end


def chosen(kind: str, value: str) -> Selection:
    """Read a selection of a form: `records` (numbers with commas between), `import` or `file`, and which."""
    text = value.strip()
    if kind != "records":
        return Selection(import_id=text) if kind == "import" else Selection(file_name=text)
    numbers = [part.strip() for part in text.split(",")]
    if wrong := [part for part in numbers if not NUMBER.fullmatch(part)]:
        raise DeleteRefusedError(f"{', '.join(map(repr, wrong))}: write the numbers of records, with commas between")
    return Selection(record_ids=sorted(set(map(int, numbers))))


def delete(store: sa.Engine, selection: Selection, *, by: str, reason: str, dry_run: bool) -> Deletion:
    """Delete active Pending usage, or tell exactly what would go.

    DeleteRefusedError names every record that is Processed, with its bill run, and every one that is not there; it
    also refuses a deletion without a reason.
    """
    if not reason.strip():
        raise DeleteRefusedError("say why: a deletion is kept with its reason")
    with store.begin() as connection:
        rows = _locked(connection, _condition(connection, selection))
        _check(connection, selection, rows)
        if rows and not dry_run:
            _delete(connection, rows, by, reason)
    return _deletion(selection, rows, dry_run=dry_run)


def _condition(connection: sa.Connection, selection: Selection) -> Condition:
    """Turn a selection into a condition; a file or an import that nobody knows is refused."""
    if selection.record_ids:
        return changes.of_records(selection.record_ids)
    found = changes.imports_named(connection, import_id=selection.import_id, file_name=selection.file_name)
    if not found:
        raise DeleteRefusedError(f"no finished import is there for {selection}")
    return changes.of_imports(found)


def _locked(connection: sa.Connection, wanted: Condition) -> Sequence[sa.RowMapping]:
    """Lock what was chosen in the documented order, and list it as it is then."""
    locks.shared(connection, locks.SHAPE)
    locks.exclusive(connection, locks.UNIQUE_KEYS)
    for period in changes.periods(connection, wanted):
        locks.shared(connection, period)
    changes.lock_imports(connection, wanted)
    return changes.lock_records(connection, wanted)


def _check(connection: sa.Connection, selection: Selection, rows: Sequence[sa.RowMapping]) -> None:
    """Refuse the whole for one record that is billed, or is not there."""
    problems = [
        f"record {row['record_id']} is Processed by bill run {row['bill_run_id']}: what is billed never changes"
        for row in rows
        if row["status"] == "Processed"
    ]
    if missing := set(selection.record_ids) - {row["record_id"] for row in rows}:
        known = changes.gone(connection, missing)
        problems += [f"record {number} is {known.get(number, 'unknown')}" for number in sorted(missing)]
    if problems:
        raise DeleteRefusedError(_listed(f"nothing of {selection} was deleted:", problems, "; "))


def _delete(connection: sa.Connection, rows: Sequence[sa.RowMapping], by: str, reason: str) -> None:
    if changes.delete(connection, [row["record_id"] for row in rows], by, reason) != len(rows):
        raise DeleteRefusedError("the store does not hold what was chosen any more; nothing was deleted: choose again")
    changes.alter(connection, Counter(row["import_id"] for row in rows), by)


def _deletion(selection: Selection, rows: Sequence[sa.RowMapping], *, dry_run: bool) -> Deletion:
    return Deletion(
        selection,
        dry_run,
        tuple(row["record_id"] for row in rows),
        exact_sums((row["uom"], row["quantity"]) for row in rows),
        sum(row["readings"] for row in rows),
        tuple(sorted({row["import_id"] for row in rows})),
    )


def _listed(what: str, found: Sequence[object], between: str = ", ") -> str:
    return f"{what} {first_few([*map(str, found)], SHOWN_MAX, between)}"
