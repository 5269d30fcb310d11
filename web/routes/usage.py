"""Usage records, one by one, and by account."""

from decimal import Decimal
from typing import Annotated
from urllib.parse import quote

import sqlalchemy as sa
from fastapi import APIRouter, Header, Path, Query
from fastapi.responses import JSONResponse

from pipeline.store import customers, records
from pipeline.uploads.create import Created, create
from pipeline.usage.change import change
from pipeline.usage.delete import Selection, delete
from web.callers import Caller
from web.documented import CALLS, KEYED_OBJECTS, OBJECTS, Responses
from web.exact import ExactResponse
from web.models.shape import Deleted, NotThere, ObjectDone, PathId, Refusal
from web.models.usage import AccountUsagePage, UsageChanges, UsageFields, UsageObject
from web.objects import account_usage, object_id, record_number, usage_object, values_of
from web.once import CallId, OnceRoute
from web.refusals import RefusedError
from web.services import Admin, Editor, Services, ServicesDep, Viewer

router = APIRouter(tags=["usage records"], route_class=OnceRoute)
AccountKey = Annotated[str, Path(max_length=100, pattern="^[^\x00]+$", description="the account's number")]
UNKNOWN_ACCOUNT: Responses = {404: {"model": Refusal, "description": "there is no such account"}}
NOT_THERE: Responses = {404: {"model": NotThere, "description": "there is no such record"}}
RejectUnknown = Annotated[bool, Query(alias="rejectUnknownFields")]
Why = Annotated[str, Header(max_length=1000, description="kept with the change")]
BY_CALL = "by a call of the API"
PAGE_DEFAULT, PAGE_MAX, PAGES_MAX = 20, 100, 1_000_000
PageNumber = Annotated[int, Query(ge=1, le=PAGES_MAX)]
PageSize = Annotated[int, Query(alias="pageSize", ge=1, le=PAGE_MAX)]


@router.post("/v1/object/usage", responses=KEYED_OBJECTS)
def create_usage(
    services: ServicesDep, caller: Editor, fields: UsageFields, call: CallId, *, reject_unknown: RejectUnknown = False
) -> ObjectDone:
    """Create a usage record, Pending."""
    values = values_of(fields, reject_unknown=reject_unknown)
    (result,) = create(services.store, services.read_catalog(), [values], by=caller.name, call_id=call)
    if not isinstance(result, Created):
        raise RefusedError(400, result.code, result.message)
    return ObjectDone(id=object_id(result.record_id))


@router.get(
    "/v1/object/usage/{usage_id}",
    responses=OBJECTS | NOT_THERE,
    response_model=UsageObject,
    response_class=ExactResponse,
)
def read_usage(services: ServicesDep, _caller: Viewer, usage_id: PathId) -> UsageObject | JSONResponse:
    """Give a usage record."""
    row = found(services, usage_id)
    return usage_object(row) if row else _not_there()


@router.put("/v1/object/usage/{usage_id}", responses=KEYED_OBJECTS | NOT_THERE, response_model=ObjectDone)
def change_usage(
    services: ServicesDep,
    caller: Editor,
    usage_id: PathId,
    fields: UsageChanges,
    *,
    reject_unknown: RejectUnknown = False,
    x_reason: Why = BY_CALL,
) -> ObjectDone | JSONResponse:
    """Change a Pending record: its UOM, quantity, start, end and custom fields. What is Processed never changes."""
    if (row := found(services, usage_id)) is None:
        return _not_there()
    change_one(services, caller, row["record_id"], fields, reject_unknown=reject_unknown, reason=x_reason)
    return ObjectDone(id=usage_id)


@router.delete("/v1/object/usage/{usage_id}", responses=OBJECTS | NOT_THERE, response_model=Deleted)
def delete_usage(
    services: ServicesDep, caller: Admin, usage_id: PathId, x_reason: Why = BY_CALL
) -> Deleted | JSONResponse:
    """Delete a Pending record; it is kept aside, with who, when and why."""
    if (row := found(services, usage_id)) is None:
        return _not_there()
    delete(services.store, Selection(record_ids=[row["record_id"]]), by=caller.name, reason=x_reason, dry_run=False)
    return Deleted(id=usage_id)


@router.get("/v1/usage/accounts/{account_key}", responses=CALLS | UNKNOWN_ACCOUNT, response_class=ExactResponse)
def list_account_usage(
    services: ServicesDep,
    _caller: Viewer,
    account_key: AccountKey,
    page: PageNumber = 1,
    page_size: PageSize = PAGE_DEFAULT,
) -> AccountUsagePage:
    """List an account's usage, newest first, in pages."""
    with services.store.begin() as connection:
        if not customers.accounts_named(connection, [account_key]):
            raise RefusedError(404, "not_found", "there is no such account")
        # One more than the page holds tells whether there is another.
        rows = records.page(connection, account_key, limit=page_size + 1, offset=(page - 1) * page_size)
    more = f"/v1/usage/accounts/{quote(account_key, safe='')}?page={page + 1}&pageSize={page_size}"
    return AccountUsagePage(
        usage=[account_usage(row) for row in rows[:page_size]], next_page=more if len(rows) > page_size else None
    )


def found(services: Services, usage_id: str) -> sa.RowMapping | None:
    """Find a record by its id."""
    number = record_number(usage_id)
    with services.store.begin() as connection:
        return None if number is None else records.find(connection, number)


def change_one(
    services: Services, caller: Caller, number: int, fields: UsageChanges, *, reject_unknown: bool, reason: str
) -> None:
    """Change one record; RefusedError or ChangeRefusedError says why not."""
    values = values_of(fields, reject_unknown=reject_unknown)
    texts = {name: _written(value) for name, value in values.items()}
    change(services.store, services.read_catalog(), number, texts, by=caller.name, reason=reason)


def _written(value: str | Decimal | None) -> str:
    """Write a value as a file holds it; nothing takes away what was there."""
    return f"{value:f}" if isinstance(value, Decimal) else value or ""


def _not_there() -> JSONResponse:
    return JSONResponse(NotThere().model_dump(), 404)
