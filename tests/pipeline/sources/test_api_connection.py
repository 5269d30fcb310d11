"""Where an API is asked, what it is shown, and who else sees that: nobody."""

import socket

import pytest
from fetched_api import NOTHING, READING, SECOND, VARIABLE, api_source, fetched, lines
from scripted_api import Answer, scripted_api

from pipeline.sources.fetched import SourceUnavailableError, fetch


def test_a_redirect_on_the_same_host_is_followed_and_a_circle_is_not(api, spool):
    api.script = [Answer("", 302, {"Location": "/api/v2/readings?day=1"}), Answer(f"[{READING}]")]
    assert len(lines(fetched(api_source(), spool)[0])) == 1
    assert (api.asked[1].path, api.asked[1].parameters) == ("/api/v2/readings", {"day": "1"})
    api.script = lambda _: Answer("", 307, {"Location": "/api/readings"})
    with pytest.raises(SourceUnavailableError, match="it redirects more than 3 times"):
        fetched(api_source(), spool)


def test_a_redirect_to_another_host_is_not_followed(api, spool, monkeypatch):
    monkeypatch.setenv(f"{VARIABLE}_TOKEN", "s3cret")
    with scripted_api() as elsewhere:
        api.script = [Answer("", 302, {"Location": f"http://127.0.0.1:{elsewhere.port}/api/readings?t=s3cret"})]
        with pytest.raises(
            SourceUnavailableError, match=f"it redirects to http://127.0.0.1:{elsewhere.port};"
        ) as refused:
            fetched(api_source(), spool)
        assert elsewhere.asked == []
    assert "s3cret" not in str(refused.value)


def test_user_and_password_of_the_address_are_shown_to_the_api_and_to_nobody_else(api, spool, monkeypatch, caplog):
    monkeypatch.setenv(VARIABLE, f"http://somebody:s3cr%40t@127.0.0.1:{api.port}/api")
    caplog.set_level("DEBUG")
    api.script = [Answer(f"[{READING}]"), Answer("", 401)]
    (file,), _ = fetched(api_source(), spool)
    with pytest.raises(SourceUnavailableError) as refused:
        fetched(api_source(), spool)
    assert api.asked[0].headers["Authorization"] == "Basic c29tZWJvZHk6czNjckB0"
    everything = f"{refused.value!r} {caplog.text} {file}"
    assert not any(secret in everything for secret in ("s3cr@t", "s3cr%40t", "c29tZWJvZHk6czNjckB0"))


def test_a_token_is_shown_to_the_api_and_to_nobody_else(api, spool, monkeypatch, tmp_path, caplog):
    (tmp_path / "token").write_text("s3cret\n")
    monkeypatch.setenv(f"{VARIABLE}_TOKEN_FILE", str(tmp_path / "token"))
    caplog.set_level("DEBUG")
    api.script = [Answer("", 403)]
    with pytest.raises(SourceUnavailableError) as refused:
        fetched(api_source(), spool)
    assert api.asked[0].headers["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in f"{refused.value!r} {caplog.text}"


@pytest.mark.parametrize("token", ["s3\ncret", "s3crét"])
def test_a_token_that_cannot_be_one_is_refused_without_showing_it(api, spool, monkeypatch, token):
    monkeypatch.setenv(f"{VARIABLE}_TOKEN", token)
    with pytest.raises(SourceUnavailableError, match="its token holds characters that no token has") as refused:
        fetched(api_source(), spool)
    assert api.asked == []
    assert "s3" not in str(refused.value)


@pytest.mark.parametrize(
    ("path", "asked"),
    [("", "/api"), ("/", "/api"), ("usage", "/api/usage"), ("/v1/usage", "/api/v1/usage"), ("//else", "/api/else")],
)
def test_a_path_stands_below_the_address(api, spool, path, asked):
    api.script = [Answer("[]")]
    fetched(api_source(path=path), spool)
    assert api.asked[0].path == asked


@pytest.mark.parametrize(
    "address",
    [
        "metrics.example/api",
        "ftp://metrics.example",
        "https://",
        "https://metrics.example/api?token=s3cret",
        "https://somebody:s3cret@metrics.example:port",
    ],
)
def test_an_address_that_is_none_of_an_api_is_refused_without_showing_it(monkeypatch, spool, address):
    monkeypatch.setenv(VARIABLE, address)
    with pytest.raises(
        SourceUnavailableError, match="METERBRIDGE_CONNECTION_METRICS is no address of an API"
    ) as refused:
        fetch(api_source(), NOTHING, SECOND, spool)
    assert "s3cret" not in str(refused.value)


def test_an_address_where_nobody_listens_is_given_up(monkeypatch, spool):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv(VARIABLE, f"http://127.0.0.1:{port}")
    with pytest.raises(SourceUnavailableError, match=r"ConnectError: .*refused \(tried 3 times\)"):
        fetched(api_source(), spool)
