"""Send: a period's usage to the billing platform, in steps that may die anywhere and be taken again.

What is to be sent is written down before anything is sent. Before each upload the file's outcome is noted as unknown;
an unknown one is looked for on the platform before it is sent again, under the same Idempotency-Key. Once its import is
Completed, what the platform holds is read back and compared.
"""

from dataclasses import replace

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.store import sending, unsent
from pipeline.store.sending import SentFile
from pipeline.targets.errors import AGAIN, TargetError, TargetRefusedError, TargetUnavailableError
from pipeline.targets.parts import DEFAULT, Limits
from pipeline.targets.plan import plan
from pipeline.targets.platform import Platform
from pipeline.targets.read_back import read_back
from transforms.identity import digest
from transforms.period import Period

ON_ITS_WAY = {"Pending", "Processing"}
COMPLETED = "Completed"
FILE_IS_WRONG = {400, 413, 415, 422}  # statuses of a refusal that no other client and no later moment would change
NOT_FOUND = 404


def advance(store: sa.Engine, catalog: Catalog, platform: Platform, period: Period, limits: Limits = DEFAULT) -> bool:
    """Take the sending of a period as far as it goes now; True once the platform holds all of it, False to ask again.

    One file that fails keeps no other back; the first TargetError is raised in the end. UnfitRecordError where a file
    cannot say a record: then nothing new is sent.
    """
    plan(store, catalog, platform.name, period, limits)
    errors: list[TargetError] = []
    completed = []
    for file in _waiting(store, platform.name, period):
        try:
            uploaded = _uploaded(store, platform, file)
            completed += [uploaded] if _is_completed(store, platform, uploaded) else []
        except TargetError as error:
            errors.append(error)
    errors += read_back(store, platform, completed)
    if errors:
        raise errors[0]
    plan(store, catalog, platform.name, period, limits)
    return not _waiting(store, platform.name, period)


def described(store: sa.Engine, target: str, period: Period) -> list[str]:
    """Tell how the files of a period stand, and what of its usage is not sent."""
    with store.begin() as connection:
        lines = [str(file) for file in sending.files(connection, target, period)]
        left = unsent.without_charge(connection, period)
    if left:
        lines.append(f"{left} records have no charge and are not sent: see `meterbridge preflight {period}`")
    return lines


def _waiting(store: sa.Engine, target: str, period: Period) -> list[SentFile]:
    with store.begin() as connection:
        return sending.files(connection, target, period, waiting=True)


def _uploaded(store: sa.Engine, platform: Platform, file: SentFile) -> SentFile:
    """Upload a file that was not yet, again while no answer comes; gives it with its import."""
    if file.import_id:
        return file
    attempts = iter([file.state])  # after the first attempt the outcome is unknown

    def attempt() -> str:
        return _upload(store, platform, replace(file, state=next(attempts, sending.UNKNOWN)))

    return replace(file, state=sending.SENT, import_id=platform.patience.again(attempt))


def _upload(store: sa.Engine, platform: Platform, file: SentFile) -> str:
    found = _look(store, platform, file) if file.state == sending.UNKNOWN else None
    found = found or _send(store, platform, file)
    with store.begin() as connection:
        sending.sent(connection, file.file_id, found)
    return found


def _look(store: sa.Engine, platform: Platform, file: SentFile) -> str | None:
    """Look whether the platform has records of a file whose outcome is unknown."""
    with store.begin() as connection:
        accounts = sending.quantities(connection, file.file_id)
    return platform.find_import(file.file_name, min(accounts), file.created_at) if accounts else None


def _send(store: sa.Engine, platform: Platform, file: SentFile) -> str:
    with store.begin() as connection:
        content = sending.content(connection, file.file_id)
        sending.intend(connection, file.file_id)
    if content is None:
        raise TargetUnavailableError(
            f"{file.file_name}: somebody else has finished it meanwhile; send again to see how"
        )
    try:
        return platform.upload(file.file_name, content, digest(file.target, file.file_name, file.sha256))
    except TargetRefusedError as error:
        if error.status not in FILE_IS_WRONG:
            raise
        _fail(store, file, str(error), loaded=False)
        raise TargetRefusedError(f"{file.file_name}: {error}; {AGAIN}", error.status) from None


def _is_completed(store: sa.Engine, platform: Platform, file: SentFile) -> bool:
    """Tell whether a file's import is Completed, or still on its way; TargetError where it failed."""
    status, message = _status(store, platform, file)
    if status not in {*ON_ITS_WAY, COMPLETED}:
        reason = f"import {file.import_id} is {status}: {message}"
        _fail(store, file, reason, loaded=False)
        raise TargetError(f"{file.file_name}, sent to {file.target}: {reason}; nothing of it is loaded there; {AGAIN}")
    return status == COMPLETED


def _status(store: sa.Engine, platform: Platform, file: SentFile) -> tuple[str, str]:
    try:
        return platform.status(file.import_id or "")
    except TargetRefusedError as error:
        if error.status == NOT_FOUND:
            _fail(store, file, str(error), loaded=True)
        raise


def _fail(store: sa.Engine, file: SentFile, reason: str, *, loaded: bool) -> None:
    with store.begin() as connection:
        sending.fail(connection, file.file_id, reason, loaded=loaded)
