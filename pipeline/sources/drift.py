"""The columns that a file has, against those that its source names: what is missing, repeated, renamed or new."""

import difflib
from collections.abc import Iterable, Sequence

from pipeline.sources.unreadable import UnreadableFileError
from pipeline.sources.wide import as_it_stands
from transforms.catalog.columns import column_and_part
from transforms.catalog.source import Source
from transforms.lists import first_few

DELIMITERS = ";", "\t", "|", ","
SHOWN = 50  # names of columns in one message


def check_columns(present: Sequence[str], source: Source) -> None:
    """Refuse a file that lacks a column of the source, or has it twice; the reason shows the difference."""
    wanted = columns_of(present, source)
    if any("\0" in name for name in present):  # the names of a file in UTF-16 are all of them unknown, and look alike
        raise UnreadableFileError(
            "wrong_encoding: the header holds the character NUL; declare the source's format.encoding"
        )
    if missing := [name for name in wanted if name not in present]:
        new = [name for name in present if name not in wanted]
        raise UnreadableFileError(
            f"missing_column: no {_listed(missing)}; the file has {_listed(present)}"
            f"{_delimited(present) or _alike(missing, new)}"
        )
    if repeated := [name for name in wanted if present.count(name) > 1]:
        raise UnreadableFileError(
            f"repeated_column: {repeated[0]!r} stands in the header more than once; in CSV, give "
            "each column a name of its own (format.names, with format.skip_lines: 1), else ask the sender to"
        )


def columns_of(present: Sequence[str], source: Source) -> list[str]:
    """Name the columns of a file that the source's names need, each once."""
    there = set(present)
    return list(dict.fromkeys(column_and_part(name, there)[0] for name in source.named().values()))


def difference(columns: Sequence[str], source: Source, known: Sequence[str] | None) -> str | None:
    """Warn of columns that neither the source names nor its latest file had (`known`); None where there are none.

    Without an earlier file every column is as it should be.
    """
    if known is None:
        return None
    expected = {*known, *as_it_stands(source).named().values()}
    new = [name for name in dict.fromkeys(columns) if name and name not in expected]
    if not new:
        return None
    return f"new_column: {_listed(new)} was not in the source's latest file; what it holds is left out"


def _listed(names: Sequence[str]) -> str:
    return first_few([*map(repr, names)], SHOWN)


def _delimited(present: Sequence[str]) -> str:
    """Say what may part the columns, where all of them look like one."""
    found = [mark for mark in DELIMITERS if len(present) == 1 and mark in present[0]]
    return f"; is {found[0]!r} its format.delimiter?" if found else ""


def _alike(missing: Iterable[str], new: Iterable[str]) -> str:
    """Say which new column may be the missing one under another name."""
    folded = {name.casefold(): name for name in new}
    found = {name: difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=0.5) for name in missing}
    return "".join(f"; {folded[near[0]]!r} may be {name!r}" for name, near in found.items() if near)
