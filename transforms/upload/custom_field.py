"""Custom fields of usage: what the catalog declares of them."""

from enum import StrEnum

from pydantic import Field

from transforms.catalog.definition import Definition
from transforms.catalog.field_name import FieldName

TEXT_MAX = 255


class Kind(StrEnum):
    """What a custom field holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"  # one of `values`


class CustomField(Definition):
    """One custom field; `length` bounds a text, `values` are those of a choice."""

    kind: Kind = Kind.TEXT
    required: bool = False
    length: int = Field(default=TEXT_MAX, ge=1, le=TEXT_MAX)
    values: tuple[str, ...] = ()


class CustomFields(Definition):
    """The content of `catalog/custom_fields.yaml`: with it, usage bears these custom fields and no others."""

    custom_fields: dict[FieldName, CustomField]
