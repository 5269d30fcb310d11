"""Names of custom fields: CustomerReference is the billing platform's own, and can be declared nowhere."""

import pytest
from pydantic import TypeAdapter, ValidationError

from transforms.catalog.field_name import FieldName, is_forbidden
from transforms.catalog.meter import Mapping
from transforms.upload.custom_field import CustomFields


@pytest.mark.parametrize(
    "name", ["CustomerReference", "customer_reference", "CUSTOMERREFERENCE__C", "Customer Reference"]
)
def test_the_platforms_own_field_is_known_however_it_is_spelled(name):
    assert is_forbidden(name)


@pytest.mark.parametrize("name", ["Customer__c", "Reference__c", "CustomerReferences__c"])
def test_a_name_like_it_is_another(name):
    assert TypeAdapter(FieldName).validate_python(name) == name


@pytest.mark.parametrize(
    "declared",
    [
        lambda name: Mapping.model_validate({"charge": "c", "unit": "u", "custom_fields": {name: "x"}}),
        lambda name: CustomFields.model_validate({"custom_fields": {name: {}}}),
    ],
)
def test_neither_a_meter_nor_the_custom_fields_can_declare_it(declared):
    assert declared("Customer__c")
    with pytest.raises(ValidationError, match="CustomerReference is set by the billing platform alone"):
        declared("CustomerReference__c")
