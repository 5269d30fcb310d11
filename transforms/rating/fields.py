"""Custom fields that a price is made of: text in, exact numbers out."""

import re
from collections.abc import Mapping
from decimal import Decimal

NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")


def text_of(custom_fields: Mapping[str, str], field: str) -> str:
    """Give what a custom field holds, its name in any case and without spaces around; empty where there is none."""
    if field in custom_fields:
        return custom_fields[field].strip()
    return next((text.strip() for name, text in custom_fields.items() if name.upper() == field.upper()), "")


def filled(custom_fields: Mapping[str, str], field: str) -> str:
    """Give what a custom field holds; ValueError where it is missing or blank."""
    if not (text := text_of(custom_fields, field)):
        raise ValueError(f"custom field {field} is missing or blank")
    return text


def number(custom_fields: Mapping[str, str], field: str) -> Decimal:
    """Read a custom field as the exact number it is; ValueError where it is missing, blank or no number."""
    text = filled(custom_fields, field)
    if not NUMBER.fullmatch(text):
        raise ValueError(f"custom field {field} holds {text!r}, which is not a number such as 12.50")
    return Decimal(text)


def rate(custom_fields: Mapping[str, str], field: str) -> Decimal:
    """Read a custom field as a price per unit; ValueError also where it is below 0."""
    if (price := number(custom_fields, field)) < 0:
        raise ValueError(f"custom field {field} holds {price:f}; a price per unit cannot be below 0")
    return price
