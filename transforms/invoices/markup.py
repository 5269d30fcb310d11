"""Text inside HTML and SVG."""

import re
from html import escape

# XML has no word for these, and a terminal would obey some of them.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
BLANKS = re.compile(r"\s+")


def one_line(text: str) -> str:
    r"""Write text on one line, control characters as replacement characters.

    >>> one_line("Mill & Sons,\n  Söhne")
    'Mill & Sons, Söhne'
    """
    return BLANKS.sub(" ", CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)).strip()


def escaped(text: str) -> str:
    """Write text so that it is nothing but text between tags and in quoted attributes, on one line."""
    return escape(one_line(text))
