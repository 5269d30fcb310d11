"""Functions of DuckDB that Ibis has no word for; landing calls them, and no rule that Spark runs."""

import ibis
import ibis.expr.datatypes as dt


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def md5_number(text: str) -> dt.int64:
    """Hash text to 128 bits; Ibis knows no integer of that size."""


@ibis.udf.scalar.builtin(name="getvariable")  # type: ignore[untyped-decorator]  # Ibis ships no types
def text_variable(name: str) -> dt.string:
    """Give a text that was set beforehand: the same statement serves whatever it is."""


@ibis.udf.scalar.builtin(name="getvariable")  # type: ignore[untyped-decorator]  # Ibis ships no types
def integer_variable(name: str) -> dt.int64:
    """Give a whole number that was set beforehand."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def array_extract(text: str, place: int) -> dt.string:
    """Give the character at a place, counted from the end where negative."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def substring(text: str, start: int, length: int) -> dt.string:
    """Give a part of a text, its places counted from 1; Ibis's own asks for each row whether the start is negative."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def try_strptime(text: str, pattern: str) -> dt.timestamp:
    """Read a time stamp by a pattern; null where it does not fit."""


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # Ibis ships no types
def epoch_us(at: dt.timestamp) -> dt.int64:
    """Count microseconds since 1970; Ibis's own epoch_seconds is fractional."""
