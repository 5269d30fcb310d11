"""Overtaken: usage derived before readings landed that the store's is made of already, or from a later store."""

import sqlalchemy as sa

from pipeline.store import customers, manifest, usage
from pipeline.store.usage import Import
from pipeline.usage.batch import Batch
from transforms.errors import MeterbridgeError


class OvertakenError(MeterbridgeError):
    """Usage that is older than what it would take the place of; the message says what to do. Nothing was loaded."""


def require_known_changes(connection: sa.Connection, batch: Batch) -> None:
    """Refuse usage of a later state of the store: by number, its changes are others here."""
    if batch.seen.changes > customers.last_change(connection):
        raise OvertakenError(
            f"meter {batch.meter.meter}, period {batch.period}: it knows of changes of subscriptions that the store "
            "does not know, as when the store was restored since; register the customers, and derive it anew (in "
            "Airflow, clear the run's tasks from derive on)"
        )


def require_current_files(connection: sa.Connection, batch: Batch, active: Import | None) -> None:
    """Refuse usage that lacks landed files of its span which the import that it would take the place of has."""
    if active is None:
        return
    seen = batch.seen
    there = manifest.files(connection, seen.source, seen.until_us, from_us=seen.from_us)
    newer = {file.file_id for file in there}.difference(seen.files)
    if lacking := newer & usage.import_file_ids(connection, active.import_id):
        raise OvertakenError(
            f"meter {batch.meter.meter}, period {batch.period}: it was derived before {len(lacking)} files landed that "
            f"import {active.import_id} is made of, and would take them away again; derive it anew (in Airflow, clear "
            "the run's tasks from derive on)"
        )
