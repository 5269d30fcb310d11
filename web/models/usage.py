"""Usage records."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from web.exact import Number
from web.models.shape import Camel, Pascal


class UsageChanges(Pascal):
    """What can be changed of a usage record; other fields are ignored, or refused on demand."""

    model_config = ConfigDict(extra="allow")

    uom: Annotated[str | None, Field(alias="UOM", max_length=100)] = None
    quantity: Annotated[Decimal | None, Field(max_digits=30)] = None
    start_date_time: Annotated[str | None, Field(max_length=35)] = None
    end_date_time: Annotated[str | None, Field(max_length=35)] = None
    description: Annotated[str | None, Field(max_length=10_000)] = None


class UsageFields(UsageChanges):
    """A usage record to be created; custom fields end in __c."""

    account_id: Annotated[str | None, Field(max_length=100)] = None
    account_number: Annotated[str | None, Field(max_length=100)] = None
    subscription_id: Annotated[str | None, Field(max_length=100)] = None
    subscription_number: Annotated[str | None, Field(max_length=100)] = None
    charge_id: Annotated[str | None, Field(max_length=100)] = None
    charge_number: Annotated[str | None, Field(max_length=100)] = None
    product_rate_plan_charge_id: Annotated[str | None, Field(max_length=100)] = None
    unique_key: Annotated[str | None, Field(max_length=10_000)] = None


class UsageObject(Pascal):
    """A usage record; custom fields stand beside the others."""

    model_config = ConfigDict(extra="allow")

    id: str
    account_id: str
    account_number: str
    subscription_number: str
    charge_number: str | None
    uom: Annotated[str, Field(alias="UOM")]
    quantity: Number
    start_date_time: datetime
    end_date_time: datetime | None
    description: str
    unique_key: str | None
    rbe_status: str
    source_type: Literal["API", "Import"]
    source_name: str | None
    import_id: str
    submission_date_time: datetime
    updated_date: datetime


class AccountUsage(Camel):
    """A usage record in an account's list; custom fields stand beside the others."""

    model_config = ConfigDict(extra="allow")

    id: str
    account_id: str
    account_number: str
    account_name: str
    subscription_number: str
    charge_number: str | None
    unit_of_measure: str
    quantity: Number
    start_date_time: datetime
    submission_date_time: datetime
    status: str
    source_name: Literal["API", "Import"]
    file_name: str | None
    unique_key: str | None


class AccountUsagePage(Camel):
    """One page of an account's usage, newest first; `nextPage` is there while there is more."""

    success: Literal[True] = True
    usage: list[AccountUsage]
    next_page: str | None = None
