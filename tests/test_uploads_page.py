"""`docs/uploads.md`: every column, locale and code is on the page, with what to do about it."""

import re

import pytest
from pages_of_docs import blocks, declared, page, section

from pipeline.uploads import submit, table
from transforms.upload.columns import OPTIONAL, Column
from transforms.upload.custom_field import CustomField, CustomFields, Kind
from transforms.upload.dates import Locale
from transforms.upload.reasons import ADVICE, Caution, Reason, Refusal

PAGE = page("uploads")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|", PAGE, flags=re.MULTILINE))


@pytest.mark.parametrize("kind", [Refusal, Reason, Caution])
def test_every_code_is_on_the_page_with_the_advice_that_its_message_gives(kind):
    assert {code: ROWS.get(code) for code in kind} == {code: ADVICE[code] for code in kind}


def test_every_column_and_no_other_is_told_as_needed_or_not():
    columns = {name: needed for name, needed in ROWS.items() if name.isupper() and name != "NAME__C"}
    assert set(columns) == set(Column)
    assert {name for name, needed in columns.items() if needed == "no"} == set(OPTIONAL)


@pytest.mark.parametrize("locale", Locale)
def test_every_locale_is_told(locale):
    assert f"`{locale}`" in PAGE


def test_the_example_of_custom_fields_can_be_declared_and_shows_every_kind():
    (block,) = blocks(PAGE, "yaml")
    shown = CustomFields.model_validate(declared(block))
    assert {each.kind for each in shown.custom_fields.values()} == set(Kind)


def test_every_key_of_a_custom_field_is_told():
    told = PAGE.partition("**Custom fields**")[2].partition("```")[0]
    assert set(re.findall(r"`([a-z]+)`", told)) == {*CustomField.model_fields, *Kind}


def test_the_limits_are_those_that_hold():
    told = [int(number) for number in re.findall(r"\d+", section(PAGE, "Limits").replace(",", ""))]
    assert told == [
        submit.BYTES_MAX >> 20, table.UNPACKED_BYTES_MAX // 10**6, table.ROWS_MAX, table.COLUMNS_MAX, table.CELL_MAX,
        submit.NAME_MAX,
    ]  # fmt: skip
