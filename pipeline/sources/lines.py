"""Lines of UTF-8 text with their numbers, in bounded memory."""

from collections.abc import Iterator
from pathlib import Path

from pipeline.sources.unreadable import UnreadableFileError

LINE_MAX = 1 << 20  # characters; a longer line is no line of a metering file, and would not fit the memory


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Give every line that is not blank, stripped, with its number from 1; it ends in LF, CR LF or CR.

    UnreadableFileError when the file is not UTF-8, has a line of more than LINE_MAX characters, or holds none.
    """
    number = last = 0
    # Bytes that are not UTF-8 are let through as lone surrogates, so that the line they stand on can be named.
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        while line := file.readline(LINE_MAX + 1):
            number += 1
            if len(line) > LINE_MAX:
                raise UnreadableFileError(f"long_line: line {number} has more than {LINE_MAX} characters")
            _check_encoding(line, number)
            if text := line.strip():
                last = number
                yield number, text
    if not last:
        raise UnreadableFileError("empty_file: it holds no line of text")


def _check_encoding(line: str, number: int) -> None:
    try:
        line.encode()
    except UnicodeEncodeError as error:
        raise UnreadableFileError(f"wrong_encoding: line {number} is not UTF-8") from error
