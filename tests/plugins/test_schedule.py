import sys
from datetime import UTC, datetime

import pytest

from pipeline.settings import PROJECT

sys.path.insert(0, str(PROJECT / "plugins"))  # as Airflow does


@pytest.fixture(scope="module")
def schedule():
    return pytest.importorskip("meterbridge_schedule")


def test_a_run_is_for_the_month_in_which_its_data_interval_starts(schedule):
    assert str(schedule.billing_period(datetime(2014, 2, 1, 12, tzinfo=UTC))) == "2014-02"


def test_a_run_without_data_interval_says_how_to_start_it(schedule):
    with pytest.raises(schedule.NoDataIntervalError, match="start it as a backfill"):
        schedule.billing_period(None)
