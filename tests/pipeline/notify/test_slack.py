"""Slack's incoming webhook, to a real HTTP server on loopback."""

import json
from dataclasses import replace

import pytest

from pipeline.notify.channel import Address, DeliveryError
from pipeline.notify.slack import Slack
from pipeline.patience import Patience

PATH = "/services/T0/B0/s3cret"


def channel(receiver):
    return Slack.of(Address(receiver.url(PATH)), Patience(wait_seconds=0))


def test_slack_gets_the_text_with_its_id(receiver, failed_import, at):
    receiver.script = [500]
    assert channel(receiver).send(failed_import, at) == ""
    _, request = receiver.taken
    assert request.path == PATH
    body = json.loads(request.body)
    assert list(body) == ["text"]
    assert body["text"].startswith("*Import failed: march.csv*\nImport failed: 9c0ffee")
    assert body["text"].endswith(failed_import.id)


def test_a_file_name_calls_nobody_and_hides_no_address(receiver, failed_import, at):
    channel(receiver).send(replace(failed_import, title="<!channel> <https://evil.example|march.csv> R&D"), at)
    text = json.loads(receiver.taken[0].body)["text"]
    assert text.startswith("*&lt;!channel&gt; &lt;https://evil.example|march.csv&gt; R&amp;D*")


def test_a_refusal_does_not_show_the_address(receiver, failed_import, at):
    receiver.script, receiver.says = [404], f"no_service {PATH}"
    with pytest.raises(DeliveryError, match=r"receiver at 127\.0\.0\.1: it answers 404 no_service") as refused:
        channel(receiver).send(failed_import, at)
    assert "s3cret" not in str(refused.value)
