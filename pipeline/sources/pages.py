"""The pages of an answer: by the value that each tells for the next, or by number, and none of them twice."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from pipeline.sources.json_values import at_path
from pipeline.sources.records import records
from pipeline.sources.unavailable import AnswerError
from transforms.catalog.origins import Page

PAGES_MAX = 100_000


def paged(
    ask: Callable[[dict[str, str]], object], page: Page | None, paths: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Give the records of page upon page; `ask` takes the parameter that names a page.

    AnswerError for a page that came before: its records would be billed twice.
    """
    value = str(page.first) if page and page.next is None else None
    seen: set[str] = set()
    for _ in range(PAGES_MAX):
        answer = ask({page.parameter: value} if page and value is not None else {})
        found = list(records(answer, paths))
        _remember(seen, value, found)
        yield from found
        value = _next(page, value, answer, found)
        if value is None:
            return
    raise AnswerError(f"page: there are more than {PAGES_MAX} pages")


def _remember(seen: set[str], value: str | None, found: list[dict[str, Any]]) -> None:
    marks = {f"value {value}"}
    if found:
        marks.add("content " + hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest())
    if marks & seen:
        raise AnswerError(f"page: what it gives for {value!r} came before; it repeats a page")
    seen |= marks


def _next(page: Page | None, value: str | None, answer: object, found: list[dict[str, Any]]) -> str | None:
    """Tell the value that asks for the next page; None after the last."""
    if page is None:
        return None
    if page.next is None:
        return str(int(value or page.first) + 1) if found else None
    cursor = at_path(answer, page.next)
    if not cursor:
        return None
    if not isinstance(cursor, str):
        raise AnswerError(f"page.next: what stands at {page.next!r} is neither text nor a number")
    return cursor
