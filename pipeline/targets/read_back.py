"""Read back: what the platform holds of the files that it has read, against what was sent."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

import sqlalchemy as sa

from pipeline.store import sending
from pipeline.store.sending import SentFile
from pipeline.targets.errors import AGAIN, TargetError
from pipeline.targets.platform import Platform
from transforms.figures import plain as shown
from transforms.rating.lines import exact_sum

SHOWN_RECORDS = 3
Quantities = Mapping[str, Decimal]


class TargetMismatchError(TargetError):
    """The platform holds something else than what was sent; the message says what and where."""


def read_back(store: sa.Engine, platform: Platform, files: Sequence[SentFile]) -> list[TargetMismatchError]:
    """Confirm the files whose records, counts and control totals the platform holds; gives what is wrong with others.

    Each account is read once for all files: their imports must be Completed. A file that differs is noted as failed.
    """
    with store.begin() as connection:
        said = {file.file_id: sending.quantities(connection, file.file_id) for file in files}
    held = _held(platform, said.values())
    errors = []
    for file in files:
        sent = {key: quantity for keys in said[file.file_id].values() for key, quantity in keys.items()}
        count = platform.total_count(file.import_id or "")
        different = _differences(file, sent, {key: held[key] for key in sent.keys() & held.keys()}, count)
        with store.begin() as connection:
            if different:
                sending.fail(connection, file.file_id, different, loaded=True)
            else:
                sending.confirm(connection, file.file_id)
        if different:
            errors.append(TargetMismatchError(f"{file.file_name}, sent to {file.target}: {different}; {AGAIN}"))
    return errors


def _held(platform: Platform, said: Iterable[Mapping[str, Quantities]]) -> Quantities:
    """Read what the platform holds of all keys, account by account."""
    keys: defaultdict[str, set[str]] = defaultdict(set)
    for of_file in said:
        for account, quantities in of_file.items():
            keys[account] |= quantities.keys()
    return {key: quantity for account, of in keys.items() for key, quantity in platform.quantities(account, of).items()}


def _differences(file: SentFile, sent: Quantities, held: Quantities, count: int) -> str:
    """Say how what is held differs from what was sent; empty when it is equal."""
    total = exact_sum(held.values())
    if held == sent and (count, len(held), total) == (file.rows, file.rows, file.control_total):
        return ""
    other = sorted(key for key in sent if held.get(key) != sent[key])[:SHOWN_RECORDS]
    records = (
        f"; record {key}: {shown(sent[key])} was sent, {shown(held[key]) if key in held else 'nothing'} is held"
        for key in other
    )
    return (
        f"{file.rows} rows with the control total {shown(file.control_total)} were sent; import {file.import_id} "
        f"counts {count} rows, and {len(held)} are held with the control total {shown(total)}{''.join(records)}"
    )
