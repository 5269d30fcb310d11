"""The records of an answer, wherever they stand in it."""

import pytest
from fetched_api import api_source, fetched, lines, spooled_names
from scripted_api import json_answer

from pipeline.sources.fetched import SourceUnavailableError


@pytest.mark.parametrize(
    ("records", "answer", "expected"),
    [
        ([], [{"a": 1}], [{"a": "1"}]),
        (["data"], {"data": [{"a": 1}, {"a": 2}]}, [{"a": "1"}, {"a": "2"}]),
        (["data.0.rows"], {"data": [{"rows": [{"a": 1}]}]}, [{"a": "1"}]),
        (["a.b"], {"a.b": [{"a": 1}]}, [{"a": "1"}]),
        (["data"], {"data": None}, []),
        (["data", "days"], {"data": [{"a": 1, "days": [{"b": 2}, {"b": 3}]}, {"a": 4, "days": []}]},
         [{"a": "1", "days": {"b": "2"}}, {"a": "1", "days": {"b": "3"}}]),
        (["data", "in.days"], {"data": [{"in": {"days": [1, 2], "c": 3}}]},
         [{"in": {"days": "1", "c": "3"}}, {"in": {"days": "2", "c": "3"}}]),
        (["data", "days", "days.hours"], {"data": [{"days": [{"hours": [1, 2]}, {"hours": [3]}]}]},
         [{"days": {"hours": "1"}}, {"days": {"hours": "2"}}, {"days": {"hours": "3"}}]),
        (["data", "*"], {"data": [{"pod-1": {"a": 1}, "pod-2": {"a": 2}}, {}]}, [{"a": "1"}, {"a": "2"}]),
        (["data.*"], {"data": {"pod-1": {"a": 1}, "pod-2": {"a": 2}}}, [{"a": "1"}, {"a": "2"}]),
        (["data", "pods.*"], {"data": [{"n": 1, "pods": {"x": {"a": 2}, "y": {"a": 3}}}]},
         [{"n": "1", "pods": {"a": "2"}}, {"n": "1", "pods": {"a": "3"}}]),
    ],
)  # fmt: skip
def test_records_are_found_by_their_path_and_once_for_each_entry_within(api, spool, records, answer, expected):
    api.script = [json_answer(answer)]
    files, _ = fetched(api_source(records=records), spool)
    assert lines(files) == expected


@pytest.mark.parametrize(
    ("records", "answer", "message"),
    [
        ([], {"data": []}, "records: the whole is no list; the keys are 'data'"),
        (["rows"], {"data": []}, "records: rows is no list; the keys are 'data'"),
        (["data"], {"data": {"a": 1}}, "records: data is no list"),
        (["data"], [], "records: data is no list; it has no keys"),
        (["data"], {"data": [[1, 2]]}, "records: an entry of data is no object"),
        (["data.*"], {"data": [{"a": 1}]}, "records: data is no object; the keys are 'data'"),
        (["data.*"], {"data": {"a": 1}}, r"records: an entry of data\.\* is no object"),
        (["data", "values"], {"data": [{"value": [1]}]}, "records: values is no list; the keys are 'value'"),
    ],
)
def test_an_answer_of_another_shape_is_refused_and_the_message_says_what_is_there(api, spool, records, answer, message):
    api.script = [json_answer(answer)]
    with pytest.raises(SourceUnavailableError, match=message):
        fetched(api_source(records=records), spool)
    assert spooled_names(spool) == []
