"""A column that holds something else than it should: then no row of the file is right, and it is refused as a whole."""

from collections.abc import Iterable

from pipeline.sources.unreadable import UnreadableFileError
from pipeline.store.manifest import LandedFile
from transforms.catalog.source import Source
from transforms.readings.fate import LEFT_OUT
from transforms.readings.readings import SEPARATOR
from transforms.readings.reasons import advice

ROWS_MIN = 10  # of a file; fewer may be wrong alike by chance
EXAMPLE_MAX = 60  # characters


def refuse_retyped(source: Source, landed: LandedFile, rejects: Iterable[tuple[int, str, str]]) -> None:
    """Raise UnreadableFileError when every row that is not left out fails for one reason that lies in one column."""
    if landed.readings or landed.quarantined < ROWS_MIN:
        return
    found = (each for each in rejects if each[1] != LEFT_OUT)
    row, reason, raw = next(found)
    if (expected := _expected(source).get(reason)) is None or any(other != reason for _, other, _ in found):
        return
    columns, wanted = expected
    named = source.columns.named()
    held = dict(zip(named, raw.split(SEPARATOR), strict=False))  # a text may hold the separator too
    named_so = _listed(named[each] for each in columns)
    raise UnreadableFileError(
        f"retyped_column: all {landed.quarantined} rows are {reason}: {named_so} should hold {wanted}, and "
        f"row {row} holds {_listed(held[each][:EXAMPLE_MAX] for each in columns)}{advice(reason)}"
    )


def _listed(texts: Iterable[str]) -> str:
    return " and ".join(map(repr, texts))


def _expected(source: Source) -> dict[str, tuple[tuple[str, ...], str]]:
    """Give, by reason, the columns in which it lies and what should stand there."""
    number = "a duration such as 00:03:27" if source.value.format == "duration" else "a number such as 1234"
    number += f"{source.value.decimal_mark}5"
    stamp = "a time stamp such as 2025-03-01T00:00:00Z" if source.time.format == "iso" else source.time.format
    stamp += ", and an interval's number from 1 on" if source.columns.at_interval else ""
    at = tuple(name for name in ("at", "at_time", "at_interval") if name in source.columns.named())
    words = " or ".join(source.revisions) if isinstance(source.revisions, tuple) else ""
    revision = source.revisions if isinstance(source.revisions, str) else "a whole number or a time stamp"
    expected = {
        "unreadable_value": (("value",), number),
        "unreadable_at": (at, stamp),
        "missing_at": (at, stamp),
        "missing_account": (("account",), "an account"),
        "missing_event_id": (("event_id",), "an event id"),
        "unreadable_revision": (("revision",), revision),
        "unknown_revision": (("revision",), words),
    }
    return {reason: found for reason, found in expected.items() if found[0][0] in source.columns.named()}
