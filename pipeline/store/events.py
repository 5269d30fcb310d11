"""What people are to be told: noted in the transaction in which it happened, told afterwards, once."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.tables import events


def note(connection: sa.Connection, kind: str, subject: str, details: Mapping[str, Any]) -> None:
    """Note an event; the same kind of the same subject is noted once."""
    statement = insert(events).values(kind=kind, subject=subject, details=dict(details))
    connection.execute(statement.on_conflict_do_nothing())
