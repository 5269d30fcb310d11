"""Files that are there whole or not at all: written aside, synced, and renamed to a name made of their content."""

import hashlib
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sha256(path: Path) -> str:
    """Hash a file's bytes to 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def aside(folder: Path) -> Iterator[Path]:
    """Give a path in the folder to write to; what still lies there at the end is removed."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f".{uuid.uuid4().hex}.tmp"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def publish(written: Path, final: Path) -> None:
    """Bring a written file to its final name so that even a power cut leaves it whole or absent."""
    _sync(written)
    final.parent.mkdir(parents=True, exist_ok=True)
    written.replace(final)
    _sync(final.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
