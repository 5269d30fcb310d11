"""Every format that a source can declare has a reader, and stands in the table of formats."""

import re
import typing

import pytest

from pipeline import sources
from pipeline.sources.files import READERS
from transforms.source import Source

HEADER = "at,value\n"


def _declared():
    return {typing.get_args(kind.model_fields["kind"].annotation)[0] for kind in _models()}


def _models():
    return typing.get_args(Source.model_fields["format"].annotation)


def test_every_format_has_a_reader():
    assert set(READERS) == _declared()


def test_every_format_stands_in_the_table():
    assert set(re.findall(r"^    ([a-z]\w*)  ", sources.__doc__, flags=re.MULTILINE)) - {"kind"} == _declared()


def test_a_csv_file_with_the_character_nul_is_quarantined_whole_and_the_next_one_lands(business, march):
    business.deliver("power/A-1/a.csv", HEADER + "2025-03-02T00:00:00Z,1\n2025-03-02T01:00:00Z,x\x00\n")
    business.deliver("power/A-1/b.csv", HEADER + "2025-03-02T00:00:00Z,1\na,\x00,c\n")
    business.deliver("power/A-1/c.csv", march)
    found = business.extract()
    assert (found.landed, found.quarantined) == (1, 2)
    assert (
        business.rows("arrivals WHERE reason IS NOT NULL", "reason")
        == ["wrong_encoding: row 2 holds the character NUL"] * 2
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_csv_file_in_utf_16_is_quarantined_whole(business, march, encoding):
    business.deliver("power/A-1/march.csv", march.encode(encoding))
    found = business.extract()
    assert (found.landed, found.quarantined) == (0, 1)
