"""What a notification says, given what Airflow hands to a callback, and where it finds its channels."""

import logging
import sys
from types import SimpleNamespace

import pytest

from pipeline.notify.email import Email
from pipeline.settings import PROJECT
from transforms.errors import MeterbridgeError

sys.path.insert(0, str(PROJECT / "plugins"))  # as Airflow does


@pytest.fixture(scope="module")
def plugin():
    return pytest.importorskip("meterbridge_notifier")


@pytest.fixture
def instance(named):  # noqa: ARG001 the environment
    loaded = {("load", 1): "network_traffic 2014-04: created, import 1f, 1 records, 0 quarantined"}
    return SimpleNamespace(
        dag_id="usage_network_traffic",
        run_id="run 7",
        task_id="load",
        map_index=1,
        try_number=4,
        xcom_pull=lambda task_ids, map_indexes: loaded[task_ids, map_indexes],
    )


def test_a_successful_import_is_told_with_what_it_loaded_and_was_noted_by_its_load(plugin, instance, business, caplog):
    caplog.set_level(logging.INFO)
    plugin.ImportNotifier("succeeded").notify({"ti": instance})
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert record.getMessage().startswith("import succeeded: usage_network_traffic, run run 7: network_traffic 2014-04")
    assert business.rows("events", "kind") == []


def test_a_failed_import_is_an_error_with_its_reason_and_noted_once_for_the_attempt(plugin, instance, business, caplog):
    context = {"ti": instance, "exception": MeterbridgeError("the share of quarantined rows is too high")}
    for _ in range(2):
        plugin.ImportNotifier("failed").notify(context)
    assert {record.levelname for record in caplog.records} == {"ERROR"}
    assert caplog.records[0].getMessage().endswith("the share of quarantined rows is too high")
    assert business.rows("events", "kind", "subject", "details ->> 'reason'") == [
        (
            "import_failed",
            "dag_id usage_network_traffic, run_id run 7, task_id load, map_index 1, try_number 4",
            "the share of quarantined rows is too high",
        )
    ]


def test_a_task_that_is_part_of_no_import_is_told_as_what_it_is(plugin, instance, business, caplog):
    instance.dag_id, instance.task_id = "bill_run", "rate"
    plugin.TaskNotifier("failed").notify({"ti": instance, "exception": MeterbridgeError("no price")})
    assert caplog.records[0].getMessage() == "task failed: bill_run, run run 7: no price"
    assert business.rows("events", "kind", "details ->> 'name'") == [("task_failed", "bill_run, task rate")]


def test_a_failure_is_in_the_log_even_when_the_store_is_gone(plugin, instance, monkeypatch, caplog):
    monkeypatch.setenv("METERBRIDGE_STORE_URL", "postgresql://ada:s3cret@127.0.0.1:1/gone")
    with pytest.raises(Exception, match="refused"):
        plugin.ImportNotifier("failed").notify({"ti": instance, "exception": ValueError("why")})
    assert "ValueError: why" in caplog.text


@pytest.mark.parametrize(
    ("kind", "declared", "url", "token"),
    [
        (
            "email",
            '{"conn_type": "smtp", "host": "mail.example.com", "port": 587, "login": "ada", "password": "p@ss", '
            '"extra": {"from": "a@example.com", "to": "b@example.com,c@example.com"}}',
            "smtp://ada:p%40ss@mail.example.com:587/?from=a%40example.com&to=b%40example.com%2Cc%40example.com",
            None,
        ),
        (
            "webhook",
            '{"conn_type": "http", "host": "https://hooks.example.com/billing", "password": "signs"}',
            "https://hooks.example.com/billing",
            "signs",
        ),
        (
            "slack",
            '{"conn_type": "slackwebhook", "password": "https://hooks.slack.example/services/T0"}',
            "https://hooks.slack.example/services/T0",
            None,
        ),
    ],
)
def test_a_connection_of_airflow_is_the_channels_address_before_that_of_the_environment(
    plugin, monkeypatch, kind, declared, url, token
):
    monkeypatch.setenv(f"METERBRIDGE_CONNECTION_NOTIFY_{kind.upper()}", "https://elsewhere.example")
    monkeypatch.setenv(f"AIRFLOW_CONN_METERBRIDGE_{kind.upper()}", declared)
    found = plugin.address(kind)
    assert (found.url, found.token) == (url, token)


def test_an_email_connection_of_airflow_opens_the_channel(plugin, monkeypatch):
    declared = (
        '{"conn_type": "smtp", "host": "mail.example.com", "port": 25, '
        '"extra": {"from": "a@example.com", "to": "b@example.com,c@example.com", "tls": "off"}}'
    )
    monkeypatch.setenv("AIRFLOW_CONN_METERBRIDGE_EMAIL", declared)
    channel = Email.of(plugin.address("email"))
    assert (channel.host, channel.port, channel.tls) == ("mail.example.com", 25, "off")
    assert channel.recipients == ("b@example.com", "c@example.com")


def test_without_a_connection_of_airflow_the_environments_is_taken(plugin, monkeypatch):
    not_found = pytest.importorskip("airflow.sdk.exceptions").AirflowNotFoundException

    def nowhere(name):
        raise not_found(name)

    monkeypatch.setattr(plugin.Connection, "get", nowhere)
    monkeypatch.setenv("METERBRIDGE_CONNECTION_NOTIFY_SLACK", "https://hooks.slack.example/T0")
    monkeypatch.delenv("METERBRIDGE_CONNECTION_NOTIFY_EMAIL", raising=False)
    assert plugin.address("slack").url == "https://hooks.slack.example/T0"
    assert plugin.address("email") is None
