"""The names of custom fields of usage, wherever the catalog or somebody who sends usage writes them."""

import re
from typing import Annotated

from pydantic import AfterValidator

CUSTOM_FIELD = r"^[A-Za-z][A-Za-z0-9_]{0,40}__[cC]$"
SUFFIX = "__C"
FORBIDDEN = "CUSTOMERREFERENCE"


def is_forbidden(name: str) -> bool:
    """Tell whether a name is CustomerReference, however it is spelled."""
    letters = re.sub(r"[\W_]", "", name.upper().removesuffix(SUFFIX))
    return letters == FORBIDDEN


def allowed(name: str) -> str:
    """Refuse CustomerReference."""
    if is_forbidden(name):
        raise ValueError("CustomerReference is set by the billing platform alone; give the name of another field")
    return name


def _is_custom_field(name: str) -> str:
    if not re.fullmatch(CUSTOM_FIELD, name):
        raise ValueError("write a letter, then up to 40 letters, digits and underscores, then __c, such as Region__c")
    return name


FieldName = Annotated[str, AfterValidator(_is_custom_field), AfterValidator(allowed)]
