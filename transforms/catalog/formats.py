"""How raw files are written, one model a format; `pipeline.sources` has one reader for each."""

import codecs
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator

from transforms.catalog.definition import Definition

# The first word is longer than a label of a host's name may be: one codec is made for these alone.
PLAIN_TEXT = f'{"value;" * 12}"it\'s"\t|\r\n2025-03-01T00:00:00+01:00,-0123456789.5'


def _encoding(name: str) -> str:
    """Refuse what does not give plain text back when it is read in pieces: there are codecs of other things."""
    try:
        decoder = codecs.getincrementaldecoder(name)()
        pieces = [decoder.decode(bytes([byte])) for byte in PLAIN_TEXT.encode(name)]
        works = "".join([*pieces, decoder.decode(b"", final=True)]) == PLAIN_TEXT
    except (LookupError, ValueError):
        works = False
    if not works:
        raise ValueError(f"{name!r} is no encoding of text; write one such as utf-8, utf-16 or cp1252")
    return name


class Csv(Definition):
    """Delimited text; a line ends in LF, CR LF or CR. `names` are those of all columns, where no header has them."""

    kind: Literal["csv"] = "csv"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', max_length=1)  # none where it is empty
    escape: str | None = Field(default=None, min_length=1, max_length=1)
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    skip_lines: int = Field(default=0, ge=0)
    names: Annotated[tuple[str, ...], Field(min_length=1)] | None = None

    @field_validator("names")
    @classmethod
    def _differ(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if repeated := [name for name in names or () if (names or ()).count(name) > 1]:
            raise ValueError(f"names: {repeated[0]!r} stands there twice")
        return names


class Parquet(Definition):
    """Apache Parquet."""

    kind: Literal["parquet"]


class Excel(Definition):
    """A workbook (xlsx, xlsm, xlsb, xls or ods); `sheet` is the first one unless it is named."""

    kind: Literal["excel"]
    sheet: str | None = None
    skip_rows: int = Field(default=0, ge=0)


class JsonLines(Definition):
    """One JSON object on a line, in UTF-8; a column is the path of its keys, such as `usage.value`."""

    kind: Literal["json_lines"]


class Json(Definition):
    """One JSON document in UTF-8, such as an API's answer; a column is the path of its keys, such as `usage.value`.

    `records` leads to the records, as that of an API does.
    """

    kind: Literal["json"]
    records: tuple[str, ...] = ()


NEM12_COLUMNS = ("nmi", "suffix", "start", "value", "interval", "revision", "quality", "unit")
ANY_UNIT = "any"


class Nem12(Definition):
    """Interval data of the Australian electricity market.

    Its columns are `nmi` (the metering point: an account), `suffix` (of the channel, such as E1: a subscription),
    `start` (of the interval), `value`, `interval` (nmi, suffix and start as one: an event id, so that an interval
    delivered twice counts once), `revision` (a number that grows with the instant at which the day was updated and,
    within it, from estimate to substitute, final substitute and actual, so that the last word on an interval holds),
    `quality` (A, F, S, E or N; an attribute) and `unit` (as it is spelt; an attribute). An interval of quality N has no
    value, whatever stands there. The market's clock never changes: the zone is Australia/Brisbane. Channels in another
    unit than `unit` (upper or lower case) are quarantined; `any` takes all, for meters that filter by the attribute.
    A file that is not `framed` may lack record 100 or 900, or be several in a row; one that was cut off after a line is
    then not told.
    """

    kind: Literal["nem12"]
    unit: str = "kWh"
    framed: bool = True
