"""What a notification says, given what Airflow hands to a callback."""

import logging
import sys
from types import SimpleNamespace

import pytest

from pipeline.settings import PROJECT

sys.path.insert(0, str(PROJECT / "plugins"))  # as Airflow does


@pytest.fixture(scope="module")
def notifier():
    return pytest.importorskip("meterbridge_notifier").ImportNotifier


@pytest.fixture
def instance():
    loaded = {("load", 1): "network_traffic 2014-04: created, import 1f, 1 records, 0 quarantined"}
    return SimpleNamespace(
        dag_id="usage_network_traffic",
        run_id="run 7",
        map_index=1,
        xcom_pull=lambda task_ids, map_indexes: loaded[task_ids, map_indexes],
    )


def test_a_successful_import_is_told_with_what_it_loaded(notifier, instance, caplog):
    caplog.set_level(logging.INFO)
    notifier("succeeded").notify({"ti": instance})
    (record,) = caplog.records
    assert record.levelname == "INFO"
    assert record.getMessage().startswith("import succeeded: usage_network_traffic, run run 7: network_traffic 2014-04")


def test_a_failed_import_is_an_error_with_its_reason(notifier, instance, caplog):
    notifier("failed").notify({"ti": instance, "exception": ValueError("the share of quarantined rows is too high")})
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().endswith("the share of quarantined rows is too high")
