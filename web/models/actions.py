"""Several records in one call."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from web.models.shape import Camel, HexId, ObjectReason

OBJECTS_MAX = 50
Objects = Annotated[list[dict[str, Any]], Field(min_length=1, max_length=OBJECTS_MAX)]
Reason = Annotated[str, Field(min_length=1, max_length=1000, pattern=r"\S")]


class CreateAction(BaseModel):
    """Usage records to be created, at most 50, each by itself."""

    type: Literal["Usage"]
    objects: Objects


class UpdateAction(BaseModel):
    """Usage records to be changed, at most 50, each by itself: its Id and the fields to change."""

    type: Literal["Usage"]
    objects: Objects


class DeleteAction(BaseModel):
    """Usage records to be deleted, at most 50, each by itself."""

    type: Literal["Usage"]
    ids: Annotated[list[str], Field(min_length=1, max_length=OBJECTS_MAX)]


class DeletedAlone(BaseModel):
    """What became of one of several records that were to be deleted."""

    id: str
    success: bool
    errors: list[ObjectReason] | None = None


class UsageDeletion(Camel):
    """What is to be deleted, named in one of three ways, and why; by default it is only tried."""

    model_config = ConfigDict(extra="forbid")

    import_id: HexId | None = None
    file_name: Annotated[str | None, Field(min_length=1, max_length=50)] = None
    ids: Annotated[list[HexId] | None, Field(min_length=1, max_length=10_000)] = None
    reason: Reason
    dry_run: bool = True


class UsageDeleted(Camel):
    """What was deleted, or would be."""

    success: Literal[True] = True
    dry_run: bool
    records: int
