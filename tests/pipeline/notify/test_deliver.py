"""Delivery: none lost, none told twice, whoever else delivers and whoever dies meanwhile."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import pytest
from receivers import LOST

from pipeline.notify.channel import Address
from pipeline.notify.channels import channels
from pipeline.notify.deliver import Delivered, deliver
from pipeline.notify.email import Email
from pipeline.notify.webhook import Webhook
from pipeline.patience import Patience
from pipeline.settings import PROJECT
from transforms.errors import MeterbridgeError

ONCE = Patience(attempts=1)


@pytest.fixture
def webhook(receiver):
    return Webhook.of(Address(receiver.url(), "wh-s3cret"), ONCE)


@pytest.fixture
def email(box):
    return Email.of(Address(f"smtp://127.0.0.1:{box.port}/?from=billing@example.com&to=ada@example.com&tls=off"))


def ids(receiver):
    return [request.headers["Meterbridge-Id"] for request in receiver.taken]


def test_every_channel_is_told_everything_once(store, noted, webhook, email, receiver, box, at):
    noted("1a", "2b")
    assert deliver(store, [webhook, email], at=at) == {
        "webhook": Delivered(2, 0, 0, 0),
        "email": Delivered(2, 0, 0, 0),
    }
    assert deliver(store, [webhook, email], at=at) == {
        "webhook": Delivered(0, 0, 0, 0),
        "email": Delivered(0, 0, 0, 0),
    }
    assert len(set(ids(receiver))) == len(receiver.taken) == 2
    assert [mail["Message-ID"] for mail in box.mails] == [f"<{each}@example.com>" for each in ids(receiver)]


def test_a_receiver_that_is_down_is_asked_once_and_again_when_its_time_has_come(store, noted, webhook, receiver, at):
    noted("1a", "2b")
    receiver.script = [500]
    assert deliver(store, [webhook], at=at) == {"webhook": Delivered(0, 1, 2, 0)}
    assert len(receiver.taken) == 1
    assert deliver(store, [webhook], at=at) == {"webhook": Delivered(1, 0, 1, 0)}
    assert deliver(store, [webhook], at=at + timedelta(minutes=5)) == {"webhook": Delivered(1, 0, 0, 0)}
    first, _, again = ids(receiver)
    assert again == first


def test_a_channel_that_fails_keeps_nothing_from_the_others(store, noted, webhook, email, receiver, at):
    noted("1a")
    receiver.script = [500]
    found = deliver(store, [webhook, email], at=at)
    assert found == {"webhook": Delivered(0, 1, 1, 0), "email": Delivered(1, 0, 0, 0)}
    assert str(found["webhook"]) == "0 delivered, 1 failed, 1 waiting, 0 given up"


def test_the_reason_of_a_failure_stands_in_the_store(business, webhook, receiver, noted, at):
    noted("1a")
    receiver.script, receiver.says = [403], "wrong signature"
    deliver(business.store, [webhook], at=at)
    assert business.rows("deliveries", "channel", "attempts", "error") == [
        ("webhook", 1, "the receiver at 127.0.0.1: it answers 403 wrong signature")
    ]


def test_a_reply_that_is_lost_leads_to_a_second_message_of_the_same_id(store, noted, webhook, receiver, at):
    noted("1a")
    receiver.script = [LOST]
    assert deliver(store, [webhook], at=at)["webhook"].failed == 1
    assert deliver(store, [webhook], at=at + timedelta(minutes=5))["webhook"].delivered == 1
    assert len(receiver.taken) == 2
    assert len(set(ids(receiver))) == 1


def test_of_many_deliverers_at_once_none_tells_what_another_tells(store, noted, webhook, receiver, at):
    noted(*(f"import {number}" for number in range(60)))
    barrier, found = threading.Barrier(4), []

    def work():
        barrier.wait()
        found.append(deliver(store, [webhook], at=at)["webhook"].delivered)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join(60)
    assert sum(found) == len(receiver.taken) == len(set(ids(receiver))) == 60


DIES_AFTER_SENDING = """
import os, signal, sys
from datetime import datetime
from pipeline.notify import deliver
from pipeline.notify.channel import Address
from pipeline.notify.webhook import Webhook
from pipeline.store import events
from pipeline.store.engine import connect

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

events.delivered = die  # the message is taken, and its mark never written
url, hook, at = sys.argv[1:]
deliver.deliver(connect(url), [Webhook.of(Address(hook, "wh-s3cret"))], at=datetime.fromisoformat(at))
"""


def test_who_dies_after_sending_has_the_message_sent_again_under_the_same_id(store, noted, webhook, receiver, at):
    noted("1a")
    url = store.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", DIES_AFTER_SENDING, url, receiver.url(), at.isoformat()]
    died = subprocess.run(command, env=os.environ | {"PYTHONPATH": str(PROJECT)}, timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
    assert len(receiver.taken) == 1
    assert deliver(store, [webhook], at=at) == {"webhook": Delivered(1, 0, 0, 0)}
    first, second = receiver.taken
    assert first.headers["Meterbridge-Id"] == second.headers["Meterbridge-Id"]
    assert first.body == second.body


def test_without_a_connection_there_is_no_channel_and_nothing_is_lost(store, noted, webhook, at, monkeypatch):
    for kind in ("EMAIL", "WEBHOOK", "SLACK"):
        monkeypatch.delenv(f"METERBRIDGE_CONNECTION_NOTIFY_{kind}", raising=False)
    noted("1a")
    assert channels() == ([], [])
    assert deliver(store, [], at=at) == {}
    assert deliver(store, [webhook], at=at)["webhook"].delivered == 1


def test_connections_of_the_environment_open_channels_and_a_wrong_one_costs_the_others_nothing(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("wh-s3cret\n")
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK", "https://hooks.example.com/billing")
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK_TOKEN_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_SLACK", "hooks.slack.example/s3cret")
    monkeypatch.delenv("METERBRIDGE_CONNECTION_NOTIFY_EMAIL", raising=False)
    opened, problems = channels()
    assert [(channel.name, channel.secret) for channel in opened] == [("webhook", "wh-s3cret")]
    assert problems == ["the connection for slack is no address to send to: write https://host/path"]


def test_an_error_that_is_not_the_receivers_leaves_the_message_waiting(store, noted, webhook, at):
    class Broken:
        name = "webhook"

        def send(self, _message, _at):
            raise MeterbridgeError("a mistake of ours")

    noted("1a")
    with pytest.raises(MeterbridgeError):
        deliver(store, [Broken()], at=at)
    assert deliver(store, [webhook], at=at)["webhook"].delivered == 1
