"""Process: a waiting upload is checked as a whole, and loaded as a whole or not at all; one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import events, imports
from pipeline.uploads import entry
from pipeline.uploads.entry import StoreMismatchError
from pipeline.uploads.refused import UploadRefusedError
from pipeline.uploads.result import write_result
from pipeline.uploads.rows import UploadedRows, nothing, read_rows
from pipeline.uploads.submit import FOLDER, UnknownImportError
from transforms.upload.columns import Column
from transforms.upload.dates import Locale
from transforms.upload.match import Matcher
from transforms.upload.reasons import Problem, Reason
from transforms.upload.rows import Row, record_keys
from transforms.upload.tally import Tally
from transforms.usage.usage import UsageRecord

PERIODS_MAX = 1000  # each takes a lock, and the store has room for some thousands


@dataclass
class Matched:
    """Rows and the records that they became; `left` are the rows whose record of the same content is billed."""

    placed: list[tuple[Row, UsageRecord]] = field(default_factory=list)
    left: set[int] = field(default_factory=set)
    cautions: Tally = field(default_factory=Tally)

    @property
    def records(self) -> list[UsageRecord]:
        """The records to be loaded."""
        return [record for row, record in self.placed if row.number not in self.left]

    @property
    def periods(self) -> set[str]:
        """The billing periods that they are of."""
        return {record.period for _, record in self.placed}


def process_waiting(store: sa.Engine, catalog: Catalog, home: Path) -> list[sa.RowMapping]:
    """Process every upload that waits, and every one whose worker died; gives their imports.

    One that cannot be processed now keeps no other back; the first error is raised in the end.
    """
    with store.begin() as connection:
        waiting = imports.unfinished(connection)
    found, errors = [], []
    for import_id in waiting:
        try:
            found.append(process(store, catalog, home, import_id))
        except Exception as error:  # noqa: BLE001 whatever it is, it would come first again every few minutes
            errors.append(error)
    if errors:
        raise errors[0]
    return found


def process(store: sa.Engine, catalog: Catalog, home: Path, import_id: str) -> sa.RowMapping:
    """Check and load an upload, and give its import: Completed or Failed; whatever is finished stays as it is.

    UnknownImportError when there is no such import.
    """
    with store.begin() as connection:
        begun = imports.start(connection, import_id)
    try:
        with store.begin() as connection:
            if taken := imports.take(connection, import_id, wait=begun):
                _settle(connection, catalog, home, taken)
    except (*imports.REFUSED, StoreMismatchError):
        with store.begin() as connection:
            if taken := imports.take(connection, import_id):
                _fail(connection, home, taken, nothing(Problem(Reason.STORE_REFUSED)))
    with store.begin() as connection:
        if (found := imports.find(connection, import_id)) is None:
            raise UnknownImportError(f"there is no import {import_id}: submit the file first")
        return found


def _settle(connection: sa.Connection, catalog: Catalog, home: Path, taken: sa.RowMapping) -> None:
    path, locale = home / FOLDER / taken["original_path"], Locale(taken["validation"]["locale"])
    try:
        uploaded = read_rows(path, catalog.custom_fields, locale)
    except (UploadRefusedError, FileNotFoundError) as error:
        _fail(connection, home, taken, nothing(Problem(Reason.STORE_REFUSED, also=str(error))))
        return
    matched = _match(connection, catalog, uploaded, taken)
    if len(matched.periods) > PERIODS_MAX:
        uploaded.problems.add([Problem(Reason.TOO_MANY_PERIODS, also=f"they are of {len(matched.periods)}")])
        _fail(connection, home, taken, uploaded)
        return
    held = entry.lock(connection, [record for _, record in matched.placed], again=taken["follows"] is not None)
    _check_billed(uploaded, matched, held, taken["slot"])
    if uploaded.problems.count:
        _fail(connection, home, taken, uploaded)
    else:
        _complete(connection, home, taken, uploaded, matched, held)


def _match(connection: sa.Connection, catalog: Catalog, uploaded: UploadedRows, taken: sa.RowMapping) -> Matched:
    """Find the record of every row, or what is wrong with it."""
    matcher = Matcher(entry.known(connection, catalog, uploaded.rows))
    matched = Matched()
    for row, key in zip(uploaded.rows, record_keys(uploaded.rows, taken["content_hash"]), strict=True):
        found = matcher.match(row, key)
        uploaded.problems.add(found.problems)
        matched.cautions.add(found.cautions)
        if found.record:
            matched.placed.append((row, found.record))
    matched.cautions.add(entry.metered_cautions(catalog, matched.placed))
    return matched


def _check_billed(uploaded: UploadedRows, matched: Matched, held: Sequence[sa.RowMapping], slot: str) -> None:
    """Leave out what is billed of this very content; refuse to update what is billed of another."""
    billed = {row["record_key"]: row for row in held if row["status"] == "Processed"}
    for row, record in matched.placed:
        if (found := billed.get(record.record_key)) is None:
            continue
        if found["slot"] == slot:
            matched.left.add(row.number)
        else:
            also = f"record {found['record_id']}, bill run {found['bill_run_id']}"
            problem = Problem(Reason.RECORD_BILLED, Column.UNIQUE_KEY, record.unique_key, row.number, row.line, also)
            uploaded.problems.add([problem])


def _complete(
    connection: sa.Connection,
    home: Path,
    taken: sa.RowMapping,
    uploaded: UploadedRows,
    matched: Matched,
    held: Sequence[sa.RowMapping],
) -> None:
    records = matched.records
    matched.cautions.add(entry.billed_cautions(connection, matched.placed))
    matched.cautions.add(entry.replaced_cautions(held, matched.placed))
    numbers = entry.load(connection, taken["import_id"], records, held)
    path = write_result(home, taken["import_id"], uploaded, _outcomes(matched, numbers), matched.cautions.kept)
    figures = {
        "total_count": len(uploaded.rows),
        "imported_count": len(records),
        "control_total": sum(record.quantity for record in records),
    }
    validation = taken["validation"] | {"cautions": matched.cautions.count, "listed": matched.cautions.listed()}
    imports.finish(
        connection, taken["import_id"], figures | {"status": "Completed", "result_path": path, "validation": validation}
    )
    _tell(connection, "import_succeeded", taken, {name: str(figure) for name, figure in figures.items()})


def _outcomes(matched: Matched, numbers: Mapping[str, int]) -> dict[int, tuple[str, str]]:
    """Tell of each row what became of it, with the number that its record has in the store."""
    return {
        row.number: ("billed before", "") if row.number in matched.left else ("loaded", str(numbers[record.record_key]))
        for row, record in matched.placed
    }


def _fail(connection: sa.Connection, home: Path, taken: sa.RowMapping, uploaded: UploadedRows) -> None:
    wrong = uploaded.problems
    outcomes = {row.number: ("refused" if row.number in wrong.rows else "not loaded", "") for row in uploaded.rows}
    values = {
        "status": "Failed",
        "status_reason": wrong.reason(),
        "total_count": len(uploaded.rows),
        "result_path": write_result(home, taken["import_id"], uploaded, outcomes, wrong.kept),
        "validation": taken["validation"] | {"problems": wrong.count, "codes": dict(wrong.codes)},
    }
    imports.finish(connection, taken["import_id"], values)
    _tell(connection, "import_failed", taken, {"problems": wrong.count, "status_reason": wrong.reason()})


def _tell(connection: sa.Connection, kind: str, taken: sa.RowMapping, details: Mapping[str, Any]) -> None:
    about = {"file_name": taken["file_name"], "created_by": taken["created_by"]}
    events.note(connection, kind, taken["import_id"], about | dict(details))
