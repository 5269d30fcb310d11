"""The raw bytes of every file that was taken: lineage ends at them, and replay reads them when the inbox is empty."""

import shutil
from pathlib import Path

from pipeline.durable import aside, publish
from pipeline.durable import sha256 as hash_of
from transforms.errors import MeterbridgeError


class RawBytesError(MeterbridgeError):
    """The bytes of a raw file are not those that were looked for; the message says which file, and what to do."""


def raw_path(home: Path, source: str, sha256: str) -> Path:
    """Give the place of a raw file's bytes."""
    return home / "raw" / source / sha256[:2] / sha256


def keep_raw(path: Path, home: Path, source: str, sha256: str) -> Path:
    """Copy a raw file whole to its place, once; RawBytesError when its bytes are others by now."""
    final = raw_path(home, source, sha256)
    if final.exists():
        return final
    with aside(final.parent) as written:
        shutil.copyfile(path, written)
        if hash_of(written) != sha256:
            raise RawBytesError(f"{path}: it is still being written; extract it again when it is complete")
        publish(written, final)
    return final
