from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import ValidationError

from transforms.catalog.origins import Http, Sql

BY_INTERVAL = {
    "connection": "billing",
    "query": "SELECT id, at, kwh::text FROM usage WHERE at >= :start AND at < :end",
    "since": "2025-03-01T00:00:00Z",
}
BY_WATERMARK = {
    "connection": "billing",
    "query": "SELECT id, at, kwh FROM usage WHERE id > :after",
    "watermark": "id",
}
SAMPLES = {
    "connection": "metrics",
    "path": "/api/v1/query_range",
    "parameters": {"query": 'sum(rate(bytes{job="edge"}[5m]))', "start": "{start}", "end": "{last}", "step": "300"},
    "since": "2025-03-01T00:00:00Z",
    "step_seconds": "300",
}


def test_a_query_by_interval_says_from_when_on_it_is_asked():
    assert Sql.model_validate(BY_INTERVAL).since == datetime(2025, 3, 1, tzinfo=UTC)


def test_a_query_by_watermark_starts_above_zero_unless_it_says_otherwise():
    assert Sql.model_validate(BY_WATERMARK).first == "0"
    assert Sql.model_validate(BY_WATERMARK | {"first": "1970-01-01"}).first == "1970-01-01"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (BY_INTERVAL | {"query": "SELECT 1 WHERE at >= :start"}, "it must hold :start and :end, and no other"),
        (BY_INTERVAL | {"query": "SELECT :start, :end, :account"}, "it must hold :start and :end, and no other"),
        (BY_INTERVAL | {"query": "SELECT :start, :end, :END"}, "it must hold :start and :end, and no other"),
        (BY_INTERVAL | {"since": None}, "since is missing"),
        (BY_INTERVAL | {"since": "2025-03-01T00:00:00"}, "should have timezone info"),
        (BY_WATERMARK | {"query": "SELECT id WHERE at >= :start AND at < :end"}, "it must hold :after, and no other"),
        (
            BY_WATERMARK | {"connection": "billing_token"},
            "METERBRIDGE_CONNECTION_BILLING_TOKEN is a setting of another",
        ),
        (BY_WATERMARK | {"connection": "billing_file"}, "METERBRIDGE_CONNECTION_BILLING_FILE is a setting of another"),
        (BY_WATERMARK | {"password": "secret"}, "Extra inputs are not permitted"),
    ],
)
def test_a_query_that_cannot_be_asked_is_refused_and_the_message_says_why(fields, message):
    with pytest.raises(ValidationError, match=message):
        Sql.model_validate(fields)


@pytest.mark.parametrize("text", ["at::date", "'12:30'", "'a\\:literal'"])
def test_a_colon_that_is_no_parameter_is_left_alone(text):
    query = f"SELECT {text} FROM usage WHERE at >= :start AND at < :end"  # noqa: S608  the test's own text
    assert Sql.model_validate(BY_INTERVAL | {"query": query}).query == query


def test_an_api_is_asked_day_by_day_and_gently_unless_it_says_otherwise():
    http = Http.model_validate(SAMPLES)
    assert (http.piece_seconds, http.step_seconds) == (86_400, 300)
    assert (http.time_format, http.requests_per_second) == ("iso", Decimal(10))
    assert (http.page, http.records) == (None, ())


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"parameters": {"end": "{last}"}}, "one must hold {start}, or every piece would bring the same records again"),
        ({"parameters": {"start": "{start}", "end": "{end}"}}, "step_seconds and {last} in parameters need each other"),
        ({"step_seconds": None}, "step_seconds and {last} in parameters need each other"),
        ({"step_seconds": "7000"}, "step_seconds: 7000 does not divide the 86400 of a piece"),
        ({"path": "https://elsewhere.example/api"}, "path: only what follows upon the connection's address"),
        ({"path": "/api?token=secret"}, "path: only what follows upon the connection's address"),
        ({"page": {"parameter": "step"}}, "page.parameter: 'step' stands in parameters too"),
        ({"requests_per_second": "0"}, "greater than 0"),
        ({"piece_seconds": "0"}, "greater than 0"),
        ({"time_format": "rfc3339"}, "'iso', 'epoch_seconds' or 'epoch_milliseconds'"),
        ({"connection": "metrics_token"}, "METERBRIDGE_CONNECTION_METRICS_TOKEN is a setting of another"),
    ],
)
def test_an_api_that_cannot_be_asked_as_declared_is_refused_and_the_message_says_why(fields, message):
    with pytest.raises(ValidationError, match=message):
        Http.model_validate(SAMPLES | fields)
