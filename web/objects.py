"""Usage records between the API's fields and the store's columns."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError

from web.models.usage import AccountUsage, UsageChanges, UsageObject
from web.refusals import RefusedError

CUSTOM = "__c"
NUMBER_MAX = 2**63 - 1
Values = dict[str, str | Decimal | None]


def object_id(record_id: int) -> str:
    """Write a record's number as an id of 32 hexadecimal digits."""
    return f"{record_id:032x}"


def record_number(id_: str) -> int | None:
    """Read a record's number; None for an id that no record can have."""
    try:
        number = int(id_, 16)
    except ValueError:
        return None
    return number if object_id(number) == id_ and number <= NUMBER_MAX else None


def values_of(fields: UsageChanges, *, reject_unknown: bool) -> Values:
    """Give the fields that were sent, by the platform's names; RefusedError for unknown ones, where that is asked for.

    Custom fields end in __c. A number is a Decimal, every other value text.
    """
    known = fields.model_dump(by_alias=True, exclude_unset=True, include=set(type(fields).model_fields))
    extra = fields.model_extra or {}
    custom = {name: _text(name, value) for name, value in extra.items() if name.lower().endswith(CUSTOM)}
    unknown = sorted(extra.keys() - custom.keys())
    if unknown and reject_unknown:
        raise RefusedError(400, "INVALID_FIELD", f"unknown fields: {', '.join(unknown)[:500]}")
    return known | custom


def checked(model: type[UsageChanges], sent: Mapping[str, Any]) -> UsageChanges:
    """Check one of several objects; RefusedError names every wrong field."""
    try:
        return model.model_validate(sent)
    except ValidationError as error:
        text = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise RefusedError(400, "INVALID_VALUE", text) from None


def usage_object(row: sa.RowMapping) -> UsageObject:
    """Give a record with the platform's field names."""
    own = {
        "account_id": row["account_number"],
        "uom": row["uom"],
        "start_date_time": row["start_at"],
        "end_date_time": row["end_at"],
        "description": row["description"],
        "rbe_status": row["status"],
        "source_type": _came_by(row),
        "source_name": row["file_name"],
        "import_id": row["import_id"],
        "submission_date_time": row["submitted_at"],
        "updated_date": row["updated_at"],
    }
    return UsageObject.model_validate({**row["custom_fields"], **_shared(row), **own})


def account_usage(row: sa.RowMapping) -> AccountUsage:
    """Give a record as an item of its account's list."""
    own = {
        "account_id": row["account_number"],
        "account_name": row["account_name"],
        "unit_of_measure": row["uom"],
        "start_date_time": row["start_at"],
        "submission_date_time": row["submitted_at"],
        "status": row["status"],
        "source_name": _came_by(row),
        "file_name": row["file_name"],
    }
    return AccountUsage.model_validate({**row["custom_fields"], **_shared(row), **own})


def _shared(row: sa.RowMapping) -> dict[str, Any]:
    names = ("account_number", "subscription_number", "charge_number", "quantity", "unique_key")
    return {"id": object_id(row["record_id"]), **{name: row[name] for name in names}}


def _came_by(row: sa.RowMapping) -> str:
    return "API" if row["source_type"] == "API" else "Import"


def _text(name: str, value: object) -> str | Decimal | None:
    if isinstance(value, bool):
        return str(value).lower()
    if value is None or isinstance(value, str | Decimal):
        return value
    if isinstance(value, int):
        return Decimal(value)
    raise RefusedError(400, "INVALID_VALUE", f"{name[:100]}: a custom field holds text, a number, true, false or null")
