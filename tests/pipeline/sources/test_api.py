"""A real HTTP server on loopback that is busy, out of order, or answers what nobody can take."""

import time

import pytest
from fetched_api import READING, api_source, fetched, lines, readings, spooled_names
from scripted_api import Answer, json_answer

from pipeline.patience import Patience
from pipeline.sources.fetched import SourceUnavailableError


@pytest.mark.parametrize(
    "trouble",
    [
        Answer("", 500),
        Answer("", 503),
        Answer("", 429),
        Answer(READING, missing_bytes=100),
        Answer("no gzip", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["500", "503", "429", "cut", "damaged"],
)
def test_an_api_that_is_out_of_order_twice_is_asked_a_third_time(api, spool, trouble):
    api.script = [trouble, trouble, Answer(f"[{READING}]")]
    files, _ = fetched(api_source(), spool)
    assert (len(lines(files)), len(api.asked)) == (1, 3)


def test_an_api_that_hangs_is_asked_again(api, spool):
    api.script = [Answer(hangs=True), Answer(f"[{READING}]")]
    files, _ = fetched(api_source(), spool, patience=Patience(attempts=2, wait_seconds=0.01, read_seconds=0.2))
    assert (len(lines(files)), len(api.asked)) == (1, 2)


def test_an_answer_that_only_trickles_in_is_given_up(api, spool):
    api.script = [Answer(f"[{READING}]", trickles=True)]
    with pytest.raises(SourceUnavailableError, match=r"the answer was not there after 0.3 seconds \(tried 1 times\)"):
        fetched(api_source(), spool, patience=Patience(attempts=1, total_seconds=0.3))


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (Answer("", 503), r"it answers 503 Service Unavailable \(tried 3 times\); see whether it is up"),
        (Answer("[", missing_bytes=9), r"RemoteProtocolError: .* \(tried 3 times\)"),
    ],
    ids=["503", "cut"],
)
def test_after_so_many_attempts_it_is_given_up_and_the_message_says_where(api, spool, trouble, message):
    api.script = [trouble] * 3
    with pytest.raises(SourceUnavailableError, match=message) as refused:
        fetched(api_source(), spool)
    assert "source power: the API at 127.0.0.1 (connection metrics)" in str(refused.value)
    assert len(api.asked) == 3


def test_a_pause_that_the_api_asks_for_is_kept(api, spool):
    api.script = [Answer("", 429, {"Retry-After": "1"}), Answer(f"[{READING}]")]
    start = time.monotonic()
    files, _ = fetched(api_source(), spool)
    assert len(lines(files)) == 1
    assert 1 <= time.monotonic() - start < 3


@pytest.mark.parametrize("after", ["3600", "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_pause_beyond_all_patience_is_not_waited_for(api, spool, after):
    api.script = [Answer("", 429, {"Retry-After": after})]
    with pytest.raises(SourceUnavailableError, match=r"429 Too Many Requests, and wants to be left alone for \d+ s"):
        fetched(api_source(), spool)
    assert len(api.asked) == 1


@pytest.mark.parametrize("after", ["soon", "-1", "Fri, 31 Dec 1999 23:59:59 GMT", "Fri, 31 Dec 2100 23:59:59 -0000"])
def test_a_pause_that_cannot_be_read_or_is_over_is_none(api, spool, after):
    api.script = [Answer("", 429, {"Retry-After": after}), Answer(f"[{READING}]")]
    assert len(lines(fetched(api_source(), spool)[0])) == 1


def test_requests_follow_each_other_no_faster_than_the_source_says(api, spool):
    api.script = lambda asked: json_answer(readings(asked.parameters["from"]))
    start = time.monotonic()
    fetched(api_source(piece_seconds=21_600, requests_per_second="10"), spool)  # four pieces: three pauses of 0.1 s
    assert len(api.asked) == 4
    assert 0.3 <= time.monotonic() - start < 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 304])
def test_a_request_that_is_refused_is_not_repeated(api, spool, status):
    api.script = [Answer("", status)]
    with pytest.raises(SourceUnavailableError, match=f"it answers {status} .*; compare path, parameters"):
        fetched(api_source(), spool)
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<html>", r"the answer is no JSON \(Expecting value"),
        ("", "the answer is no JSON"),
        ('[{"kwh": 1}', "the answer is no JSON"),
        ('[{"kwh": 1, "kwh": 2}]', r"the answer is no JSON \(a key stands there twice\)"),
        ("[" * 100_000, r"the answer is no JSON \(RecursionError\)"),
    ],
    ids=["html", "empty", "cut", "twice", "deep"],
)
def test_an_answer_that_is_no_json_is_refused(api, spool, body, message):
    api.script = [Answer(body)]
    with pytest.raises(SourceUnavailableError, match=message):
        fetched(api_source(), spool)
    assert spooled_names(spool) == []


def test_an_answer_that_is_too_large_is_refused_before_it_is_all_there(api, spool, monkeypatch):
    monkeypatch.setattr("pipeline.sources.api.ANSWER_BYTES_MAX", 1000)
    api.script = [Answer("[" + " " * 5_000_000 + "]")]
    with pytest.raises(SourceUnavailableError, match="the answer has more than 1000 bytes; ask for less at a time"):
        fetched(api_source(), spool)
