"""A CSV file closed by a line of our own, by which one knows that it was read to its end and no quote stood open."""

import io
from typing import TYPE_CHECKING

import pyarrow as pa

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer  # exists for type checkers alone

MARK = "\x1a" * 8  # the sign of an end of file on old machines; no meter writes eight


class Closed(io.RawIOBase):
    """A file of UTF-8 that has one line more than it had."""

    def __init__(self, plain: pa.NativeFile, last_line: str) -> None:
        """Wrap an open file."""
        self._plain = plain
        self._rest = io.BytesIO(f"\n{last_line}\n".encode())

    def readable(self) -> bool:
        """Say that this is for reading."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill a buffer from the file, and from the last line once the file has no more."""
        return self._plain.readinto(buffer) or self._rest.readinto(buffer)

    def close(self) -> None:
        """Close the file."""
        self._plain.close()
        super().close()
