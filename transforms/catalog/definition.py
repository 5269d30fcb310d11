"""The base of everything a data engineer declares in the catalog: frozen, and strict about its keys."""

import re
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict


class Definition(BaseModel):
    """A part of the catalog. An unknown key is refused; every scalar arrives as the text that was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


WRITTEN = re.compile(r"[+-]?(?=\.?\d)(\d*)\.?(\d*)(?:[eE]([+-]?\d{1,9}))?", re.ASCII)
DIGITS_MAX = 60  # before the point, and behind it: figures of more could not be added and multiplied exactly


def _as_written(value: object) -> object:
    """Refuse binary floats, whose digits as somebody wrote them are gone, and text that is no usual number."""
    if isinstance(value, float):
        raise ValueError("a float has lost the digits that were written; give text or a Decimal")  # noqa: TRY004 pydantic takes this kind
    if isinstance(value, str) and not _is_usual(value.strip()):
        raise ValueError(
            f"write a number such as 0.25, with at most {DIGITS_MAX} digits before the point and {DIGITS_MAX} behind it"
        )
    return value


def _is_usual(text: str) -> bool:
    if not (match := WRITTEN.fullmatch(text)):
        return False
    whole, decimals, exponent = match.groups("")
    shift = int(exponent or 0)
    return max(len(whole) + shift, len(decimals) - shift) <= DIGITS_MAX


def _is_name(text: str) -> str:
    if not re.fullmatch(NAME, text):
        raise ValueError(f"write {NAME_IN_WORDS}")
    return text


Exact = Annotated[Decimal, BeforeValidator(_as_written)]
NAME = r"^[a-z][a-z0-9_]{0,49}$"  # of every meter, source, charge, attribute and connection
NAME_IN_WORDS = "a small letter, then small letters, digits and underscores, 50 in all at most"
Name = Annotated[str, AfterValidator(_is_name)]
