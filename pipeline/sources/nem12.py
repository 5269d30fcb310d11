"""NEM12: interval data of the Australian electricity market, one record a line.

    100  header               100,NEM12,...
    200  channel of a meter   200,NMI,configuration,register,suffix,stream,serial,unit,minutes of an interval,...
    300  day of the channel   300,date,value of every interval,quality,...
    400  quality of some intervals of the day above
    500  reading by hand of the day above
    900  end

Qualities and records 400 and 500 are passed over. A file that lacks its first or last record, has one out of its
place, or a day that is not whole, is refused: what is left of it cannot be told from what is missing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from pipeline.sources.batches import Row, batched, check_columns
from pipeline.sources.lines import numbered_lines
from pipeline.sources.unreadable import UnreadableFileError
from transforms.source import Nem12, Source

FIELDS = ("nmi", "suffix", "start", "value", "interval")
DAY = {"200", "300", "400", "500", "900"}  # what can follow upon a day
FOLLOWING = {"": {"100"}, "100": {"200", "900"}, "200": {"200", "300", "900"}, "300": DAY, "400": DAY, "500": DAY}
STARTS = {
    str(length): [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, length)]
    for length in (5, 15, 30)
}
QUALITY = re.compile(r"[AEFNSV]\d{0,2}")
LINE = 1000  # a row's number is its line times this, plus its place in the day: there are at most 288 intervals


@dataclass(frozen=True)
class Record:
    """One line of the file, split at its commas; `kind` is its first field."""

    line: int
    kind: str
    fields: tuple[str, ...]

    def refused(self, code: str, reason: str) -> UnreadableFileError:
        """Give the error that refuses the file for this record."""
        return UnreadableFileError(f"{code}: line {self.line}: {reason}")


@dataclass(frozen=True)
class Channel:
    """What one register of a meter measures: `starts` are its intervals' times of the day."""

    nmi: str
    suffix: str
    unit: str
    starts: list[str]


def read(path: Path, source: Source) -> Iterator[pa.RecordBatch]:
    """Read the intervals of a NEM12 file: `start` is local, such as 2004-02-01T00:30, on the market's clock."""
    check_columns(FIELDS, source)
    wanted = [FIELDS.index(theirs) for theirs in source.columns.named().values()]
    assert isinstance(source.format, Nem12)  # noqa: S101 narrows the type; the reader was chosen by it
    found = _intervals(path, source.format.unit)
    return batched((Row(row, defect, tuple(texts[index] for index in wanted)) for row, defect, texts in found), source)


def _intervals(path: Path, unit: str) -> Iterator[tuple[int, str | None, tuple[str, ...]]]:
    """Give row number, defect and FIELDS of every interval."""
    channel: Channel | None = None
    days = 0
    for record in _records(path):
        if record.kind == "200":
            channel = _channel(record)
        elif record.kind == "300" and channel is not None:  # a day follows a channel: _records sees to that
            days += 1
            defect = None if channel.unit.casefold() == unit.casefold() else "other_unit"
            yield from ((row, defect, texts) for row, texts in _day(record, channel))
    if not days:
        raise UnreadableFileError("empty_file: it holds no day (record 300)")


def _records(path: Path) -> Iterator[Record]:
    """Give the file's records, each in its place, from 100 to 900."""
    previous, line = "", 0
    for line, text in numbered_lines(path):
        fields = tuple(field.strip() for field in text.split(","))
        record = Record(line, fields[0], fields)
        _check_place(record, previous)
        previous = record.kind
        yield record
    if previous != "900":
        raise UnreadableFileError(f"missing_end: the last record, on line {line}, is no 900; the file is cut off")


def _check_place(record: Record, previous: str) -> None:
    if not previous and record.kind != "100":
        raise record.refused("missing_header", f"the first record is {record.kind!r}, where 100,NEM12 must stand")
    if record.kind not in FOLLOWING.get(previous, set()):
        raise record.refused("wrong_record", f"{record.kind[:20]!r} cannot follow upon {previous}")
    if record.kind == "100" and record.fields[1:2] != ("NEM12",):
        raise record.refused("wrong_version", f"{','.join(record.fields[1:2])!r} is not NEM12")


def _channel(record: Record) -> Channel:
    """Read a 200 record."""
    nmi, suffix, unit, length = (record.fields[index : index + 1] for index in (1, 4, 7, 8))
    if not (nmi and nmi[0] and suffix and suffix[0]):
        raise record.refused("wrong_channel", "it names no NMI or no suffix")
    if not length or length[0] not in STARTS:
        raise record.refused("wrong_channel", f"intervals last {', '.join(STARTS)} minutes, not {''.join(length)!r}")
    return Channel(nmi[0], suffix[0], unit[0], STARTS[length[0]])


def _day(record: Record, channel: Channel) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Read a 300 record: as many values as the day has intervals, then the quality."""
    day = _date(record)
    values = record.fields[2:]
    count = next((index for index, field in enumerate(values) if QUALITY.fullmatch(field)), None)
    expected = len(channel.starts)
    if count is None:
        raise record.refused("wrong_interval_count", f"no quality follows upon {expected} intervals of {day}")
    if count != expected:
        raise record.refused("wrong_interval_count", f"{day} has {count} intervals of {expected}")
    for place, (start, value) in enumerate(zip(channel.starts, values[:count], strict=True), start=1):
        stamp = f"{day}T{start}"
        interval = f"{channel.nmi}/{channel.suffix}/{stamp}"
        yield record.line * LINE + place, (channel.nmi, channel.suffix, stamp, value, interval)


def _date(record: Record) -> str:
    """Give the day of a 300 record as 2004-02-01."""
    text = "".join(record.fields[1:2])
    try:
        if not re.fullmatch(r"[0-9]{8}", text):
            raise ValueError("not eight digits")  # noqa: TRY301 one way out for all that is no date
        return f"{datetime.strptime(text, '%Y%m%d'):%Y-%m-%d}"  # noqa: DTZ007 a day of the source's own clock
    except ValueError as error:
        raise record.refused("wrong_day", f"{text!r} is no date such as 20040201") from error
