"""Pages of a real HTTP server on loopback."""

import pytest
from fetched_api import api_source, fetched, lines, readings, spooled_names
from scripted_api import Answer, json_answer

from pipeline.sources.fetched import SourceUnavailableError
from pipeline.sources.pages import PAGES_MAX, paged
from pipeline.sources.unavailable import AnswerError
from transforms.catalog.origins import Page


def test_pages_are_asked_by_the_value_that_each_tells_for_the_next(api, spool):
    api.script = [
        json_answer({"rows": readings(1, 2), "meta": {"next": "abc"}}),
        json_answer({"rows": [], "meta": {"next": 7}}),
        json_answer({"rows": readings(3), "meta": {"next": None}}),
    ]
    files, _ = fetched(api_source(records=["rows"], page={"parameter": "cursor", "next": "meta.next"}), spool)
    assert [line["kwh"] for line in lines(files)] == ["1", "2", "3"]
    assert [asked.parameters.get("cursor") for asked in api.asked] == [None, "abc", "7"]
    assert {asked.parameters["from"] for asked in api.asked} == {"2025-03-01T00:00:00Z"}


@pytest.mark.parametrize("end", [{}, {"next": ""}, {"next": None}, {"next": False}])
def test_the_page_that_tells_no_next_one_is_the_last(api, spool, end):
    api.script = [json_answer({"rows": readings(1)} | end)]
    files, _ = fetched(api_source(records=["rows"], page={"parameter": "cursor", "next": "next"}), spool)
    assert (len(lines(files)), len(api.asked)) == (1, 1)


@pytest.mark.parametrize("first", [0, 1])
def test_pages_are_counted_until_one_is_empty(api, spool, first):
    api.script = [json_answer(readings(1, 2)), json_answer(readings(3)), Answer("[]")]
    files, _ = fetched(api_source(page={"parameter": "page", "first": first}), spool)
    assert [line["kwh"] for line in lines(files)] == ["1", "2", "3"]
    assert [asked.parameters["page"] for asked in api.asked] == [str(first + number) for number in range(3)]


@pytest.mark.parametrize(
    ("page", "answers", "message"),
    [
        ({"parameter": "page"}, [readings(1), readings(1)], "what it gives for '2' came before; it repeats a page"),
        ({"parameter": "page"}, [readings(1), readings(2), readings(1)], "what it gives for '3' came before"),
        (
            {"parameter": "cursor", "next": "next"},
            [{"rows": [], "next": "a"}, {"rows": [], "next": "b"}, {"rows": [], "next": "a"}, {"rows": []}],
            "what it gives for 'a' came before; it repeats a page",
        ),
        (
            {"parameter": "cursor", "next": "next"},
            [{"rows": readings(1), "next": "a"}, {"rows": readings(1), "next": "b"}],
            "what it gives for 'a' came before; it repeats a page",
        ),
        (
            {"parameter": "cursor", "next": "next"},
            [{"rows": readings(1), "next": {"url": "a"}}],
            "page.next: what stands at 'next' is neither text nor a number",
        ),
    ],
)
def test_a_page_that_came_before_is_refused_and_nothing_of_the_piece_is_kept(api, spool, page, answers, message):
    api.script = [json_answer(answer) for answer in answers]
    records = ["rows"] if "next" in page else []
    with pytest.raises(SourceUnavailableError, match=message):
        fetched(api_source(records=records, page=page), spool)
    assert spooled_names(spool) == []


def test_pages_without_end_are_given_up():
    """Each page is empty and tells a value for the next that none told before."""
    asked = []

    def ask(parameters):
        asked.append(parameters)
        return {"rows": [], "next": str(len(asked))}

    with pytest.raises(AnswerError, match=f"there are more than {PAGES_MAX} pages"):
        list(paged(ask, Page(parameter="cursor", next="next"), ("rows",)))
    assert (asked[0], asked[-1], len(asked)) == ({}, {"cursor": str(PAGES_MAX - 1)}, PAGES_MAX)


def test_an_answer_without_pages_is_asked_for_once():
    assert list(paged(lambda parameters: [{"asked": parameters}], None, ())) == [{"asked": {}}]
