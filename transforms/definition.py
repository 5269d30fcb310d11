"""The base of everything a data engineer declares in the catalog: frozen, and strict about its keys."""

from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field


class Definition(BaseModel):
    """A part of the catalog. An unknown key is refused; every scalar arrives as the text that was written."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _text_only(value: object) -> object:
    """Refuse binary floats: the digits somebody wrote are gone by then."""
    if isinstance(value, float):
        raise ValueError("a float has lost the digits that were written; give text or a Decimal")  # noqa: TRY004
    return value


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError("must be a finite number")
    return value


Exact = Annotated[Decimal, BeforeValidator(_text_only), AfterValidator(_finite)]
NAME = r"^[a-z][a-z0-9_]{0,49}$"
Name = Annotated[str, Field(pattern=NAME)]
