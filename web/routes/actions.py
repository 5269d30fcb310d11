"""Up to 50 usage records in one call: each has its own result, in the order in which they were sent."""

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from fastapi import APIRouter

from pipeline.uploads.create import Created, Refused, create
from pipeline.usage.delete import Selection, delete
from transforms.errors import MeterbridgeError
from web.callers import Caller
from web.documented import KEYED_CALLS
from web.models.actions import CreateAction, DeleteAction, DeletedAlone, UpdateAction, UsageDeleted, UsageDeletion
from web.models.shape import ObjectDone, ObjectReason, ObjectRefusal
from web.models.usage import UsageChanges, UsageFields
from web.objects import Values, checked, object_id, record_number, values_of
from web.once import CallId, OnceRoute
from web.refusals import RefusedError, code_of
from web.routes.usage import BY_CALL, change_one, found
from web.services import Admin, Editor, Services, ServicesDep

router = APIRouter(tags=["several records"], route_class=OnceRoute)
P = ParamSpec("P")
T = TypeVar("T")
Result = ObjectDone | ObjectRefusal


@router.post("/v1/action/create", responses=KEYED_CALLS)
def create_several(services: ServicesDep, caller: Editor, action: CreateAction, call: CallId) -> list[Result]:
    """Create usage records, each by itself."""
    read = [_attempt(_values, sent) for sent in action.objects]
    right = [values for values in read if not isinstance(values, ObjectRefusal)]
    created = iter(
        create(services.store, services.read_catalog(), right, by=caller.name, call_id=call) if right else ()
    )
    return [each if isinstance(each, ObjectRefusal) else _created(next(created)) for each in read]


@router.post("/v1/action/update", responses=KEYED_CALLS)
def change_several(services: ServicesDep, caller: Editor, action: UpdateAction) -> list[Result]:
    """Change Pending usage records, each by itself."""
    return [_attempt(_change, services, caller, sent) for sent in action.objects]


@router.post("/v1/action/delete", responses=KEYED_CALLS, response_model_exclude_none=True)
def delete_several(services: ServicesDep, caller: Admin, action: DeleteAction) -> list[DeletedAlone]:
    """Delete Pending usage records, each by itself."""
    return [_deleted(id_, _attempt(_delete, services, caller, id_)) for id_ in action.ids]


@router.post("/v1/usage/delete", responses=KEYED_CALLS)
def delete_together(services: ServicesDep, caller: Admin, deletion: UsageDeletion) -> UsageDeleted:
    """Delete all usage of an import or a file, or several records: all or nothing. A dry run unless told otherwise."""
    numbers = [_number(id_) for id_ in deletion.ids or ()]
    selection = Selection(record_ids=numbers, import_id=deletion.import_id, file_name=deletion.file_name)
    done = delete(services.store, selection, by=caller.name, reason=deletion.reason, dry_run=deletion.dry_run)
    return UsageDeleted(dry_run=done.dry_run, records=len(done.records))


def _attempt(act: Callable[P, T], *parts: P.args, **named: P.kwargs) -> T | ObjectRefusal:
    try:
        return act(*parts, **named)
    except (RefusedError, MeterbridgeError) as error:
        text = str(error.detail) if isinstance(error, RefusedError) else str(error)
        return ObjectRefusal(errors=[ObjectReason(code=code_of(error), message=text)])


def _values(sent: Mapping[str, Any]) -> Values:
    return values_of(checked(UsageFields, sent), reject_unknown=False)


def _created(result: Created | Refused) -> Result:
    if isinstance(result, Created):
        return ObjectDone(id=object_id(result.record_id))
    return ObjectRefusal(errors=[ObjectReason(code=result.code, message=result.message)])


def _change(services: Services, caller: Caller, sent: Mapping[str, Any]) -> ObjectDone:
    id_ = str(sent.get("Id"))
    fields = checked(UsageChanges, {name: value for name, value in sent.items() if name != "Id"})
    change_one(services, caller, _existing(services, id_), fields, reject_unknown=False, reason=BY_CALL)
    return ObjectDone(id=id_)


def _delete(services: Services, caller: Caller, id_: str) -> None:
    selection = Selection(record_ids=[_existing(services, id_)])
    delete(services.store, selection, by=caller.name, reason=BY_CALL, dry_run=False)


def _deleted(id_: str, result: ObjectRefusal | None) -> DeletedAlone:
    return DeletedAlone(id=id_, success=result is None, errors=result.errors if result else None)


def _existing(services: Services, id_: str) -> int:
    if (row := found(services, id_)) is None:
        raise RefusedError(404, "NOT_FOUND", f"there is no usage record {id_[:32]!r}")
    return int(row["record_id"])


def _number(id_: str) -> int:
    if (number := record_number(id_)) is None:
        raise RefusedError(400, "INVALID_VALUE", f"no usage record can have the id {id_}")
    return number
