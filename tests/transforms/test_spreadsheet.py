"""What a spreadsheet would take for a formula gets a quote in front; all else stays as it is."""

import pytest

from transforms.spreadsheet import neutral


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-2", "'-2"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("\rx", "'\rx"),
        ("  =1", "'  =1"),
        ("\u00a0=1", "'\u00a0=1"),
        ("\u200b\ufeff=1", "'\u200b\ufeff=1"),
        ("＝1", "'＝1"),
        ("a\n=1\nb", "a\n'=1\nb"),
        ("a\r\n -1", "a\r\n' -1"),
        ("\n=1", "\n'=1"),
    ],
)
def test_a_line_that_starts_like_a_formula_gets_a_quote(text, shown):
    assert neutral(text) == shown


@pytest.mark.parametrize("text", ["", "a=b", "6.5", "'=1", "A-1", "x\ty", '{"a": "=1"}', "one\ntwo", "5\u00a0kWh"])
def test_other_text_stays_as_it_is(text):
    assert neutral(text) == text
