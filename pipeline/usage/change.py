"""Change: a Pending record given other values, checked as an upload is, and kept as it was with who did it and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import changes as store_changes
from pipeline.store import locks, records
from pipeline.uploads import entry
from transforms.errors import MeterbridgeError
from transforms.upload.columns import FIELDS, Column, Header, custom_name
from transforms.upload.dates import Locale
from transforms.upload.match import Matcher
from transforms.upload.reasons import Problem
from transforms.upload.rows import Reader, Row
from transforms.usage.usage import UsageRecord

CHANGEABLE = ("UOM", "Quantity", "StartDateTime", "EndDateTime", "Description")
KEPT = (
    "period", "subscription_number", "charge_number", "charge", "uom", "quantity", "start_at", "end_at", "description",
    "custom_fields", "negative_allowed",
)  # fmt: skip
TOGETHER = 1_000  # records that are matched in one transaction: others wait for its locks
Changed = Sequence[tuple[sa.RowMapping, UsageRecord]]  # records, and what each becomes


class ChangeRefusedError(MeterbridgeError):
    """A change that must not be made; the message says why, `code` for programs. The record is as it was."""

    def __init__(self, message: str, code: str = "") -> None:
        """Make the refusal."""
        super().__init__(message)
        self.code = code


def change(
    store: sa.Engine, catalog: Catalog, record_id: int, changes: Mapping[str, str], *, by: str, reason: str
) -> None:
    """Change a Pending record: UOM, Quantity, StartDateTime, EndDateTime, Description, custom fields; empty takes away.

    It moves to the billing period that holds its new start, and counts in its charge's unit where an alias says how
    much that is. ChangeRefusedError for a record that is Processed or not there, and for what an upload would refuse.
    """
    if not reason.strip():
        raise ChangeRefusedError("say why: a change is kept with its reason")
    with store.begin() as connection:
        locks.shared(connection, locks.SHAPE)
        locks.exclusive(connection, locks.UNIQUE_KEYS)
        row = _pending(connection, record_id)
        new = _changed(connection, catalog, row, changes)
        if any(getattr(new, name) != row[name] for name in KEPT):
            _require_kept_together(row, new)
            _require_locked(connection, row, new)
            _write(connection, [(row, new)], by, reason)


def match_again(store: sa.Engine, catalog: Catalog, *, by: str) -> int:
    """Give Pending records that no charge took the one that was subscribed to since; says how many.

    Where anything about that is unusual, as when a meter bills the charge too, a record stays as it is.
    """
    with store.begin() as connection:
        places = iter(records.without_charge(connection))
    matched = 0
    while together := list(islice(places, TOGETHER)):
        with store.begin() as connection:
            matched += _match(connection, catalog, together, by)
    return matched


def _match(connection: sa.Connection, catalog: Catalog, places: Sequence[store_changes.Place], by: str) -> int:
    """Match some records, by period and number, in one transaction; says how many a charge takes now."""
    locks.shared(connection, locks.SHAPE)
    locks.exclusive(connection, locks.UNIQUE_KEYS)
    wanted = store_changes.of_records([number for _, number in places], {period for period, _ in places})
    rows = [row for row in records.chosen(connection, wanted) if row["charge_number"] is None]
    if not (changed := _usual(connection, catalog, rows)):
        return 0
    pending = {row["record_id"] for row in _locked(connection, changed) if row["status"] == "Pending"}
    changed = [(row, new) for row, new in changed if row["record_id"] in pending]
    if changed:
        _write(connection, changed, by, "a charge that takes it was subscribed to")
    return len(changed)


def _usual(connection: sa.Connection, catalog: Catalog, rows: Sequence[sa.RowMapping]) -> Changed:
    """Choose the records that would be loaded for a charge without any caution, each with what it becomes."""
    read = [(row, *_read(catalog, row, {}, number)) for number, row in enumerate(rows)]
    right = [(row, sent) for row, sent, problems in read if not problems]
    matcher = Matcher(entry.known(connection, catalog, [sent for _, sent in right]))
    placed = []
    for row, sent in right:
        match = matcher.match(sent, row["record_key"])
        if match.record and not match.cautions:
            _require_kept_together(row, match.record)
            placed.append((row, sent, match.record))
    metered = {each.row for each in entry.metered_cautions(catalog, [(sent, new) for _, sent, new in placed])}
    return [(row, new) for row, sent, new in placed if sent.number not in metered]


def _pending(connection: sa.Connection, record_id: int) -> sa.RowMapping:
    """Find the record, and refuse one that is billed already."""
    row = records.find(connection, record_id)
    if row is None:
        became = store_changes.gone(connection, [record_id]).get(record_id, "unknown")
        raise ChangeRefusedError(f"record {record_id} is {became}", "NOT_FOUND")
    _require_pending(row)
    return row


def _require_pending(row: sa.RowMapping) -> None:
    if row["status"] == "Processed":
        number, run = row["record_id"], row["bill_run_id"]
        raise ChangeRefusedError(f"record {number} is Processed by bill run {run}: what is billed never changes")


def _changed(
    connection: sa.Connection, catalog: Catalog, row: sa.RowMapping, changes: Mapping[str, str]
) -> UsageRecord:
    """Read the record as if it were sent again with the changes, by the rules of an upload."""
    read, problems = _read(catalog, row, changes)
    if problems:
        raise _refusal(row, problems)
    found = Matcher(entry.known(connection, catalog, [read])).match(read, row["record_key"])
    if found.record is None:
        raise _refusal(row, found.problems)
    return found.record


def _read(
    catalog: Catalog, row: sa.RowMapping, changes: Mapping[str, str], number: int = 0
) -> tuple[Row, list[Problem]]:
    cells = _cells(row) | _sent(catalog, changes, {name.upper(): name for name in row["custom_fields"]})
    reader = Reader(Header(tuple(cells)), catalog.custom_fields, Locale.ISO, negative=True)
    return reader.read(number, 0, list(cells.values()))


def _cells(row: sa.RowMapping) -> dict[Column | str, str]:
    """Write a record as the row of an upload."""
    return {
        Column.ACCOUNT: row["account_number"],
        Column.SUBSCRIPTION: row["subscription_number"],
        Column.CHARGE: row["charge_number"] or "",
        Column.UOM: row["uom"],
        Column.QUANTITY: f"{row['quantity']:f}",
        Column.START: row["start_at"].isoformat(),
        Column.END: row["end_at"].isoformat() if row["end_at"] else "",
        Column.DESCRIPTION: row["description"],
        Column.UNIQUE_KEY: row["unique_key"] or "",
        **row["custom_fields"],
    }


def _sent(catalog: Catalog, changes: Mapping[str, str], own: Mapping[str, str]) -> dict[Column | str, str]:
    """Tell which column each field means; what cannot be changed is refused.

    A field that nobody declares is named as the record does it in `own`: a meter may write it in small letters.
    """
    named = {name: FIELDS[name] if name in CHANGEABLE else custom_name(name, catalog.custom_fields) for name in changes}
    if wrong := [name for name, column in named.items() if column is None]:
        raise ChangeRefusedError(
            f"{', '.join(wrong)} cannot be changed; {', '.join(CHANGEABLE)} and custom fields can", "INVALID_FIELD"
        )
    names = {} if catalog.custom_fields else own
    return {names.get(column.upper(), column): changes[name] for name, column in named.items() if column is not None}


def _refusal(row: sa.RowMapping, problems: Sequence[Problem]) -> ChangeRefusedError:
    names: dict[str, str] = {FIELDS[name]: name for name in CHANGEABLE}
    told = "; ".join(str(replace(each, column=names.get(each.column, each.column))) for each in problems)
    return ChangeRefusedError(f"record {row['record_id']} was not changed: {told}", str(problems[0].code))


def _require_kept_together(row: sa.RowMapping, new: UsageRecord) -> None:
    """Keep a meter's record in the period that it was derived for, and an adjustment in its unit."""
    if row["source_type"] == "Meter" and new.period != row["period"]:
        raise ChangeRefusedError(
            f"record {row['record_id']} was derived for {row['period']}, and its new start is of {new.period}: delete "
            "it, and send the usage of the other period"
        )
    if row["corrects"] is not None and new.uom != row["uom"]:
        raise ChangeRefusedError(f"record {row['record_id']} corrects one counted in {row['uom']}, and counts the same")


def _require_locked(connection: sa.Connection, row: sa.RowMapping, new: UsageRecord) -> None:
    """Lock a record, and make sure that it is still Pending."""
    locked = _locked(connection, [(row, new)])
    if not locked:
        raise ChangeRefusedError(f"record {row['record_id']} was superseded meanwhile", "NOT_FOUND")
    _require_pending(locked[0])


def _locked(connection: sa.Connection, changed: Changed) -> Sequence[sa.RowMapping]:
    """Lock what is about to change in the documented order, and list the records as they are then."""
    before = {row["period"] for row, _ in changed}
    for period in sorted(before | {new.period for _, new in changed}):
        locks.shared(connection, period)
    chosen = store_changes.of_records([row["record_id"] for row, _ in changed], before)
    store_changes.lock_imports(connection, chosen)
    return store_changes.lock_records(connection, chosen)


def _write(connection: sa.Connection, changed: Changed, by: str, reason: str) -> None:
    """Write what was locked."""
    values = {(row["period"], row["record_id"]): {name: getattr(new, name) for name in KEPT} for row, new in changed}
    store_changes.update(connection, values, by, reason)
    store_changes.alter(connection, Counter(row["import_id"] for row, _ in changed), by)
