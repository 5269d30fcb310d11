"""Plan: which files of a period are to be sent, written down with their bytes before anything is sent."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import following, locks, sending, unsent
from pipeline.targets.parts import Limits, Line, parts, written, zipped
from transforms.period import Period
from transforms.rating.lines import exact_sum
from transforms.upload.usage_file import Record, file_row, header

BATCH_ROWS = 10_000
SHOWN_DIGITS = 12


def plan(store: sa.Engine, catalog: Catalog, target: str, period: Period, limits: Limits) -> None:
    """Write down the files of what the target does not hold, unless some still wait: their outcome comes first.

    UnfitRecordError where a file cannot say a record; nothing is planned then.
    """
    amounts = {name: field for name, charge in catalog.charges.items() if (field := charge.amount_field)}
    with store.begin() as connection:
        locks.exclusive(connection, str(period))
        if sending.files(connection, target, period, waiting=True):
            return
        sending.seen(connection, target, period, following.watermark(connection))
        found = unsent.changes(target, period, amounts)
        columns = header(following.custom_names(connection, found))
        head = written(columns)
        first = sending.next_part(connection, target, period)
        for number, part in enumerate(parts(_lines(connection, found, columns), head, limits), start=first):
            values = _file(target, period, number, part, head)
            sending.add(connection, values, ((line.unique_key, line.content) for line in part))


def _lines(connection: sa.Connection, found: sa.Select[Any], columns: list[str]) -> Iterator[Line]:
    with connection.execute(found.execution_options(yield_per=BATCH_ROWS)) as result:
        for record_id, key, content, _ in result:
            yield Line(written(file_row(_record(record_id, key, content), columns)), key, content)


def _record(record_id: int | None, key: str, content: dict[str, Any]) -> Record:
    """Give a record as it is exported."""
    start, end = content["start_at"], content["end_at"]
    return content | {
        "record_id": record_id or f"of key {key}",
        "unique_key": key,
        "quantity": Decimal(content["quantity"]),
        "start_at": datetime.fromisoformat(start),
        "end_at": datetime.fromisoformat(end) if end else None,
    }


def _file(target: str, period: Period, number: int, part: list[Line], head: bytes) -> dict[str, Any]:
    plain_bytes = b"".join([head, *(line.text for line in part)])
    name = f"{period}-{number}-{sha256(plain_bytes).hexdigest()[:SHOWN_DIGITS]}"
    packed = zipped(f"{name}.csv", plain_bytes)
    return {
        "target": target,
        "period": str(period),
        "part": number,
        "file_name": f"{name}.zip",
        "sha256": sha256(packed).hexdigest(),
        "bytes": packed,
        "rows": len(part),
        "control_total": exact_sum(Decimal(line.content["quantity"]) for line in part),
    }
