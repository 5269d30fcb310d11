"""Webhooks, to a real HTTP server on loopback."""

import hashlib
import hmac
import json
from dataclasses import replace

import pytest
from receivers import LOST, hook

from pipeline.notify.channel import Address, ChannelError, DeliveryError
from pipeline.notify.posting import DEFAULT
from pipeline.notify.webhook import Webhook

SECRET = "wh-s3cret"  # noqa: S105 a test's own
AT_ONCE = replace(DEFAULT, wait_seconds=0, read_seconds=5)


def channel(receiver, path="/hook"):
    return Webhook.of(Address(receiver.url(path), SECRET), AT_ONCE)


def is_signed(request):
    """Verify a request as its receiver would, by the description alone."""
    signed = request.headers["Meterbridge-Timestamp"].encode() + b"." + request.body
    expected = "v1=" + hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, request.headers["Meterbridge-Signature"])


def test_a_webhook_gets_json_that_is_signed_and_bears_the_messages_id(receiver, failed_import, at):
    assert channel(receiver).send(failed_import, at) == ""
    (request,) = receiver.taken
    assert is_signed(request)
    assert request.headers["Meterbridge-Timestamp"] == str(int(at.timestamp()))
    assert request.headers["Meterbridge-Id"] == failed_import.id
    assert request.headers["Content-Type"] == "application/json"
    body = json.loads(request.body)
    assert (body["id"], body["kind"], body["subject"]) == (failed_import.id, "import_failed", "9c0ffee")
    assert (body["title"], body["text"]) == (failed_import.title, failed_import.text)
    assert body["details"]["reason"] == "row 3: QTY is missing"
    assert body["happened_at"] == "2025-04-01T12:00:00+00:00"


def test_a_body_or_timestamp_that_was_changed_on_the_way_does_not_fit_the_signature(receiver, failed_import, at):
    channel(receiver).send(failed_import, at)
    (request,) = receiver.taken
    changed = type(request)(request.path, request.headers, request.body.replace(b"missing", b"present"))
    assert not is_signed(changed)
    later = request.headers | {"Meterbridge-Timestamp": str(int(at.timestamp()) + 1)}
    assert not is_signed(type(request)(request.path, later, request.body))


@pytest.mark.parametrize("trouble", [500, 503, 429, LOST])
def test_a_receiver_that_is_out_of_order_is_sent_the_same_again(receiver, failed_import, at, trouble):
    receiver.script = [trouble, 200]
    channel(receiver).send(failed_import, at)
    first, second = receiver.taken
    assert first.body == second.body
    assert first.headers["Meterbridge-Id"] == second.headers["Meterbridge-Id"]
    assert is_signed(second)


def test_a_receiver_that_stays_out_of_order_is_given_up_for_now(receiver, failed_import, at):
    receiver.script = [500, 502, LOST, 200]
    with pytest.raises(DeliveryError, match=r"receiver at 127\.0\.0\.1: RemoteProtocolError.*\(tried 3 times\)"):
        channel(receiver).send(failed_import, at)
    assert len(receiver.taken) == 3


@pytest.mark.parametrize("status", [301, 400, 401, 404])
def test_a_refusal_is_asked_once_and_no_redirect_followed(receiver, failed_import, at, status):
    receiver.script, receiver.says = [status], "who are you?"
    with pytest.raises(DeliveryError, match=f"it answers {status} who are you"):
        channel(receiver).send(failed_import, at)
    assert len(receiver.taken) == 1


def test_what_a_receiver_repeats_of_address_and_secret_is_not_shown(receiver, failed_import, at, caplog):
    for logger in ("httpx", "httpcore"):  # Airflow, if it is loaded, has silenced them
        caplog.set_level("DEBUG", logger=logger)
    receiver.script, receiver.says = [400], f"no /key-s3cret?token=t0ken-s3cret for {SECRET}"
    with pytest.raises(DeliveryError) as refused:
        channel(receiver, "/key-s3cret?token=t0ken-s3cret").send(failed_import, at)
    assert receiver.taken[0].path == "/key-s3cret?token=t0ken-s3cret"
    assert "HTTP Request: POST http://127.0.0.1" in caplog.text
    assert "s3cret" not in f"{refused.value!r} {caplog.text}"


def test_a_receiver_that_is_not_there_is_a_delivery_error(failed_import, at):
    with hook() as gone:
        there = channel(gone)
    with pytest.raises(DeliveryError, match="ConnectError"):
        there.send(failed_import, at)


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("https://hooks.example.com/s3cret", None, "has no secret to sign with"),
        ("http://hooks.example.com/s3cret", "x", "write https://host/path"),
        ("hooks.example.com/s3cret", "x", "write https://host/path"),
        ("https://s3cret:port/", "x", "write https://host/path"),
    ],
)
def test_a_connection_that_is_none_of_a_webhook_is_refused_without_showing_it(url, secret, said):
    with pytest.raises(ChannelError, match=said) as refused:
        Webhook.of(Address(url, secret))
    assert "s3cret" not in str(refused.value)
