"""A source: where raw metering data arrives, and what its columns, clocks and duplicates mean."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from transforms.catalog.columns import Columns, Value, column_and_part
from transforms.catalog.definition import Definition, Exact, Name
from transforms.catalog.formats import ANY_UNIT, NEM12_COLUMNS, Csv, Excel, Json, JsonLines, Nem12, Parquet
from transforms.catalog.origins import Http, Sql
from transforms.catalog.time_rules import Marks, Pattern, Time
from transforms.catalog.wide import Wide, accounts_of, columns_of
from transforms.period import DAY_SECONDS

PLACEHOLDERS = ("account", "subscription")


class Duplicates(StrEnum):
    """What a repeated reading means. With event ids: the same id; without: the same content."""

    KEEP = "keep"  # a reading of its own
    EXACT = "exact"  # counted once when all of it is equal; conflicting rows of one id are quarantined
    REJECT = "reject"  # each of them is quarantined


class Source(Definition):
    """The content of `catalog/sources/<source>.yaml`, or of a meter's `source:` when it stands there.

    Its readings come from `files`, or are fetched by a query (`sql`) or from an address (`http`). `revisions` lists the
    words of the column `revision` from the lowest to the highest, or is the pattern of its stamps; without it they are
    whole numbers or ISO 8601 stamps.
    `interval_seconds` is how far apart its samples are; `lookup` names the table that turns what the source calls an
    account into accounts and charges. Where it is `wide`, a row holds a day, or the readings of many accounts, and
    `columns.value` is a range of columns. Rows with one of these texts in a column of `leave_out` are no readings.
    """

    source: Name
    description: str = ""
    owner: str = ""
    files: str | None = None
    sql: Sql | None = None
    http: Http | None = None
    format: Annotated[Csv | Excel | Json | JsonLines | Nem12 | Parquet, Field(discriminator="kind")] = Csv()
    columns: Columns
    wide: Wide | None = None
    value: Value = Value()
    time: Time = Time()
    duplicates: Duplicates = Duplicates.REJECT
    revisions: Annotated[tuple[str, ...], Field(min_length=2)] | Pattern | None = None
    interval_seconds: Annotated[int, Field(gt=0, le=DAY_SECONDS)] | None = None
    lookup: Name | None = None
    leave_out: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = Field(default_factory=dict)
    quarantine_limit: Annotated[Exact, Field(ge=0, le=1)] = Decimal("0.05")

    @field_validator("format", mode="before")
    @classmethod
    def _csv_unless_it_says(cls, value: object) -> object:
        return {"kind": "csv", **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _stamps_of_nem12(self) -> "Source":
        if not isinstance(self.format, Nem12):
            return self
        if self.time.zone == "UTC":
            raise ValueError("NEM12 is written on the market's clock, 10 hours ahead: time.zone is Australia/Brisbane")
        if apart := [name for name in ("at_time", "at_interval") if name in self.named()]:
            raise ValueError(f"columns.{apart[0]}: NEM12 has date and time in one column, start; leave {apart[0]} out")
        if self.time.marks is Marks.END:
            raise ValueError("time.marks: the stamps of NEM12 mark the start of an interval; leave marks out")
        return self

    @model_validator(mode="after")
    def _two_texts_make_a_stamp(self) -> "Source":
        if self.time_apart and self.time.format != "iso" and " " not in self.time.format:
            raise ValueError(
                f"{'wide: time' if self.wide else 'columns.at_time'}: "
                "date and time are read as one text with a blank between them; "
                "time.format is iso, or a pattern with that blank such as %d.%m.%Y %H:%M"
            )
        return self

    @model_validator(mode="after")
    def _an_end_has_a_start(self) -> "Source":
        if self.time.marks is Marks.END and self.interval_seconds is None:
            raise ValueError("time.marks end: say how long the intervals are that the stamps end (interval_seconds)")
        return self

    @model_validator(mode="after")
    def _days_can_be_spread(self) -> "Source":
        if self.wide is None or self.wide is Wide.ACCOUNT:
            return self
        if isinstance(self.format, Nem12) or self.columns.at_time is not None or self.columns.event_id is not None:
            raise ValueError("wide: leave columns.at_time and columns.event_id out; NEM12 is spread without this key")
        if self.interval_seconds is None:
            raise ValueError("wide: say how long the interval of a column is (interval_seconds)")
        places = len(columns_of(self.columns.value or "", self.interval_seconds))
        if self.wide is Wide.ORDINAL and places * self.interval_seconds < DAY_SECONDS:
            raise ValueError(f"wide: {places} intervals of {self.interval_seconds} seconds do not fill a day")
        return self

    @model_validator(mode="after")
    def _accounts_have_columns(self) -> "Source":
        if self.wide is not Wide.ACCOUNT:
            return self
        if isinstance(self.format, Nem12) or self.columns.event_id is not None:
            raise ValueError("wide: account: leave columns.event_id out; NEM12 names its meters without this key")
        if self.columns.account is not None or "{account}" in (self.files or ""):
            raise ValueError("wide: account: columns say whose they are; leave columns.account and {account} out")
        accounts_of(self.columns.value or "")
        return self

    @model_validator(mode="after")
    def _intervals_of_a_day_are_counted(self) -> "Source":
        if not self.by_ordinal:
            return self
        if self.columns.at_interval is not None and (self.wide or self.columns.at_time is not None):
            raise ValueError("columns.at_interval: its number says which interval it is; leave at_time and wide out")
        if self.time.model_fields_set & {"fold", "gap", "marks"}:
            key = "wide: ordinal" if self.wide else "columns.at_interval:"
            raise ValueError(f"{key} counts intervals from the start of the day; leave time.fold, gap, marks out")
        if self.interval_seconds is None:
            raise ValueError("columns.at_interval: say how long the intervals are that are counted (interval_seconds)")
        return self

    @model_validator(mode="after")
    def _columns_of_nem12(self) -> "Source":
        unknown = [name for name in self.named().values() if name not in NEM12_COLUMNS]
        if isinstance(self.format, Nem12) and unknown:
            raise ValueError(f"columns: NEM12 has {', '.join(NEM12_COLUMNS)}, and no {unknown[0]!r}")
        return self

    @model_validator(mode="after")
    def _columns_are_among_the_names(self) -> "Source":
        names = self.format.names if isinstance(self.format, Csv) else None
        wanted = {key: name for key, name in self.named().items() if key != "value" or not self.wide}
        named = (*wanted.values(), *self.wide_columns())
        unknown = [name for name in named if column_and_part(name, names or ())[0] not in (names or ())]
        if names is not None and unknown:
            raise ValueError(f"columns: format.names has {', '.join(names)}, and no {unknown[0]!r}")
        return self

    @model_validator(mode="after")
    def _units_can_be_told(self) -> "Source":
        mixed = isinstance(self.format, Nem12) and self.format.unit == ANY_UNIT
        if mixed and "unit" not in self.columns.attributes.values():
            raise ValueError("format.unit any mixes units; name the column unit in columns.attributes")
        return self

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        stated = [name for name in ("files", "sql", "http") if getattr(self, name) is not None]
        if len(stated) != 1:
            raise ValueError("say where the readings come from, once: files, sql or http")
        if stated != ["files"] and "format" in self.model_fields_set:
            raise ValueError(f"{stated[0]} has a format of its own; leave format out")
        return self

    @model_validator(mode="after")
    def _one_can_be_counted(self) -> "Source":
        if self.columns.value is None and self.value.decimals == self.value.digits:
            raise ValueError("value.digits leaves no room for the 1 that every reading counts without columns.value")
        return self

    @model_validator(mode="after")
    def _revisions_have_a_column(self) -> "Source":
        if self.revisions and self.columns.revision is None:
            raise ValueError("revisions needs columns.revision beside it")
        if isinstance(self.revisions, tuple) and len(set(self.revisions)) < len(self.revisions):
            raise ValueError("revisions: a word stands there twice")
        return self

    @model_validator(mode="after")
    def _interval_divides_the_day(self) -> "Source":
        if self.interval_seconds and DAY_SECONDS % self.interval_seconds:
            raise ValueError(f"interval_seconds: {self.interval_seconds} does not divide the {DAY_SECONDS} of a day")
        return self

    @model_validator(mode="after")
    def _account_is_known(self) -> "Source":
        files = self.files or ""
        if self.files is not None and "://" not in files and re.search(r"^/|^$|[^/]\*\*|\*\*[^/]", files):
            raise ValueError("files: write a path below the inbox, such as cpu/{account}/*.csv or cpu/**/*.csv")
        placeholders = re.findall(r"{(.*?)}", files)
        if unknown := [name for name in placeholders if name not in PLACEHOLDERS]:
            raise ValueError(f"files: {{{unknown[0]}}} is unknown; a path can hold {{account}} and {{subscription}}")
        if repeated := [name for name in PLACEHOLDERS if placeholders.count(name) > 1]:
            raise ValueError(f"files: {{{repeated[0]}}} stands there more than once")
        if "subscription" in placeholders and self.columns.subscription is not None:
            raise ValueError(
                "say where the subscription stands, once: columns.subscription, or {subscription} in files"
            )
        if self.wide is not Wide.ACCOUNT and ("account" in placeholders) == (self.columns.account is not None):
            raise ValueError("say where the account stands, once: columns.account, or {account} in files")
        return self

    @property
    def kind(self) -> str:
        """How its raw files are written; what is fetched is kept as JSON lines."""
        return self.format.kind if self.files is not None else "json_lines"

    @property
    def interval_us(self) -> int | None:
        """How far apart samples are, in microseconds; None where it is not declared."""
        return None if self.interval_seconds is None else self.interval_seconds * 1_000_000

    @property
    def ahead_us(self) -> int:
        """How far stamps are ahead of the start of what they stand for, in microseconds."""
        return (self.interval_us or 0) if self.time.marks is Marks.END else 0

    @property
    def time_apart(self) -> bool:
        """Tell whether the time of day comes apart from the date, in a column of its own or a column's name."""
        return self.columns.at_time is not None or self.wide is Wide.TIME

    @property
    def by_ordinal(self) -> bool:
        """Tell whether intervals are counted from the start of their day, whatever the clock shows then."""
        return self.wide is Wide.ORDINAL or self.columns.at_interval is not None

    def named(self) -> dict[str, str]:
        """Map our names to the source's: of its columns, and then of those that tell which rows are left out."""
        return self.columns.named() | dict(zip(self.tells_left_out(), self.leave_out, strict=True))

    def tells_left_out(self) -> dict[str, tuple[str, ...]]:
        """Give our names of the columns of `leave_out`, each with the texts of rows that are no readings."""
        return {f"leave_out_{place}": texts for place, texts in enumerate(self.leave_out.values())}

    def texts(self) -> list[str]:
        """Name the text columns of its rows, under our names."""
        told = {Wide.TIME: ["at_time"], Wide.ACCOUNT: ["account"]}
        return [*self.named(), *(told.get(self.wide, []) if self.wide else [])]

    def wide_columns(self) -> dict[str, str]:
        """Name the columns of a wide source that hold values, in order, each with what its name says; else none."""
        if self.wide is Wide.ACCOUNT:
            return accounts_of(self.columns.value or "")
        return columns_of(self.columns.value or "", self.interval_seconds or 1) if self.wide else {}

    def pattern(self) -> tuple[str, "re.Pattern[str]"]:
        """Give the glob that finds the files below the inbox, and the expression that reads their paths."""
        files = self.files or ""
        parts = re.split(r"({\w+}|\*\*/|\*)", files)
        special = {"**/": "(?:.*/)?", "*": "[^/]*"}
        named = {f"{{{name}}}": f"(?P<{name}>[^/]+)" for name in PLACEHOLDERS}
        expression = "".join({**special, **named}.get(part, re.escape(part)) for part in parts)
        return re.sub(r"{\w+}", "*", files), re.compile(expression)
