"""What all shapes are made of: the two ways of naming fields, ids, and refusals."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel, to_pascal

ID = r"^[0-9a-f]{32}$"
HexId = Annotated[str, Field(pattern=ID)]
PathId = Annotated[str, Path(pattern=ID, description="32 hexadecimal digits")]


class Camel(BaseModel):
    """Fields in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Pascal(BaseModel):
    """Fields in PascalCase, as the platform's objects have them."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True)


class ReasonAnswer(BaseModel):
    """One reason for a refusal: a code for programs, a sentence for people."""

    code: str
    message: str


class Refusal(BaseModel):
    """What a refused call is answered."""

    success: Literal[False] = False
    reasons: list[ReasonAnswer]


class ObjectReason(Pascal):
    """One reason for the refusal of an object."""

    code: str
    message: str


class ObjectRefusal(Pascal):
    """What a refused call about objects is answered."""

    success: Literal[False] = False
    errors: list[ObjectReason]


class ObjectDone(Pascal):
    """An object was created or changed."""

    success: Literal[True] = True
    id: str


class Deleted(BaseModel):
    """An object was deleted."""

    id: str
    success: Literal[True] = True


class NotThere(BaseModel):
    """There is no such object."""

    records: list[Any] = Field(default_factory=list, max_length=0)
    size: Literal[0] = 0
    done: Literal[True] = True
