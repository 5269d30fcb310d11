"""Where readings are fetched from, when they do not arrive as files: a database, or a JSON API."""

import re
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from transforms.catalog.definition import Definition, Exact, Name
from transforms.period import DAY_SECONDS


def _own_setting(name: str) -> str:
    if name.endswith(("_file", "_token")):
        raise ValueError(f"{name!r}: METERBRIDGE_CONNECTION_{name.upper()} is a setting of another connection")
    return name


Connection = Annotated[Name, AfterValidator(_own_setting)]


class Page(Definition):
    """How an API gives many records: the parameter that asks for the next page, and where an answer tells its value.

    With `next` (a path in the answer) until that is empty or missing; else pages are counted from `first` on, until one
    has no record.
    """

    parameter: str
    next: str | None = None
    first: int = 1


class Sql(Definition):
    """A query of a database. `connection` names it: its SQLAlchemy URL stands in METERBRIDGE_CONNECTION_<NAME>.

    By interval, the query holds :start and :end, the instants from which and until which it is asked, the first time
    from `since` on. By watermark, it holds :after: the highest value of the column `watermark` that came so far, the
    first time `first`; that column only ever grows from row to row, such as a serial number.
    """

    connection: Connection
    query: str
    since: AwareDatetime | None = None
    watermark: str | None = None
    first: str = "0"

    @model_validator(mode="after")
    def _by_interval_or_watermark(self) -> "Sql":
        parameters = set(re.findall(r"(?<![:\w\\]):(\w+)(?!:)", self.query))
        wanted = {"after"} if self.watermark else {"start", "end"}
        if parameters != wanted:
            names = " and ".join(f":{name}" for name in sorted(wanted, reverse=True))
            raise ValueError(f"query: it must hold {names}, and no other parameter")
        if self.watermark is None and self.since is None:
            raise ValueError("since is missing: from when on the database is asked the first time")
        return self


class Http(Definition):
    """A JSON API. `connection` names it: METERBRIDGE_CONNECTION_<NAME> holds its address, user and password included.

    `parameters` hold {start}, and {end} where the API knows one: the bounds of what is asked for, written as
    `time_format` says, the first time from `since` on, in pieces of at most `piece_seconds`. An API that gives one
    sample every `step_seconds`, at both bounds too, is asked until {last}, one step before the end. `records` leads to
    the records, a list; a further name leads to a list within each of them, which becomes one record an entry.
    """

    connection: Connection
    path: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    since: AwareDatetime
    time_format: Literal["iso", "epoch_seconds", "epoch_milliseconds"] = "iso"
    piece_seconds: Annotated[int, Field(gt=0)] = DAY_SECONDS
    step_seconds: Annotated[int, Field(gt=0)] | None = None
    records: tuple[str, ...] = ()
    page: Page | None = None
    requests_per_second: Annotated[Exact, Field(gt=0)] = Decimal(10)

    @model_validator(mode="after")
    def _each_piece_asks_for_its_own(self) -> "Http":
        if not self._asks_for("{start}"):
            raise ValueError("parameters: one must hold {start}, or every piece would bring the same records again")
        if self._asks_for("{last}") != (self.step_seconds is not None):
            raise ValueError("step_seconds and {last} in parameters need each other")
        if self.step_seconds and self.piece_seconds % self.step_seconds:
            raise ValueError(f"step_seconds: {self.step_seconds} does not divide the {self.piece_seconds} of a piece")
        return self

    @model_validator(mode="after")
    def _names_are_in_their_places(self) -> "Http":
        if "://" in self.path or "?" in self.path:
            raise ValueError("path: only what follows upon the connection's address; the rest stands in parameters")
        if self.page and self.page.parameter in self.parameters:
            raise ValueError(f"page.parameter: {self.page.parameter!r} stands in parameters too")
        return self

    def _asks_for(self, placeholder: str) -> bool:
        return any(placeholder in value for value in self.parameters.values())
