"""NEM12: interval data of the Australian electricity market, one record a line.

    100  header               100,NEM12,...
    200  channel of a meter   200,NMI,configuration,register,suffix,stream,serial,unit,minutes of an interval,...
    300  day of the channel   300,date,value of every interval,quality,...
    400  quality of some intervals of the day above: 400,first,last,quality,...
    500  reading by hand of the day above
    900  end

Records 500 are passed over. A file that lacks its first or last record, has one out of its place, or a day that is not
whole, is refused: what is left of it cannot be told from what is missing. Where the source says that its files are not
`framed`, as what a portal lets customers download, they may lack the first and the last, or be several in a row.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipeline.sources.batches import Opened, Row, batched
from pipeline.sources.lines import numbered_lines
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.formats import ANY_UNIT, NEM12_COLUMNS, Nem12
from transforms.catalog.source import Source
from transforms.catalog.wide import numbers_of_a_line

DAY = {"200", "300", "400", "500", "900"}  # what can follow upon a day
UNFRAMED = "the start"  # of a file that may lack record 100
FOLLOWING = {
    "": {"100"}, UNFRAMED: {"100", "200"}, "100": {"200", "900"}, "200": {"200", "300", "900"},
    "300": DAY, "400": DAY, "500": DAY,
}  # fmt: skip
STARTS = {
    str(length): [f"{minute // 60:02}:{minute % 60:02}" for minute in range(0, 24 * 60, length)]
    for length in (1, 5, 10, 15, 30, 60)  # the market's are 5, 15 and 30; meters of voltage and others have their own
}
QUALITY = re.compile(r"[AEFNSV]\d{0,2}")  # a letter, and by which method
RANKS = {"N": 0, "E": 1, "S": 2, "F": 3, "A": 4}  # none, estimate, substitute, final substitute, actual
VARIES = "V"  # records 400 tell
UPDATED = re.compile(r"[0-9]{8}([0-9]{2}){0,3}")  # YYYYMMDDHHMMSS, of which some leave the end out


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


def read(path: Path, source: Source) -> Opened:
    """Read the intervals of a NEM12 file: `start` is local, such as 2004-02-01T00:30, on the market's clock."""
    wanted = [NEM12_COLUMNS.index(theirs) for theirs in source.named().values()]
    assert isinstance(source.format, Nem12)  # noqa: S101 narrows the type; the reader was chosen by it
    found = _intervals(path, source.format)
    rows = (Row(row, defect, tuple(texts[index] for index in wanted)) for row, defect, texts in found)
    return Opened(NEM12_COLUMNS, batched(rows, source))


def _intervals(path: Path, form: Nem12) -> Iterator[tuple[int, str | None, tuple[str, ...]]]:
    """Give row number, defect and NEM12_COLUMNS of every interval."""
    days, numbers = 0, _numbers_of_a_line(path)
    for channel, day, qualities in _days(path, framed=form.framed):
        days += 1
        known = form.unit == ANY_UNIT or channel.unit.casefold() == form.unit.casefold()
        defect = None if known else "other_unit"
        first = day.line * numbers + 1
        yield from ((row, defect, texts) for row, texts in enumerate(_day(channel, day, qualities), start=first))
    if not days:
        raise UnreadableFileError("empty_file: it holds no day (record 300)")


def _numbers_of_a_line(path: Path) -> int:
    """Tell how many row numbers a line takes: more in a file with a channel of minutes, all of which say so."""
    channels = (text.split(",") for _, text in numbered_lines(path) if text.startswith("200"))
    lengths = {"".join(fields[8:9]).strip() for fields in channels}
    return numbers_of_a_line(max((len(STARTS.get(length, "")) for length in lengths), default=0))


def _days(path: Path, *, framed: bool) -> Iterator[tuple[Channel, Record, list[Record]]]:
    """Give every record 300 with its channel, and with the records 400 that follow upon it."""
    channel: Channel | None = None
    day: Record | None = None
    qualities: list[Record] = []
    for record in _records(path, framed=framed):
        if record.kind == "400":
            qualities.append(record)
        if record.kind not in {"200", "300", "900"}:
            continue
        if channel and day:
            yield channel, day, qualities
        channel = _channel(record) if record.kind == "200" else channel
        day, qualities = (record if record.kind == "300" else None), []
    if channel and day:  # no record 900 came
        yield channel, day, qualities


def _records(path: Path, *, framed: bool) -> Iterator[Record]:
    """Give the file's records, each in its place, from 100 to 900; either may be missing where it is not framed."""
    previous, line = "" if framed else UNFRAMED, 0
    for line, text in numbered_lines(path):
        fields = tuple(field.strip() for field in text.split(","))
        record = Record(line, fields[0], fields)
        _check_place(record, previous)
        previous = UNFRAMED if record.kind == "900" and not framed else record.kind
        yield record
    if framed and previous != "900":
        raise UnreadableFileError(
            f"missing_end: the last record, on line {line}, is no 900; the file is cut off, unless its sender never "
            "writes one: then declare format.framed: false"
        )


def _check_place(record: Record, previous: str) -> None:
    if not previous and record.kind != "100":
        advice = "; format.framed: false takes it" if record.kind in FOLLOWING[UNFRAMED] else ""
        reason = f"the first record is {record.kind[:20]!r}, where 100,NEM12 must stand{advice}"
        raise record.refused("missing_header", reason)
    if record.kind not in FOLLOWING.get(previous, set()):
        raise record.refused("wrong_record", f"{record.kind[:20]!r} cannot follow upon {previous}")
    if record.kind == "100" and (version := ",".join(record.fields[1:2])) != "NEM12":
        advice = "; it holds accumulated readings: docs/sources.md reads them as CSV" if version == "NEM13" else ""
        raise record.refused("wrong_version", f"{version!r} is not NEM12{advice}")


def _channel(record: Record) -> Channel:
    """Read a 200 record."""
    nmi, suffix, unit, length = (record.fields[index : index + 1] for index in (1, 4, 7, 8))
    if not (nmi and nmi[0] and suffix and suffix[0]):
        raise record.refused("wrong_channel", "it names no NMI or no suffix")
    if not length or length[0] not in STARTS:
        raise record.refused("wrong_channel", f"intervals last {', '.join(STARTS)} minutes, not {''.join(length)!r}")
    return Channel(nmi[0], suffix[0], unit[0], STARTS[length[0]])


def _day(channel: Channel, record: Record, changes: list[Record]) -> Iterator[tuple[str, ...]]:
    """Read a 300 record: as many values as the day has intervals, then their quality and when it was updated."""
    day, count = _date(record), len(channel.starts)
    values, rest = record.fields[2 : 2 + count], record.fields[2 + count :]
    _check_count(record, day, count)
    qualities = _qualities(record, rest[0], changes, count)
    updated = _updated(record, "".join(rest[3:4]))
    for start, value, quality in zip(channel.starts, values, qualities, strict=True):
        stamp = f"{day}T{start}"
        interval = f"{channel.nmi}/{channel.suffix}/{stamp}"
        known = "" if quality == "N" else value  # what stands there is no measurement
        revision = str(updated * 10 + RANKS[quality])
        yield channel.nmi, channel.suffix, stamp, known, interval, revision, quality, channel.unit


def _check_count(record: Record, day: str, expected: int) -> None:
    """Refuse a day whose quality does not follow right upon its intervals."""
    count = next((index for index, field in enumerate(record.fields[2:]) if QUALITY.fullmatch(field)), None)
    if count is None:
        raise record.refused("wrong_interval_count", f"no quality follows upon {expected} intervals of {day}")
    if count != expected:
        raise record.refused("wrong_interval_count", f"{day} has {count} intervals of {expected}")


def _qualities(record: Record, of_day: str, changes: list[Record], count: int) -> list[str]:
    """Give the letter of each interval's quality: that of the day, or what records 400 say instead."""
    qualities = [of_day[0]] * count
    for change in changes:
        first, last, quality = (*change.fields[1:4], "", "", "")[:3]
        if not (first.isdecimal() and last.isdecimal() and 1 <= int(first) <= int(last) <= count):
            raise change.refused("wrong_quality", f"{first!r} to {last!r} are no intervals of 1 to {count}")
        if not QUALITY.fullmatch(quality) or quality[0] == VARIES:
            raise change.refused("wrong_quality", f"{quality!r} is no quality of an interval")
        qualities[int(first) - 1 : int(last)] = quality[0] * (int(last) - int(first) + 1)
    if VARIES in qualities:
        untold = qualities.index(VARIES) + 1
        raise record.refused("wrong_quality", f"the quality varies, and no record 400 tells that of interval {untold}")
    return qualities


def _updated(record: Record, text: str) -> int:
    """Give the instant at which a day was last updated as the number YYYYMMDDHHMMSS; 0 where it is not told."""
    if text and not UPDATED.fullmatch(text):
        raise record.refused("wrong_update", f"{text!r} is no instant such as 20040202120025")
    return int(text.ljust(14, "0")) if text else 0


def _date(record: Record) -> str:
    """Give the day of a 300 record as 2004-02-01."""
    text = "".join(record.fields[1:2])
    try:
        if not re.fullmatch(r"[0-9]{8}", text):
            raise ValueError("not eight digits")  # noqa: TRY301 one way out for all that is no date
        return f"{datetime.strptime(text, '%Y%m%d'):%Y-%m-%d}"  # noqa: DTZ007 a day of the source's own clock
    except ValueError as error:
        raise record.refused("wrong_day", f"{text!r} is no date such as 20040201") from error
