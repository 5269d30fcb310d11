"""A JSON document: one value that holds all records, such as an API's answer in a file. Numbers keep their digits."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.sources.batches import Opened, Row, batched, defective
from pipeline.sources.json_lines import SAMPLE, paths_of
from pipeline.sources.json_values import DECODER, text_at
from pipeline.sources.records import records
from pipeline.sources.unavailable import AnswerError
from pipeline.sources.unreadable import UnreadableFileError
from transforms.catalog.formats import Json
from transforms.catalog.source import Source

BYTES_MAX = 64 << 20  # read as a whole, and in memory a dozen times as large


def read(path: Path, source: Source) -> Opened:
    """Read the records of a document, numbered from 1 in its order."""
    assert isinstance(source.format, Json)  # noqa: S101 narrows the type; the caller chose by it
    document, places = _document(path), source.format.records
    columns = dict.fromkeys(name for each in islice(_records(document, places), SAMPLE) for name in paths_of(each))
    found = enumerate(_records(document, places), start=1)
    return Opened(list(columns), batched((_row(number, each, source) for number, each in found), source))


def _document(path: Path) -> object:
    if path.stat().st_size > BYTES_MAX:
        raise UnreadableFileError(f"too_large: a document has more than {BYTES_MAX} bytes; deliver JSON lines")
    try:
        found: object = DECODER.decode(path.read_bytes().decode("utf-8-sig"))
    except UnicodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableFileError(
            f"damaged_file: it is no JSON document ({error}); where each line is an object, format.kind is json_lines"
        ) from error
    return found


def _records(document: object, places: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    try:
        yield from records(document, places)
    except AnswerError as error:
        raise UnreadableFileError(str(error)) from error


def _row(number: int, record: dict[str, Any], source: Source) -> Row:
    try:
        return Row(number, None, tuple(text_at(record, path) for path in source.named().values()))
    except ValueError:
        return defective(number, "unreadable_record", json.dumps(record), source)
