"""The columns of a usage file, and the fields of a usage object, which mean the same."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from transforms.catalog.field_name import CUSTOM_FIELD, SUFFIX, is_forbidden
from transforms.upload.custom_field import CustomField
from transforms.upload.reasons import Problem, Reason


class Column(StrEnum):
    """A standard column."""

    ACCOUNT = "ACCOUNT_ID"
    UOM = "UOM"
    QUANTITY = "QTY"
    START = "STARTDATE"
    END = "ENDDATE"
    SUBSCRIPTION = "SUBSCRIPTION_ID"
    CHARGE = "CHARGE_ID"
    DESCRIPTION = "DESCRIPTION"
    PRODUCT_CHARGE = "PRODUCT_RATE_PLAN_CHARGE_ID"
    UNIQUE_KEY = "UNIQUE_KEY"


OPTIONAL = frozenset({Column.PRODUCT_CHARGE, Column.UNIQUE_KEY})
FIELDS: Mapping[str, Column] = {
    "AccountNumber": Column.ACCOUNT,
    "AccountId": Column.ACCOUNT,
    "UOM": Column.UOM,
    "Quantity": Column.QUANTITY,
    "StartDateTime": Column.START,
    "EndDateTime": Column.END,
    "SubscriptionNumber": Column.SUBSCRIPTION,
    "SubscriptionId": Column.SUBSCRIPTION,
    "ChargeNumber": Column.CHARGE,
    "ChargeId": Column.CHARGE,
    "Description": Column.DESCRIPTION,
    "ProductRatePlanChargeId": Column.PRODUCT_CHARGE,
    "UniqueKey": Column.UNIQUE_KEY,
}
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
RESERVED = frozenset(name.replace("_", "") for name in (*Column, *(name.upper() for name in FIELDS)))


@dataclass(frozen=True)
class Header:
    """What each column of a table is: a standard one, or a custom field by its name; None where that cannot be told."""

    columns: tuple[Column | str | None, ...]
    problems: list[Problem] = field(default_factory=list)

    @property
    def legible(self) -> bool:
        """Tell whether rows can be read: every column that is needed is there, and none twice."""
        return not {Reason.COLUMN_MISSING, Reason.COLUMN_TWICE} & {problem.code for problem in self.problems}


def read_header(names: Sequence[str], declared: Mapping[str, CustomField]) -> Header:
    """Tell the columns by their names, in any order and case. Unnamed ones at the end do not count."""
    texts = [name.strip() for name in names]
    while texts and not texts[-1]:
        texts.pop()
    columns = tuple(_column(text, declared) for text in texts)
    problems = [_wrong_name(text) for text, column in zip(texts, columns, strict=True) if column is None]
    return Header(columns, [*problems, *_wrong_set(columns, declared)])


def custom_name(name: str, declared: Mapping[str, CustomField]) -> str | None:
    """Give a custom field's name as usage keeps it: as declared, else NAME__c; None for what is no custom field."""
    if is_forbidden(name) or not re.match(CUSTOM_FIELD, name) or _is_reserved(name):
        return None
    if declared:
        return next((known for known in declared if known.upper() == name.upper()), None)
    return f"{name.upper().removesuffix(SUFFIX)}__c"


def _is_reserved(name: str) -> bool:
    text = name.upper()
    return text.endswith(SUFFIX) and text.removesuffix(SUFFIX).replace("_", "") in RESERVED


def _column(text: str, declared: Mapping[str, CustomField]) -> Column | str | None:
    standard = next((column for column in Column if column == text.upper()), None)
    return standard or custom_name(text, declared)


def _wrong_name(text: str) -> Problem:
    code = Reason.COLUMN_UNKNOWN
    if is_forbidden(text):
        code = Reason.COLUMN_FORBIDDEN
    elif _is_reserved(text):
        code = Reason.COLUMN_RESERVED
    marks = [name for mark, name in SEPARATORS.items() if mark in text]
    return Problem(code, found=text, also=f"separate the columns by commas, not by {marks[0]}" if marks else "")


def _wrong_set(columns: Sequence[Column | str | None], declared: Mapping[str, CustomField]) -> Iterator[Problem]:
    required = [column for column in Column if column not in OPTIONAL]
    required_too = [name for name, each in declared.items() if each.required]
    for name in (*required, *required_too):
        if name not in columns:
            yield Problem(Reason.COLUMN_MISSING, found=name)
    for each, times in Counter(columns).items():
        if each is not None and times > 1:
            yield Problem(Reason.COLUMN_TWICE, found=each, also=f"it stands {times} times")
