import gc
import logging
from datetime import UTC, datetime
from types import SimpleNamespace

import sqlalchemy as sa

from web.app import create_app
from web.callers import Caller, Role
from web.gate import BODY_BYTES_MAX, Window, _Answer
from web.services import Services

READ = "/v1/object/unit-of-measure"
UNIT = {"UomName": "GB", "DecimalPlaces": 3}


def test_a_window_counts_every_caller_by_itself_and_starts_again_with_the_minute():
    window = Window(2)
    assert [window.count("a", seconds)[0] for seconds in (0.0, 59.0, 59.5, 60.0)] == [True, True, False, True]
    assert window.count("b", 60.0)[0]
    assert window.count("a", 75.0)[1] == {"ratelimit-limit": "2", "ratelimit-remaining": "0", "ratelimit-reset": "45"}
    assert window.count("a", 75.0)[1]["Retry-After"] == "45"


def test_who_calls_too_often_is_told_to_wait_and_failed_calls_count(services, opened, monkeypatch):
    monkeypatch.setattr("web.gate.time", SimpleNamespace(monotonic=lambda: 75.0))
    http = opened(create_app(services, calls_per_minute=3))
    answers = [http.get("/v1/nowhere") for _ in range(3)] + [http.post("/oauth/token"), http.get("/v1/nowhere")]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
    assert answers[-1].headers["Retry-After"] == "45"
    assert answers[-1].json()["reasons"][0]["code"] == "too_many_calls"


def test_a_body_over_the_limit_is_refused_whether_or_not_its_length_is_declared(editor):
    def pieces():
        for _ in range(6):
            yield b" " * (1024 * 1024)

    for content in (b" " * (BODY_BYTES_MAX + 1), pieces()):
        answer = editor.post("/v1/action/create", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        assert answer.json()["reasons"][0]["code"] == "too_large"


def test_calls_that_are_refused_leave_nothing_behind(services, opened):
    http = opened(create_app(services))

    def kept():
        gc.collect()
        return sum(type(each) is _Answer for each in gc.get_objects())

    before = kept()
    assert [http.get(READ).status_code for _ in range(5)] == [401] * 5
    assert kept() == before


def test_a_track_id_is_echoed_when_it_is_a_plain_one_and_made_otherwise(viewer):
    assert viewer.get(READ, headers={"X-Track-Id": "order-4711"}).headers["X-Track-Id"] == "order-4711"
    for given in ("x" * 65, "a b", "<script>"):
        assert len(viewer.get(READ, headers={"X-Track-Id": given}).headers["X-Track-Id"]) == 32


def test_an_unexpected_error_shows_a_track_id_and_nothing_else_neither_outside_nor_in_the_log(services, opened, caplog):
    app = create_app(services)
    secret = "can" + "ary-4711"  # the log shows source lines

    @app.get("/broken")
    def broken():
        raise RuntimeError(secret)

    http = opened(app)
    form = {"client_id": "viewer", "client_secret": "a-secret-that-nobody-may-see", "grant_type": "client_credentials"}
    token = http.post("/oauth/token", data=form).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "X-Track-Id": "t-1"}
    with caplog.at_level(logging.DEBUG):
        answer = http.get("/broken", headers=headers)
    assert answer.status_code == 500
    assert answer.json() == {"success": False, "reasons": [{"code": "internal_error", "message": "track id t-1"}]}
    assert answer.headers["X-Track-Id"] == "t-1"
    assert "track id t-1: unexpected RuntimeError" in caplog.text
    assert "in broken" in caplog.text
    assert secret not in caplog.text


def test_a_store_that_is_away_is_told_as_such_and_its_address_is_not(services, opened, clients, caplog):
    away = sa.create_engine("postgresql+psycopg://billing:canary-4711@127.0.0.1:1/meterbridge")
    http = opened(create_app(Services(away, services.home, services.read_catalog, clients)))
    token = clients.token("viewer", "a-secret-that-nobody-may-see", datetime.now(UTC)).text
    answer = http.get("/v1/object/usage/" + "0" * 32, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "canary" not in answer.text + caplog.text


async def by_cookie(request):
    return Caller("airflow:somebody", Role.ADMIN, by_cookie=True) if "_token" in request.cookies else None


FROM = [
    ({}, 403),
    ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 200),
    ({"Origin": "http://testserver"}, 200),
    ({"X-Requested-With": "meterbridge"}, 200),
]


def test_a_change_by_cookie_must_come_from_this_site(services, opened):
    http = opened(create_app(services, log_ins=[by_cookie]), cookies={"_token": "x"})
    assert http.get(READ).status_code == 200
    for number, (headers, status) in enumerate(FROM):
        answer = http.post(READ, json=UNIT | {"UomName": f"unit {number}"}, headers=headers)
        assert answer.status_code == status, headers
