"""A CSV file closed by a line of our own, by which one knows that it was read to its end and no quote stood open."""

import codecs
import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # exists for type checkers alone

MARK = "\x1a" * 8  # the sign of an end of file on old machines; no meter writes eight
ASCII_MAX = 127


class Closed(io.RawIOBase):
    """A file of UTF-8 that has one line more than it had; UnicodeDecodeError where it is something else."""

    def __init__(self, plain: pa.NativeFile, last_line: str) -> None:
        """Wrap an open file."""
        self._plain = plain
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = io.BytesIO(f"\n{last_line}\n".encode())

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer from the file, and from the last line once the file has no more."""
        count = int(self._plain.readinto(buffer))
        self._check(memoryview(buffer)[:count])
        return count or self._rest.readinto(buffer)

    def _check(self, block: memoryview) -> None:
        """Decode a block for its errors alone; one of ASCII, as most are, has none."""
        if not block or self._decoder.getstate()[0] or np.frombuffer(block, np.uint8).max() > ASCII_MAX:
            self._decoder.decode(block, final=not block)

    def close(self) -> None:
        """Close the file."""
        self._plain.close()
        super().close()
