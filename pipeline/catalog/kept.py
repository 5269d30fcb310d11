"""The catalog for a server, which needs it with every call: read once, and again when a file or a unit has changed."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.units import made_units
from transforms.catalog.units import Unit

# What is written twice within a tick of the file system's clock bears one stamp. No clock is coarser than this.
SETTLED_NS = 2_000_000_000
Stamps = Mapping[str, tuple[int, int, int, int]]


@dataclass(frozen=True)
class _Read:
    """A catalog as it was read, and what it was read from."""

    stamps: Stamps
    made: Mapping[str, Unit]
    catalog: Catalog


class KeptCatalog:
    """Gives the catalog as its files and the units that the API made are now. Threads share it: nobody changes it."""

    def __init__(self, folder: Path, store: sa.Engine, now_ns: Callable[[], int] = time.time_ns) -> None:
        """Read nothing yet."""
        self._folder, self._store, self._now_ns = folder, store, now_ns
        self._lock = threading.Lock()
        self._kept: _Read | None = None

    def __call__(self) -> Catalog:
        """Give the catalog; what is wrong in it is left out."""
        # Before the files are read: what is written meanwhile bears other stamps, and is read by the next call.
        now, made = self._now_ns(), made_units(self._store)
        stamps = dict(_stamps(self._folder))
        with self._lock:
            if self._kept and (self._kept.stamps, self._kept.made) == (stamps, made):
                return self._kept.catalog
            read = _Read(stamps, made, Catalog.load(self._folder, made))
            self._kept = read if _settled(stamps, now) else None
            return read.catalog


def _stamps(folder: Path) -> Iterator[tuple[str, tuple[int, int, int, int]]]:
    """Give what tells one state of a file from another, of all files of the folder and of the folders in it."""
    for each in _entries(folder):
        for file in _entries(Path(each.path)) if each.is_dir() else [each]:
            with suppress(FileNotFoundError):  # it was taken away meanwhile
                about = file.stat()
                yield file.path, (about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino)


def _entries(folder: Path) -> "list[os.DirEntry[str]]":
    try:
        with os.scandir(folder) as found:
            return list(found)
    except FileNotFoundError:
        return []


def _settled(stamps: Stamps, now_ns: int) -> bool:
    """Tell whether the last change lies so far back that another one would show."""
    return all(max(written, changed) < now_ns - SETTLED_NS for _, written, changed, _ in stamps.values())
