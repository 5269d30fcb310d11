"""Dismiss: a file that gave no reading stays so, by somebody's word, and no replay lands it."""

import sqlalchemy as sa

from pipeline.store import arrivals
from transforms.errors import MeterbridgeError


class DismissRefusedError(MeterbridgeError):
    """What is not dismissed, and why; nothing was changed."""


def dismiss(store: sa.Engine, source: str, uri: str, *, by: str, reason: str) -> str:
    """Dismiss what gave no reading at a place, as a whole or row by row, and say so; DismissRefusedError else."""
    if not reason.strip():
        raise DismissRefusedError("say why: a dismissal is kept with its reason")
    with store.begin() as connection:
        found = arrivals.dismiss(connection, source, uri, by, reason.strip())
    if not found:
        raise DismissRefusedError(
            f"source {source}: no file {uri!r} waits that is quarantined whole, or of which every row is: see "
            "`meterbridge status`"
        )
    return f"{uri} is dismissed, and no replay reads it; it was quarantined: {'; '.join(found)}"
