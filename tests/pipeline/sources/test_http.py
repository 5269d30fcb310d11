"""Readings from a real HTTP server on loopback: piece by piece, and by the recipes of docs/sources.md."""

from datetime import UTC, datetime, timedelta

import pytest
from fetched_api import FIRST, NOTHING, READING, SECOND, THIRD, api_source, fetched, lines, readings, spooled_names
from pages_of_docs import blocks, declared, page
from scripted_api import Answer, json_answer

from pipeline.sources.fetched import Position, fetch
from pipeline.sources.files import open_rows
from transforms.catalog.source import Source


def test_an_answer_becomes_a_file_of_lines_that_keep_every_digit(api, spool):
    api.script = [Answer(f'[{READING}, {{"kwh": 1e-3, "ok": true, "note": null}}]')]
    files, position = fetched(api_source(), spool)
    assert [file.uri for file in files] == ["http/power/2025-03-01T00:00:00Z--2025-03-02T00:00:00Z.jsonl"]
    assert files[0].path.read_text() == (
        '{"account": "A-1", "at": "2025-03-01T00:00:00Z", "kwh": "0.1000000000000000055"}\n'
        '{"kwh": "1e-3", "ok": true, "note": null}\n'
    )
    assert position == Position(SECOND)


def test_an_api_is_asked_below_its_address_for_what_is_new_alone(api, spool):
    api.script = [Answer(f"[{READING}]")]
    source = api_source()
    _, position = fetched(source, spool, position=Position(FIRST))
    (asked,) = api.asked
    assert asked.path == "/api/readings"
    assert asked.parameters == {"from": "2025-03-01T00:00:00Z", "to": "2025-03-02T00:00:00Z"}
    assert fetch(source, position, SECOND, spool) == ([], position)
    assert fetch(source, position, FIRST, spool) == ([], position)
    assert len(api.asked) == 1


def test_what_was_fetched_is_read_like_any_file_of_json_lines(api, spool):
    api.script = [Answer(f"[{READING}]")]
    source = api_source()
    (file,), _ = fetch(source, NOTHING, SECOND, spool)
    with open_rows(file, source) as rows:
        (row,) = rows.arrow().read_all().to_pylist()
    assert (row["account"], row["value"], row["defect"]) == ("A-1", "0.1000000000000000055", None)


def test_a_long_time_is_asked_piece_by_piece_without_gap_or_overlap(api, spool):
    api.script = lambda asked: json_answer(readings(asked.parameters["from"]))
    files, position = fetched(api_source(piece_seconds=36_000), spool)
    assert [(asked.parameters["from"][11:13], asked.parameters["to"][11:13]) for asked in api.asked] == [
        ("00", "10"), ("10", "20"), ("20", "00"),
    ]  # fmt: skip
    assert spooled_names(spool) == [
        "2025-03-01T00:00:00Z--2025-03-01T10:00:00Z.jsonl",
        "2025-03-01T10:00:00Z--2025-03-01T20:00:00Z.jsonl",
        "2025-03-01T20:00:00Z--2025-03-02T00:00:00Z.jsonl",
    ]
    assert [line["kwh"][11:13] for line in lines(files)] == ["00", "10", "20"]
    assert position == Position(SECOND)


def test_a_piece_without_a_record_makes_no_file_and_the_same_piece_again_makes_the_same(api, spool):
    api.script = lambda asked: json_answer(readings(1) if "-01T" in asked.parameters["from"] else [])
    first, position = fetched(api_source(), spool, THIRD)
    content = first[0].path.read_bytes()
    again, _ = fetched(api_source(), spool, THIRD)
    assert (len(first), again, again[0].path.read_bytes()) == (1, first, content)
    assert position == Position(THIRD)
    assert spooled_names(spool) == ["2025-03-01T00:00:00Z--2025-03-02T00:00:00Z.jsonl"]


@pytest.mark.parametrize(
    ("time_format", "since", "written"),
    [
        ("iso", FIRST, "2025-03-01T00:00:00Z"),
        ("iso", datetime(2025, 3, 1, 1, tzinfo=UTC) + timedelta(microseconds=5), "2025-03-01T01:00:00.000005Z"),
        ("epoch_seconds", FIRST, "1740787200"),
        ("epoch_seconds", FIRST + timedelta(microseconds=5), "1740787200.000005"),
        ("epoch_milliseconds", FIRST, "1740787200000"),
        ("epoch_milliseconds", FIRST + timedelta(microseconds=5), "1740787200000.005"),
    ],
)
def test_the_bounds_are_written_as_the_api_reads_them(api, spool, time_format, since, written):
    api.script = [Answer("[]")]
    fetched(api_source(time_format=time_format, since=since), spool)
    assert api.asked[0].parameters["from"] == written


def _recipe(name, **http):
    """A recipe of docs/sources.md, changed where a test needs it."""
    (recipe,) = [each for each in map(declared, blocks(page("sources"), "yaml")) if each["source"] == name]
    recipe["http"] |= http | {"connection": "metrics", "since": FIRST, "requests_per_second": 1000}
    return Source.model_validate(recipe)


def _prometheus(asked):
    """Answer a range query as Prometheus does: a sample at each step from start on, the end included."""
    start, end, step = (int(asked.parameters[name]) for name in ("start", "end", "step"))
    values = [[at, "0.1000000000000000055"] for at in range(start, end + 1, step)]
    series = {"metric": {"account": "A-1", "pod": "S-1"}, "values": values}
    return json_answer({"status": "success", "data": {"resultType": "matrix", "result": [series]}})


def _instants(files):
    return [int(line["values"][0]) - 1_740_787_200 for line in lines(files)]  # seconds since the first of March


def test_the_recipe_of_a_range_query_brings_every_sample_once_although_both_bounds_count(api, spool):
    api.script = _prometheus
    source = _recipe("memory", piece_seconds=3600)
    files, position = fetched(source, spool)
    assert _instants(files) == list(range(0, 86_400, 300))
    assert (len(files), position) == (24, Position(SECOND))
    assert api.asked[0].path == "/api/api/v1/query_range"
    assert api.asked[0].parameters["query"] == 'container_memory_bytes{job="cluster"}'
    with open_rows(files[0], source) as rows:
        row = rows.arrow().read_all().to_pylist()[1]
    assert (row["account"], row["subscription"]) == ("A-1", "S-1")
    assert (row["at"], row["value"]) == ("1740787500", "0.1000000000000000055")


def test_samples_are_asked_until_the_last_whole_step_and_the_rest_the_next_time(api, spool):
    api.script = _prometheus
    source = _recipe("memory")
    first, position = fetched(source, spool, FIRST + timedelta(minutes=12))
    assert (_instants(first), position) == ([0, 300], Position(FIRST + timedelta(minutes=10)))
    second, position = fetched(source, spool, FIRST + timedelta(minutes=16), position)
    assert (_instants(second), position) == ([600], Position(FIRST + timedelta(minutes=15)))
    assert fetched(source, spool, FIRST + timedelta(minutes=19), position) == ([], position)


def test_the_recipe_of_an_api_with_pages_follows_its_cursor(api, spool):
    item = {"id": "m-1", "sent_at": "2025-03-01T00:00:00Z", "segments": 2, "customer": {"id": "A-1"}}
    api.script = [
        json_answer({"usage": {"items": [item], "next_cursor": "c2"}}),
        json_answer({"usage": {"items": [item | {"id": "m-2"}], "next_cursor": None}}),
    ]
    source = _recipe("messages")
    (file,), _ = fetched(source, spool)
    with open_rows(file, source) as rows:
        found = rows.arrow().read_all().to_pylist()
    assert [(row["event_id"], row["account"], row["value"]) for row in found] == [
        ("m-1", "A-1", "2"), ("m-2", "A-1", "2"),
    ]  # fmt: skip
    assert [asked.parameters.get("cursor") for asked in api.asked] == [None, "c2"]
