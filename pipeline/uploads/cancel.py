"""Cancel: an upload that nobody has begun to process is taken back; its import stays, with who did it and why."""

import sqlalchemy as sa

from pipeline.store import imports
from pipeline.uploads.submit import UnknownImportError
from transforms.errors import MeterbridgeError
from transforms.upload.tally import TEXT_MAX

INSTEAD = {
    "Processing": "; see what becomes of it: what it loads can be deleted",
    "Completed": "; delete its usage instead",
    "Failed": "; nothing of it was loaded",
}


class CancelRefusedError(MeterbridgeError):
    """What is not cancelled, and why; nothing was changed."""


class NotPendingError(CancelRefusedError):
    """An import that is past being cancelled; the message says how it stands, and what can be done instead."""


def cancel(store: sa.Engine, import_id: str, *, by: str, reason: str) -> None:
    """Cancel an upload that is still Pending: nothing of it will be loaded, and its file can be sent again.

    UnknownImportError where there is no such import, NotPendingError where it is in another status.
    """
    if not reason.strip():
        raise CancelRefusedError("say why: a cancellation is kept with its reason")
    told = f"cancelled by {by}: {reason.strip()}"[:TEXT_MAX]
    with store.begin() as connection:
        if imports.cancel(connection, import_id, by, told):
            return
        found = imports.find(connection, import_id)
    if found is None:
        raise UnknownImportError(f"there is no import {import_id}: `meterbridge imports` lists those that there are")
    status = found["status"]
    raise NotPendingError(
        f"import {import_id} is {status}: only one that is still Pending can be cancelled{INSTEAD.get(status, '')}"
    )
