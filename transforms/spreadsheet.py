"""Text that a spreadsheet would take for a formula, made harmless."""

import re

LINE_ENDS = r"\n\r\v\f\x1c-\x1e\x85\u2028\u2029"
BLANKS = rf"(?:[^\S{LINE_ENDS}]|[\u200b-\u200d\u2060\ufeff])*"  # no-break and zero-width spaces included
SIGNS = r"=+\-@\uff1d\uff0b\uff0d\uff20"  # the wide forms of these signs count too
DANGEROUS = re.compile(rf"(?:^|(?<=[{LINE_ENDS}]))(?={BLANKS}[{SIGNS}]|[\t\r])")


def neutral(text: str) -> str:
    """Put a quote before every line that starts, after blanks, like a formula, and before a leading tab or return.

    >>> neutral("=1+1")
    "'=1+1"
    >>> neutral("6.5 = 13/2")
    '6.5 = 13/2'
    """
    return DANGEROUS.sub("'", text)
