"""Create: usage objects of a call, each on its own: what is right is loaded, and the rest refused with a reason."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import imports, locks, usage
from pipeline.uploads import entry
from transforms.catalog.field_name import is_forbidden
from transforms.identity import digest, import_id
from transforms.upload.cells import NUMBER_MAX
from transforms.upload.columns import FIELDS, Column, Header, custom_name
from transforms.upload.dates import Locale
from transforms.upload.match import Matcher
from transforms.upload.reasons import Problem, Reason, shown
from transforms.upload.rows import Reader, Row, record_keys
from transforms.usage.usage import UsageRecord

Object = Mapping[str, str | int | Decimal | None]


@dataclass(frozen=True)
class Created:
    """An object that became a usage record."""

    record_id: int


@dataclass(frozen=True)
class Refused:
    """An object that was refused; `code` is that of its first problem, `message` tells them all."""

    code: str
    message: str


Outcome = Created | Refused


@dataclass
class _Attempt:
    """One object on its way: the record that it is to become, or what is wrong."""

    row: Row
    problems: list[Problem]
    names: Mapping[str, str]
    record: UsageRecord | None = None

    def refuse(self, code: Reason, column: Column, found: str | None, also: str) -> None:
        self.problems.append(Problem(code, column, found, also=also))

    def outcome(self, numbers: Mapping[str, int]) -> Outcome:
        if self.record and not self.problems:
            return Created(numbers[self.record.record_key])
        told = [replace(each, column=self.names.get(each.column, each.column), row=0) for each in self.problems]
        return Refused(told[0].code, "; ".join(map(str, told)))


def create(
    store: sa.Engine, catalog: Catalog, objects: Sequence[Object], *, by: str, call_id: str = ""
) -> list[Outcome]:
    """Load usage objects, with the field names of the platform's Usage object; one import for all that are right.

    A call that is repeated under its `call_id` gives the outcomes that it had.
    """
    slot = digest("call", call_id or uuid.uuid4().hex)
    with store.begin() as connection:
        locks.exclusive(connection, "upload", slot)
        if active := usage.active_import(connection, slot):
            found = imports.find(connection, active.import_id)
            return [_outcome(kept) for kept in found["validation"]["outcomes"]] if found else []
        return _create(connection, catalog, objects, slot, by)


def _create(
    connection: sa.Connection, catalog: Catalog, objects: Sequence[Object], slot: str, by: str
) -> list[Outcome]:
    attempts = [_read(number, each, catalog) for number, each in enumerate(objects, start=1)]
    rows = [attempt.row for attempt in attempts]
    matcher = Matcher(entry.known(connection, catalog, rows))
    for attempt, key in zip(attempts, record_keys(rows, slot), strict=True):
        found = matcher.match(attempt.row, key)
        attempt.problems += found.problems
        attempt.record = found.record
    _refuse_twice(attempts)
    held = entry.lock(connection, [attempt.record for attempt in attempts if attempt.record], again=False)
    _refuse_billed(attempts, held)
    records = [attempt.record for attempt in attempts if attempt.record and not attempt.problems]
    if not records:
        return [attempt.outcome({}) for attempt in attempts]
    new, keys = import_id(slot, None), {record.record_key for record in records}
    _add(connection, new, slot, records, by)
    numbers = entry.load(connection, new, records, (row for row in held if row["record_key"] in keys))
    outcomes = [attempt.outcome(numbers) for attempt in attempts]
    imports.finish(connection, new, {"validation": {"outcomes": [asdict(each) for each in outcomes]}})
    return outcomes


def _add(connection: sa.Connection, new: str, slot: str, records: Sequence[UsageRecord], by: str) -> None:
    values = {
        "import_id": new,
        "slot": slot,
        "content_hash": slot,
        "source_type": "API",
        "name": "API",
        "status": "Completed",
        "total_count": len(records),
        "imported_count": len(records),
        "control_total": sum(record.quantity for record in records),
        "validation": {},
        "created_by": by,
        "updated_by": by,
    }
    imports.add(connection, values)


def _outcome(kept: Mapping[str, str | int]) -> Outcome:
    if "record_id" in kept:
        return Created(int(kept["record_id"]))
    return Refused(str(kept["code"]), str(kept["message"]))


def _read(number: int, fields: Object, catalog: Catalog) -> _Attempt:
    """Read an object as a row whose columns are its fields; what no field is called is left out."""
    columns = {name: column for name in fields if (column := _column(name, catalog)) is not None}
    texts: dict[str, str] = {}
    twice = []
    for name, column in columns.items():
        text, before = _text(fields[name]), texts.get(column, "")
        if text and before not in {"", text}:
            twice.append(Problem(Reason.COLUMN_TWICE, column, text, also=f"it is {shown(before)} as well"))
        texts[column] = before or text
    reader = Reader(Header(tuple(texts)), catalog.custom_fields, Locale.ISO, negative=True)
    row, problems = reader.read(number, number, list(texts.values()) or [""])
    return _Attempt(row, [*twice, *problems, *_forbidden(fields)], {column: name for name, column in columns.items()})


def _column(name: str, catalog: Catalog) -> Column | str | None:
    return FIELDS.get(name) or custom_name(name, catalog.custom_fields)


def _forbidden(fields: Object) -> Iterator[Problem]:
    yield from (Problem(Reason.COLUMN_FORBIDDEN, found=name) for name in fields if is_forbidden(name))


def _text(value: str | int | Decimal | None) -> str:
    """Write a value as a file has it; a number that would fill the memory stays with its exponent, and is refused."""
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) < NUMBER_MAX:
        return f"{value:f}"
    return "" if value is None else str(value)


def _refuse_twice(attempts: Sequence[_Attempt]) -> None:
    """Take the first object of each unique key alone."""
    seen: dict[str, int] = {}
    for attempt in attempts:
        key = attempt.row.text(Column.UNIQUE_KEY)
        if key and not attempt.problems and seen.setdefault(key, attempt.row.number) != attempt.row.number:
            attempt.refuse(Reason.UNIQUE_KEY_TWICE, Column.UNIQUE_KEY, key, f"as in object {seen[key]}")


def _refuse_billed(attempts: Sequence[_Attempt], held: Sequence[sa.RowMapping]) -> None:
    billed = {row["record_key"]: row for row in held if row["status"] == "Processed"}
    for attempt in attempts:
        if attempt.record and (found := billed.get(attempt.record.record_key)):
            also = f"record {found['record_id']}, bill run {found['bill_run_id']}"
            attempt.refuse(Reason.RECORD_BILLED, Column.UNIQUE_KEY, attempt.record.unique_key, also)
