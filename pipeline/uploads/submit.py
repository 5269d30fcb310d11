"""Submit: take an uploaded file, or refuse it; what is taken is kept, and waits as a Pending import."""

import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import BinaryIO

import sqlalchemy as sa

from pipeline.durable import aside, publish
from pipeline.store import imports, locks, usage
from pipeline.uploads.refused import UploadRefusedError
from pipeline.uploads.rows import read_rows
from pipeline.uploads.table import KINDS, kind_of
from transforms.errors import MeterbridgeError
from transforms.identity import digest, import_id
from transforms.upload.dates import Locale
from transforms.upload.reasons import Refusal

BYTES_MAX = 4 << 20
NAME_MAX = 50
BLOCK = 1 << 16
UNSAFE = re.compile(r"[/\\:\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")  # the last turn the order of letters round
FOLDER = "imports"


class UnknownImportError(MeterbridgeError):
    """There is no such import."""


@dataclass(frozen=True)
class Upload:
    """A file as it was sent; `locale` says how its dates are written, `md5` (hex) what its bytes should be."""

    file_name: str
    content: bytes | Path | BinaryIO
    locale: str = Locale.US
    md5: str | None = None


@dataclass(frozen=True)
class Submitted:
    """What became of a file: `accepted` as a new import, or `exists`: the same usage is loaded, or on its way."""

    import_id: str
    outcome: str
    size: int


def submit(store: sa.Engine, home: Path, upload: Upload, *, by: str, repeat_reason: str = "") -> Submitted:
    """Take a file; with `repeat_reason`, although the same usage is loaded. UploadRefusedError creates nothing."""
    locale, ending = _locale(upload.locale), _ending(upload.file_name)
    with aside(home / FOLDER) as written:
        size, md5 = _write(upload, written)
        if kind_of(written) != KINDS[ending]:
            found = f"{upload.file_name!r} holds something else than its name says"
            raise UploadRefusedError(Refusal.TYPE_UNKNOWN, found)
        content = read_rows(written, {}, locale).content
        about: dict[str, object] = {
            "source_type": "File",
            "name": upload.file_name,
            "file_name": upload.file_name,
            "md5": md5,
            "status": "Pending",
            "reason": repeat_reason,
            "validation": {"locale": locale},
            "created_by": by,
            "updated_by": by,
        }
        with store.begin() as connection:
            slot = _slot(connection, content, repeat_reason)
            return _enter(connection, home, written, about | {"slot": slot, "content_hash": slot}, size, ending)


def _enter(
    connection: sa.Connection, home: Path, written: Path, about: Mapping[str, object], size: int, ending: str
) -> Submitted:
    """Add an import, unless the active one of the same content still stands for it."""
    slot = str(about["slot"])
    locks.exclusive(connection, "upload", slot)
    active = usage.active_import(connection, slot)
    if active and active.holds(slot):
        return Submitted(active.import_id, "exists", size)
    follows = active.import_id if active else None
    new = import_id(slot, follows)
    if follows:
        usage.supersede(connection, follows, new)
    path = f"{new}/original{ending}"
    publish(written, home / FOLDER / path)
    imports.add(connection, {**about, "import_id": new, "follows": follows, "original_path": path})
    return Submitted(new, "accepted", size)


def _slot(connection: sa.Connection, content: str, repeat_reason: str) -> str:
    """Name the slot of a content; that of a repetition is its reason's own, so that it too is loaded once."""
    if not repeat_reason.strip():
        return content
    active = usage.active_import(connection, content)
    if active is None or not active.holds(content):
        raise UploadRefusedError(Refusal.NOTHING_TO_REPEAT, "no import of the same usage stands")
    return digest("repeat", content, repeat_reason.strip())


def _locale(name: str) -> Locale:
    try:
        return Locale(name)
    except ValueError as error:
        raise UploadRefusedError(Refusal.LOCALE_UNKNOWN, repr(name[:NAME_MAX])) from error


def _ending(name: str) -> str:
    """Give the ending of a file name that can be taken."""
    if not name.strip():
        raise UploadRefusedError(Refusal.NAME_MISSING, "the file has no name")
    if len(name) > NAME_MAX:
        raise UploadRefusedError(Refusal.NAME_TOO_LONG, f"it has {len(name)} characters")
    if UNSAFE.search(name):
        raise UploadRefusedError(Refusal.NAME_INVALID, repr(name))
    ending = PurePath(name).suffix.lower()
    if ending not in KINDS:
        raise UploadRefusedError(Refusal.TYPE_UNKNOWN, repr(name))
    return ending


def _write(upload: Upload, path: Path) -> tuple[int, str]:
    """Write what was sent, as much as may be; gives its size and the MD5 of its bytes."""
    size, md5 = 0, hashlib.md5(usedforsecurity=False)
    with _stream(upload.content) as source, path.open("wb") as file:
        while block := source.read(BLOCK):
            size += len(block)
            if size > BYTES_MAX:
                raise UploadRefusedError(Refusal.FILE_TOO_LARGE, f"it has more than {BYTES_MAX} bytes")
            md5.update(block)
            file.write(block)
    if not size:
        raise UploadRefusedError(Refusal.EMPTY_FILE, "it holds no byte")
    if upload.md5 is not None and upload.md5.lower() != md5.hexdigest():
        raise UploadRefusedError(Refusal.MD5_MISMATCH, f"what came has {md5.hexdigest()}")
    return size, md5.hexdigest()


@contextmanager
def _stream(content: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(content, bytes):
        yield io.BytesIO(content)
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    else:
        yield content
