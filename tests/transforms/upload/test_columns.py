"""The header of a usage file: which columns it needs, and which it must not have."""

import pytest

from transforms.catalog.field_name import is_forbidden
from transforms.upload.columns import FIELDS, Column, custom_name, read_header
from transforms.upload.custom_field import CustomField
from transforms.upload.reasons import Reason

NEEDED = ["ACCOUNT_ID", "UOM", "QTY", "STARTDATE", "ENDDATE", "SUBSCRIPTION_ID", "CHARGE_ID", "DESCRIPTION"]


def _wrong(names, declared=None):
    return [(problem.code, problem.found) for problem in read_header(names, declared or {}).problems]


def test_columns_are_found_in_any_order_and_case_with_blanks_around():
    header = read_header(["  uom", *NEEDED[2:], "Account_Id ", "unique_key", "usageType__c", "", " "], {})
    assert header.problems == []
    assert header.columns[:2] == (Column.UOM, Column.QUANTITY)
    assert header.columns[-3:] == (Column.ACCOUNT, Column.UNIQUE_KEY, "USAGETYPE__c")


@pytest.mark.parametrize("name", NEEDED)
def test_each_of_eight_columns_is_needed_though_its_cells_may_be_empty(name):
    assert _wrong([each for each in NEEDED if each != name]) == [(Reason.COLUMN_MISSING, name)]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("UOM", Reason.COLUMN_TWICE),
        ("uom", Reason.COLUMN_TWICE),
        ("NOTES", Reason.COLUMN_UNKNOWN),
        ("REGION_C", Reason.COLUMN_UNKNOWN),
        ("1ST__C", Reason.COLUMN_UNKNOWN),
        ("QTY__C", Reason.COLUMN_RESERVED),
        ("StartDate__c", Reason.COLUMN_RESERVED),
        ("QUANTITY__C", Reason.COLUMN_RESERVED),
        ("ACCOUNTNUMBER__C", Reason.COLUMN_RESERVED),
        ("CustomerReference", Reason.COLUMN_FORBIDDEN),
        ("CUSTOMER_REFERENCE", Reason.COLUMN_FORBIDDEN),
        ("customer reference", Reason.COLUMN_FORBIDDEN),
        ("CUSTOMERREFERENCE__C", Reason.COLUMN_FORBIDDEN),
        ("Customer-Reference__c", Reason.COLUMN_FORBIDDEN),
    ],
)
def test_a_column_too_many_is_refused_and_named(name, reason):
    ((code, found),) = _wrong([*NEEDED, name])
    assert code is reason
    assert found.upper() == name.upper()


@pytest.mark.parametrize(("mark", "name"), [(";", "semicolons"), ("\t", "tabs"), ("|", "bars")])
def test_a_header_whose_columns_are_not_separated_by_commas_says_so_first(mark, name):
    first, *_ = read_header([mark.join(NEEDED)], {}).problems
    assert f"(separate the columns by commas, not by {name})" in str(first)


def test_all_that_is_wrong_with_a_header_is_told_at_once():
    assert _wrong(["UOM", "UOM", "x"]) == [
        (Reason.COLUMN_UNKNOWN, "x"),
        *[(Reason.COLUMN_MISSING, name) for name in NEEDED if name != "UOM"],
        (Reason.COLUMN_TWICE, "UOM"),
    ]


def test_a_column_is_told_by_its_name_as_the_file_has_it():
    (missing,) = read_header(NEEDED[:-1], {}).problems
    (twice,) = read_header([*NEEDED, "UOM"], {}).problems
    assert str(missing).startswith("file: column_missing 'DESCRIPTION'; add the column")
    assert str(twice) == "file: column_twice 'UOM' (it stands 2 times); keep one of the columns"


def test_a_custom_field_keeps_the_name_that_the_catalog_gives_it():
    declared = {"usageType__c": CustomField(required=True)}
    assert custom_name("USAGETYPE__C", declared) == "usageType__c"
    assert custom_name("OTHER__C", declared) is None
    assert _wrong(NEEDED, declared) == [(Reason.COLUMN_MISSING, "usageType__c")]


def test_every_field_of_a_usage_object_is_a_column_and_every_column_a_field():
    assert set(FIELDS.values()) == set(Column)
    assert not any(is_forbidden(name) for name in FIELDS)
