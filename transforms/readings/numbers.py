"""Numbers as they are written, turned into exact decimals: the many that are short at once, the others with care.

A duration is written as a number of seconds first.
"""

import re
from functools import reduce

import ibis
import ibis.expr.types as ir

from transforms.catalog.columns import Value
from transforms.readings.builtins import substring

EXPONENT = r"[eE]([+-]?[0-9]+)$"
SAME_MARKS = {" ": " \u00a0\u202f", "'": "'\u2019"}  # they look alike, and spreadsheets write the later ones
DURATION = r"^(?:([0-9]{1,6})-)?([0-9]{1,9}):([0-5]?[0-9]):([0-5]?[0-9])((?:[.,][0-9]*)?)$"
LONGEST_NUMBER = 100  # characters; longer than any meter writes, and short enough to refuse a bomb
# Decimals of up to 18 digits fit 64 bits: DuckDB reads them from text a hundred times faster than wider ones.
NARROW_DIGITS = 18
NARROW_DECIMALS = 9


def read_numbers(rows: ir.Table, value: Value) -> ir.Table:
    """Read the column `value`.

    Adds `number`, a decimal of the source's type, and `number_reason`: the one is null where the other is not.
    """
    text = _in_seconds(rows.value.strip()) if value.format == "duration" else rows.value
    number = _short(text, value).fill_null(_careful(text, value))
    if figures := [text for text in value.nulls if any(map(str.isdecimal, text))]:  # such as -999, which can be read
        number = ibis.cases((~rows.value.strip().isin(figures), number))
    rows = rows.mutate(number=number)
    return rows.mutate(
        number_reason=ibis.cases((rows.number.isnull(), _reason(rows.value.strip(), text.strip(), value)))
    )


def _in_seconds(text: ir.StringValue) -> ir.StringValue:
    """Write a duration as a number of seconds; null where it is none."""
    days, hours, minutes, seconds = (
        text.re_extract(DURATION, part).nullif("").try_cast("int64") for part in range(1, 5)
    )
    whole = ((days.fill_null(0) * 24 + hours) * 60 + minutes) * 60 + seconds
    return whole.cast("string") + text.re_extract(DURATION, 5)


def _short(text: ir.StringValue, value: Value) -> ir.DecimalValue:
    """Read numbers such as -1234.5; null for those with more digits, and for all that is written otherwise."""
    if value.decimal_mark != ".":
        return ibis.null(value.type)
    scale = min(value.decimals, NARROW_DECIMALS)
    whole = min(value.digits - value.decimals, NARROW_DIGITS - scale)
    read = _narrow(text, rf"^-?[0-9]{{1,{max(whole, 1)}}}(?:\.[0-9]{{0,{scale}}})?$", scale).try_cast(value.type)
    return read.fill_null(_long(text, value)) if value.decimals > NARROW_DECIMALS and whole > 0 else read


def _long(text: ir.StringValue, value: Value) -> ir.DecimalValue:
    """Read numbers such as 11.529000000000002 in two halves: a double's shortest text has up to 17 digits."""
    whole = min(value.digits - value.decimals, NARROW_DIGITS - NARROW_DECIMALS)
    decimals = min(value.decimals, NARROW_DIGITS)
    fits = text.re_search(rf"^[0-9]{{1,{whole}}}\.[0-9]{{{NARROW_DECIMALS + 1},{decimals}}}$")
    cut = text.find(".") + 1 + NARROW_DECIMALS
    first = substring(text, 1, cut).try_cast(f"decimal({NARROW_DIGITS}, {NARROW_DECIMALS})")
    rest = (ibis.literal("0." + "0" * NARROW_DECIMALS) + substring(text, cut + 1, NARROW_DIGITS)).try_cast(
        f"decimal({NARROW_DIGITS}, 18)"
    )
    both = (first.cast("decimal(38, 18)") + rest.cast("decimal(38, 18)")).try_cast(value.type)
    return ibis.cases((fits, both))  # a case: DuckDB works nothing out for the rows that do not need it


def _narrow(text: ir.StringValue, pattern: str, scale: int) -> ir.DecimalValue:
    return ibis.cases((text.re_search(pattern), text)).try_cast(f"decimal({NARROW_DIGITS}, {scale})")


def _plain(text: ir.StringValue, value: Value) -> ir.StringValue:
    """Bring a number to the form 1234.5; what is not written as the source declares becomes null."""
    marks = SAME_MARKS.get(value.thousands_mark, value.thousands_mark)
    thousands, decimal = f"[{re.escape(marks)}]", re.escape(value.decimal_mark)
    whole = rf"([0-9]+|[1-9][0-9]{{0,2}}({thousands}[0-9]{{3}})+)" if marks else "[0-9]+"
    pattern = rf"^[+-]?({whole}({decimal}[0-9]*)?|{decimal}[0-9]+)([eE][+-]?[0-9]{{1,4}})?$"
    plain = reduce(lambda so_far, mark: so_far.replace(mark, ""), marks, text)
    fits = text.re_search(pattern) & (text.length() <= LONGEST_NUMBER)
    return ibis.cases((fits, plain.replace(value.decimal_mark, ".")))


def _careful(text: ir.StringValue, value: Value) -> ir.DecimalValue:
    """Read a number written in any way; null where it is none, or has too many decimals.

    The case keeps DuckDB from working the parts out for the rows that do not need them.
    """
    plain = _plain(text.strip(), value)
    exact = ibis.cases((_decimals(plain) <= value.decimals, plain)).try_cast(value.type)
    return ibis.cases((text != "", exact))


def _decimals(plain: ir.StringValue) -> ir.IntegerValue:
    """Count the decimals that a number needs: zeros at the end are none, an exponent moves the point, 0 needs none."""
    digits = plain.re_extract(r"^[+-]?([0-9.]*)", 1)
    written = digits.re_extract(r"\.([0-9]*)", 1).length() - digits.replace(".", "").re_extract("(0*)$", 1).length()
    needed = written - plain.re_extract(EXPONENT, 1).nullif("").cast("int64").fill_null(0)
    return ibis.cases((digits.re_search("[1-9]"), needed), (digits.notnull(), 0))


def _reason(written: ir.StringValue, text: ir.StringValue, value: Value) -> ir.StringValue:
    """Say why a number cannot be read."""
    plain = _plain(text, value)
    return ibis.cases(
        (written.isin(value.nulls), "missing_value"),
        (plain.isnull(), "unreadable_value"),
        (_decimals(plain) > value.decimals, "too_many_decimals"),
        else_="value_out_of_range",
    )
