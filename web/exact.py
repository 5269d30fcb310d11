"""JSON without floats: a number comes in as the digits that were sent, and leaves as the digits that are stored."""

import json
import re
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from fastapi.responses import JSONResponse
from pydantic import PlainSerializer, WithJsonSchema
from starlette.requests import Request

DIGITS_MAX = 40  # a quantity has 22; thousands would only be work
EXPONENT_MAX = 40
MARK = secrets.token_hex(16)  # nobody outside can write it
MARKED = re.compile(f'"{MARK}:(-?[0-9.]+)"')
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ExactResponse(JSONResponse):
    """A JSON answer whose marked numbers are written digit by digit."""

    def render(self, content: object) -> bytes:
        """Write the content as JSON."""
        return MARKED.sub(r"\1", json.dumps(content, ensure_ascii=False, allow_nan=False)).encode()


def mark(number: Decimal) -> str:
    """Mark a number, so that an ExactResponse writes its digits."""
    return f"{MARK}:{number:f}"


Number = Annotated[Decimal, PlainSerializer(mark, return_type=str), WithJsonSchema({"type": "number"})]


class ExactRequest(Request):
    """A request whose JSON numbers with a point or an exponent are Decimals."""

    async def json(self) -> Any:  # noqa: ANN401 any JSON value
        """Read the body; JSONDecodeError also for what no column can hold."""
        return read_exactly((await self.body()).decode(errors="surrogateescape"))


def read_exactly(text: str) -> Any:  # noqa: ANN401 any JSON value
    """Read JSON; JSONDecodeError for NaN, endless numbers, NUL characters and half surrogates."""
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_whole, parse_constant=_refuse)
    except RecursionError:
        raise json.JSONDecodeError("nested too deeply", text, 0) from None
    if any(UNSTORABLE.search(each) for each in _texts(value)):
        raise json.JSONDecodeError("a NUL character or half of a surrogate pair", text, 0)
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= DIGITS_MAX else None
    if number is None or abs(number.adjusted()) > EXPONENT_MAX:
        _refuse(text)
    return number  # type: ignore[return-value]  # _refuse never returns


def _whole(text: str) -> int:
    return int(text) if len(text) <= DIGITS_MAX else _refuse(text)


def _refuse(text: str) -> Any:  # noqa: ANN401 never returns
    raise json.JSONDecodeError("a number that is not finite, or has too many digits", text, 0)


def _texts(value: object) -> Iterator[str]:
    """Go through every text of a JSON value, keys among them."""
    rest = [value]
    while rest:
        match rest.pop():
            case str() as text:
                yield text
            case list() as items:
                rest += items
            case dict() as fields:
                rest += [*fields.keys(), *fields.values()]
