"""Imports: a usage file on its way, and what became of it."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from web.models.shape import Camel, Pascal


class Uploaded(Camel):
    """A usage file was taken; it is read after this answer, and `checkImportStatus` tells how that went."""

    success: Literal[True] = True
    size: int = Field(description="bytes")
    check_import_status: str


class ImportStatus(Camel):
    """How an import stands; only Completed means that its usage is loaded."""

    success: Literal[True] = True
    import_status: str
    message: str


class ImportObject(Pascal):
    """An import: one file, one call, or one meter's billing period."""

    id: str
    import_type: Literal["Usage"] = "Usage"
    name: str
    md5: str | None
    status: str
    status_reason: str
    total_count: int
    imported_count: int
    original_resource_url: str | None
    result_resource_url: str | None
    created_by_id: str
    created_date: datetime
    updated_by_id: str
    updated_date: datetime
