"""Days of UTC, and what is kept of each on disk: one small Parquet file a day, named by the landed files it is made of.

A late file changes that name for its own days alone, so only they are made again; the upkeep drops what it replaced.
What is kept may be deleted at any time: what is missing is made again from the readings.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.durable import aside, publish
from pipeline.store.manifest import LandedFile
from transforms.identity import digest
from transforms.period import DAY_US

PARTIALS, REPEATS = "partials", "repeats"  # folders of the home, by source and rules
NAME_DIGITS = 32
LONG_DAYS = 100  # a file over more days is asked which of them it holds: a clock that was wrong once made most of them


@dataclass(frozen=True)
class Day:
    """A day of UTC, counted from 1970, with the landed files that may hold readings of it."""

    number: int
    files: tuple[LandedFile, ...]

    @property
    def span(self) -> tuple[int, int]:
        """Its first microsecond, and that of the next day."""
        return self.number * DAY_US, (self.number + 1) * DAY_US

    @property
    def rows(self) -> int:
        """About how many readings it holds."""
        spans = ((file.at_us_max or 0) - (file.at_us_min or 0) for file in self.files)
        return sum(file.readings * DAY_US // max(DAY_US, span) for file, span in zip(self.files, spans, strict=True))

    @property
    def name(self) -> str:
        """The name of its file: the same landed files give the same name."""
        return f"{self.number}-{digest('day', *(file.file_id for file in self.files))[:NAME_DIGITS]}.parquet"


def days_of(files: Iterable[LandedFile], home: Path, from_us: int | None, until_us: int | None) -> Iterator[Day]:
    """List the days of a span (None: without a bound) that any file may hold readings of."""
    held: defaultdict[int, list[LandedFile]] = defaultdict(list)
    for file in files:
        for number in _numbers(file, home, from_us, until_us):
            held[number].append(file)
    return (Day(number, tuple(held[number])) for number in sorted(held))


def _numbers(file: LandedFile, home: Path, from_us: int | None, until_us: int | None) -> Iterable[int]:
    if file.at_us_min is None or file.at_us_max is None:
        return ()
    first = file.at_us_min if from_us is None else max(file.at_us_min, from_us)
    last = file.at_us_max if until_us is None else min(file.at_us_max, until_us - 1)
    span = range(first // DAY_US, last // DAY_US + 1)
    if len(span) <= LONG_DAYS:
        return span
    batches = pq.ParquetFile(home / "readings" / file.path).iter_batches(columns=["at_us"])
    days = (pc.unique(pc.divide(batch["at_us"], DAY_US)) for batch in batches)
    return {int(day) for some in days for day in some.to_numpy()}.intersection(span)


def whole_days(from_us: int | None, until_us: int) -> tuple[int | None, int]:
    """Widen a span to the days that it lies in."""
    return None if from_us is None else from_us // DAY_US * DAY_US, -(-until_us // DAY_US) * DAY_US


def kept(folder: Path, days: Iterable[Day], make: Callable[[list[Day]], Iterator[tuple[Day, pa.Table]]]) -> list[Path]:
    """Give the paths of the days' files in a folder; those that are not there yet are made, and kept one by one."""
    paths = {day: folder / day.name for day in days}
    there = {day for day, path in paths.items() if path.exists()}
    for day in there:
        with suppress(PermissionError):  # of one who may only read
            paths[day].touch()  # for `drop_replaced` to see that it is in use
    for day, table in make([day for day in paths if day not in there]):
        with aside(folder) as written:
            pq.write_table(table, written)
            publish(written, paths[day])
    return list(paths.values())


def drop_replaced(home: Path, before: datetime) -> int:
    """Drop the files that nobody asked for since an instant, and that later files of their day replaced; how many."""
    folders = (folder for kind in (PARTIALS, REPEATS) for folder in home.glob(f"{kind}/*/*"))
    return sum(_drop_replaced(folder, before) for folder in folders)


def _drop_replaced(folder: Path, before: datetime) -> int:
    asked = {path: path.stat().st_mtime for path in folder.glob("*.parquet")}
    last: defaultdict[str, float] = defaultdict(float)
    for path, at in asked.items():
        last[_day(path)] = max(last[_day(path)], at)
    old = [path for path, at in asked.items() if at < min(last[_day(path)], before.timestamp())]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _day(path: Path) -> str:
    return path.name.partition("-")[0]
