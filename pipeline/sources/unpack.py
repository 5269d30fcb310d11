"""Unpacking, told by content and never by name: a gzip, or a zip of one file. What is unpacked is packed no more.

Nothing is written under a name that an archive gives, and what it unpacks to is counted while it is written.
"""

import errno
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pyarrow as pa

from pipeline.sources.unreadable import UnreadableFileError
from pipeline.zips import ENCRYPTED, METHODS
from transforms.lists import first_few

BLOCK = 1 << 20
BYTES_MAX = 32 << 30  # of one file, unpacked
RATIO_MAX = 200  # metering data packs 5 to 50 times; a bomb a thousand times
RATIO_FREE_BYTES = 64 << 20  # a month without any use packs well too, and is small
DIRECTORY_MAX = 1 << 20  # bytes of a zip's list of members, read as one piece
SIGNATURES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"PK\x05\x06": "zip"}
NAMES_SHOWN, NAME_SHOWN = 3, 60  # of several members, and characters of each name
END_OF_ZIP = struct.Struct("<4s4H2LH")
END_OF_ZIP_MAX = END_OF_ZIP.size + 0xFFFF  # it closes with a comment of any length
NOT_THE_MACHINE = {None, errno.EINVAL}  # said by a library of its input; a jump to before the file's first byte
DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, ValueError, NotImplementedError)
WORKBOOKS = {"[Content_Types].xml", "mimetype"}  # parts by which a zip is a workbook of Excel, or of OpenDocument


@contextmanager
def unpacked(path: Path, *, keep_workbook: bool = False, bytes_max: int = BYTES_MAX) -> Iterator[Path]:
    """Give the file, or an unpacked copy of it; UnreadableFileError when it is empty, damaged or a bomb.

    A workbook, which is a zip of many parts, is as it is to be when `keep_workbook` says so.
    """
    packing = _packing(path, keep_workbook=keep_workbook)
    if path.stat().st_size == 0:
        raise UnreadableFileError("empty_file: it holds no byte")
    if packing is None:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="meterbridge-") as folder:
        plain = Path(folder) / "unpacked"
        (_from_gzip if packing == "gzip" else _from_zip)(path, plain, bytes_max)
        if not plain.stat().st_size:
            raise UnreadableFileError("empty_file: nothing is left when it is unpacked")
        if inner := _packing(plain, keep_workbook=keep_workbook):
            raise UnreadableFileError(
                f"nested_archive: a {inner} lies in the {packing}; unpack it once and deliver that"
            )
        yield plain


def _packing(path: Path, *, keep_workbook: bool) -> str | None:
    with path.open("rb") as file:
        start = file.read(4)
    found = next((packing for signature, packing in SIGNATURES.items() if start.startswith(signature)), None)
    return None if found == "zip" and keep_workbook and _is_workbook(path) else found


def _is_workbook(path: Path) -> bool:
    _check_directory(path)
    with _damage_told("zip"), zipfile.ZipFile(path) as archive:
        return not WORKBOOKS.isdisjoint(archive.namelist())


def _from_gzip(path: Path, plain: Path, bytes_max: int) -> None:
    with _damage_told("gzip"), pa.input_stream(str(path), compression="gzip") as packed:
        _copy(partial(packed.read, BLOCK), plain, path.stat().st_size, bytes_max)


def _from_zip(path: Path, plain: Path, bytes_max: int) -> None:
    _check_directory(path)
    with _damage_told("zip"), zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as packed:
        _copy(partial(packed.read, BLOCK), plain, path.stat().st_size, bytes_max)


@contextmanager
def _damage_told(packing: str) -> Iterator[None]:
    try:
        yield
    except DAMAGE as error:
        if _is_the_machine(error):
            raise
        raise _damaged(packing, error) from error


def _is_the_machine(error: Exception) -> bool:
    """Tell the machine's own trouble, such as a full disk, from damage: the file may be good, and is tried again."""
    return isinstance(error, OSError) and error.errno not in NOT_THE_MACHINE


def _damaged(packing: str, error: Exception) -> UnreadableFileError:
    return UnreadableFileError(f"damaged_{packing}: {error}; ask the sender for the file again")


def _check_directory(path: Path) -> None:
    """Refuse a zip whose list of members is too long to be read at all."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - END_OF_ZIP_MAX))
        tail = file.read()
    found = tail.rfind(b"PK\x05\x06")
    if found < 0 or len(tail) - found < END_OF_ZIP.size:
        raise _damaged("zip", EOFError("its end is missing"))
    size = END_OF_ZIP.unpack_from(tail, found)[5]
    if size > DIRECTORY_MAX:
        raise UnreadableFileError(f"several_files: the zip's list of files has {size} bytes; deliver each on its own")


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Find the one file of the zip."""
    members = [each for each in archive.infolist() if not _is_aside(each)]
    if not members:
        raise UnreadableFileError("empty_file: the zip holds no file")
    if len(members) > 1:
        named = first_few([repr(each.filename[:NAME_SHOWN]) for each in members], NAMES_SHOWN)
        raise UnreadableFileError(
            f"several_files: the zip holds {len(members)} of them ({named}); deliver each on its own"
        )
    if members[0].flag_bits & ENCRYPTED:
        raise UnreadableFileError("encrypted_zip: it asks for a password; deliver it without")
    if members[0].compress_type not in METHODS:
        raise UnreadableFileError(f"unsupported_zip: compression {members[0].compress_type}; deliver it deflated")
    return members[0]


def _is_aside(member: zipfile.ZipInfo) -> bool:
    """Tell folders from files, and what is not the sender's: macOS adds its own notes on every file and folder."""
    name = member.filename
    return name.startswith("__MACOSX/") or name.endswith(".DS_Store") or (name.endswith("/") and not member.file_size)


def _copy(read: Callable[[], bytes], plain: Path, packed_bytes: int, bytes_max: int) -> None:
    """Write what is unpacked until it is out of all proportion."""
    allowed = min(bytes_max, max(RATIO_FREE_BYTES, RATIO_MAX * packed_bytes))
    written = 0
    with plain.open("wb") as file:
        while block := read():
            written += len(block)
            if written > allowed:
                raise UnreadableFileError(f"too_large: it unpacks from {packed_bytes} to more than {allowed} bytes")
            file.write(block)
