"""Imports: how they stand, and the files behind them."""

from typing import Literal

import sqlalchemy as sa
from fastapi import APIRouter
from fastapi.responses import FileResponse

from pipeline.store import imports
from pipeline.uploads.cancel import NotPendingError, cancel
from pipeline.uploads.submit import FOLDER, UnknownImportError
from web.documented import CALLS, KEYED_CALLS, OBJECTS, Responses
from web.models.imports import ImportObject, ImportStatus
from web.models.shape import PathId, Refusal
from web.once import OnceRoute
from web.refusals import RefusedError
from web.routes.usage import BY_CALL, Why
from web.services import Admin, Services, ServicesDep, Viewer

router = APIRouter(tags=["imports"], route_class=OnceRoute)
UNKNOWN: Responses = {404: {"description": "there is no such import, or it has no such file"}}
NOT_CANCELLED: Responses = {
    404: {"model": Refusal, "description": "there is no such import"},
    409: {
        "model": Refusal,
        "description": "it is not Pending any more; or the same call is being carried out, or broke off",
    },
}
BYTES: Responses = {200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}


@router.get("/v1/usage/{import_id}/status", responses=CALLS | UNKNOWN)
def read_import_status(services: ServicesDep, _caller: Viewer, import_id: PathId) -> ImportStatus:
    """Tell how an import stands: Pending, Processing, Completed, Failed or Canceled, and why."""
    row = _found(services, import_id)
    return ImportStatus(import_status=row["status"], message=row["status_reason"])


@router.put("/v1/usage/{import_id}/cancel", responses=KEYED_CALLS | NOT_CANCELLED)
def cancel_import(services: ServicesDep, caller: Admin, import_id: PathId, x_reason: Why = BY_CALL) -> ImportStatus:
    """Cancel an import that is still Pending: nothing of it will be loaded, and its file can be sent again."""
    try:
        cancel(services.store, import_id, by=caller.name, reason=x_reason)
    except UnknownImportError as error:
        raise RefusedError(404, "not_found", f"there is no import {import_id}") from error
    except NotPendingError as error:
        raise RefusedError(409, "not_pending", str(error)) from error
    return read_import_status(services, caller, import_id)


@router.get("/v1/object/import/{import_id}", responses=OBJECTS | UNKNOWN)
def read_import(services: ServicesDep, _caller: Viewer, import_id: PathId) -> ImportObject:
    """Give an import."""
    row = _found(services, import_id)
    address = f"/v1/object/import/{import_id}/file"
    return ImportObject(
        id=row["import_id"],
        name=row["name"],
        md5=row["md5"],
        status=row["status"],
        status_reason=row["status_reason"],
        total_count=row["total_count"],
        imported_count=row["imported_count"],
        original_resource_url=f"{address}/original" if row["original_path"] else None,
        result_resource_url=f"{address}/result" if row["result_path"] else None,
        created_by_id=row["created_by"],
        created_date=row["created_at"],
        updated_by_id=row["updated_by"],
        updated_date=row["updated_at"],
    )


@router.get(
    "/v1/object/import/{import_id}/file/{kind}", responses=OBJECTS | UNKNOWN | BYTES, response_class=FileResponse
)
def read_import_file(
    services: ServicesDep, _caller: Viewer, import_id: PathId, kind: Literal["original", "result"]
) -> FileResponse:
    """Give the file that was uploaded, or the one that tells what became of every row of it."""
    kept = _found(services, import_id)[f"{kind}_path"]
    folder = (services.home / FOLDER).resolve()
    path = (folder / (kept or "")).resolve()
    if not kept or folder not in path.parents or not path.is_file():
        raise RefusedError(404, "not_found", f"import {import_id} has no {kind} file")
    # As a download of unknown kind: a browser must not show what somebody else uploaded.
    return FileResponse(path, media_type="application/octet-stream", filename=f"{import_id}-{kind}{path.suffix}")


def _found(services: Services, import_id: str) -> sa.RowMapping:
    with services.store.begin() as connection:
        row: sa.RowMapping | None = imports.find(connection, import_id)
    if row is None:
        raise RefusedError(404, "not_found", f"there is no import {import_id}")
    return row
