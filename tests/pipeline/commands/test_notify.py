"""Telling people from the command line."""

import pytest
from click.testing import CliRunner
from receivers import hook

from pipeline.cli import cli
from pipeline.store.events import ATTEMPTS_MAX


@pytest.fixture
def run(named, march, monkeypatch):
    named.bill(march)
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK_TOKEN", "signs")
    for kind in ("EMAIL", "WEBHOOK", "SLACK"):
        monkeypatch.delenv(f"METERBRIDGE_CONNECTION_NOTIFY_{kind}", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return lambda *words: CliRunner().invoke(cli, ["notify", *words], catch_exceptions=False).output


def test_what_happened_and_what_stands_out_is_told_once(run, monkeypatch):
    with hook() as receiver:
        monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK", receiver.url())
        assert run() == "webhook: 2 delivered, 0 failed, 0 waiting, 0 given up\n"
        assert run() == "webhook: 0 delivered, 0 failed, 0 waiting, 0 given up\n"


def test_without_a_connection_it_says_so(run):
    assert run().startswith("nobody is told: there is no METERBRIDGE_CONNECTION_NOTIFY_EMAIL")


def test_what_was_given_up_can_be_begun_again(run, business, monkeypatch):
    with hook() as receiver:
        monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_WEBHOOK", receiver.url())
        receiver.script = [404]
        assert run() == "webhook: 0 delivered, 1 failed, 2 waiting, 0 given up\n"
        with business.store.begin() as connection:
            connection.exec_driver_sql(f"UPDATE deliveries SET attempts = {ATTEMPTS_MAX} WHERE attempts = 1")  # noqa: S608 a number of ours
        assert run() == "webhook: 1 delivered, 0 failed, 0 waiting, 1 given up\n"
        assert run("--again") == "webhook: 1 delivered, 0 failed, 0 waiting, 0 given up\n"
