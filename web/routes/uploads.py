"""Usage files: taken at once, read after the answer."""

from typing import Annotated, Literal

from fastapi import APIRouter, BackgroundTasks, File, Form, Header, UploadFile

from pipeline.uploads.process import process
from pipeline.uploads.submit import Submitted, Upload, submit
from web.callers import Caller
from web.documented import KEYED_CALLS, KEYED_OBJECTS
from web.models.imports import Uploaded
from web.models.shape import ObjectDone
from web.once import OnceRoute
from web.refusals import note_unexpected
from web.services import Editor, Services, ServicesDep

router = APIRouter(tags=["usage files"], route_class=OnceRoute)
Sent = Annotated[UploadFile, File(description="CSV, XLS, XLSX or ZIP in the usage file format")]
Locale = Annotated[str, Header(max_length=10, description="how dates are written in the file, such as en_GB")]
RepeatReason = Annotated[str, Header(max_length=1000, description="why the same content is to be loaded once more")]
Md5 = Annotated[
    str, Form(alias="Md5", pattern="^([0-9A-Fa-f]{32})?$", description="of the file's bytes: another one is refused")
]
ImportName = Annotated[str, Form(alias="Name", max_length=100, pattern="^[^\x00]*$", description="not kept")]


@router.post("/v1/usage", responses=KEYED_CALLS)
def upload_usage(
    services: ServicesDep,
    caller: Editor,
    after: BackgroundTasks,
    file: Sent,
    x_locale: Locale = "en_US",
    x_repeat_reason: RepeatReason = "",
) -> Uploaded:
    """Take a usage file. It is read after this answer, whole or not at all; `checkImportStatus` tells how that went.

    The same content again, under whatever name, gives the import that it was loaded by, and loads nothing.
    """
    submitted = take(services, caller, after, file, x_locale, x_repeat_reason)
    return Uploaded(size=submitted.size, check_import_status=f"/v1/usage/{submitted.import_id}/status")


@router.post("/v1/object/import", responses=KEYED_OBJECTS)
def create_import(
    services: ServicesDep,
    caller: Editor,
    after: BackgroundTasks,
    file: Annotated[UploadFile, File(alias="File")],
    import_type: Annotated[Literal["Usage"], Form(alias="ImportType")],  # noqa: ARG001 there is one type
    name: ImportName = "",  # noqa: ARG001 an import is named by its file
    md5: Md5 = "",
    x_locale: Locale = "en_US",
    x_repeat_reason: RepeatReason = "",
) -> ObjectDone:
    """Take a usage file, as an import object."""
    return ObjectDone(id=take(services, caller, after, file, x_locale, x_repeat_reason, md5).import_id)


def take(
    services: Services,
    caller: Caller,
    after: BackgroundTasks,
    file: UploadFile,
    locale: str,
    repeat_reason: str,
    md5: str = "",
) -> Submitted:
    """Take a file that was sent, to be read after the answer; UploadRefusedError says why not."""
    sent = Upload(file.filename or "", file.file, locale, md5 or None)
    submitted = submit(services.store, services.home, sent, by=caller.name, repeat_reason=repeat_reason)
    if submitted.outcome == "accepted":
        after.add_task(_process, services, submitted.import_id)
    return submitted


def _process(services: Services, import_id: str) -> None:
    """Read an upload. What breaks off here is taken up again: the import waits in the store."""
    try:
        process(services.store, services.read_catalog(), services.home, import_id)
    except Exception as error:  # noqa: BLE001 nobody waits for an answer any more
        note_unexpected(error, f"import {import_id}")
