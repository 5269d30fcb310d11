"""Each reason for which a row is quarantined names the keys of its source that may be wrong, also in the manual."""

import re

import pytest
from pages_of_docs import page

from pipeline.settings import PROJECT
from transforms.readings.fate import LEFT_OUT
from transforms.readings.reasons import KEYS, advice

PAGE = page("meters")
TABLE = PAGE.partition("| what is wrong | reason | keys to look at |\n")[2].partition("\n\n")[0]
GIVEN = re.compile(
    '"((?:ambiguous|at_out|beyond|missing|nonexistent|other|ragged|too|unknown|unreadable|value_out)_[a-z_]+)"'
)
OF_FILES = {"missing_header"}  # for which a file is quarantined whole
FILES = ("transforms/readings/*.py", "pipeline/sources/*.py")


def given():
    """The reasons that the code gives to rows."""
    files = (path for pattern in FILES for path in PROJECT.glob(pattern) if path.name != "reasons.py")
    return {found for path in files for found in GIVEN.findall(path.read_text(encoding="utf-8"))}


def test_every_reason_that_the_code_gives_is_known():
    assert given() - OF_FILES == set(KEYS)


@pytest.mark.parametrize("reason", KEYS)
def test_the_manual_names_each_reason_and_its_keys(reason):
    (row,) = (line for line in TABLE.splitlines() if f"`{reason}`" in line.split("|")[2])
    for key in KEYS[reason]:
        assert f"`source.{key}`" in PAGE
        assert f"`{key}`" in row or key.startswith("columns."), row


def test_what_mends_a_value_with_too_many_decimals_is_told_with_it():
    assert advice("too_many_decimals") == "; is value.decimals of the source right?"
    assert advice(LEFT_OUT) == ""
