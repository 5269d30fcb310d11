"""Bill run: usage of a month becomes rated items.

Rates the month in which the data interval starts, once every meter of that month is loaded: Pending usage becomes
Processed, and rated items bill what is due. Running it again bills nothing twice.
"""

from datetime import datetime

from airflow.sdk import dag, task
from meterbridge_schedule import MONTHLY, WAITING, billing_period


@dag(description="Usage of a month becomes rated items", doc_md=__doc__, tags=["bill"], **MONTHLY)
def bill_run() -> None:
    """Wait for the meters, then rate."""

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def meters_are_in(data_interval_start: datetime | None = None) -> bool:
        from pipeline import scheduled  # noqa: PLC0415 heavy: loaded by the task, not by whoever reads the DAG

        return scheduled.meters_are_in(billing_period(data_interval_start))

    @task
    def rate(data_interval_start: datetime | None = None) -> str:
        from pipeline import scheduled  # noqa: PLC0415 as above

        return scheduled.rate(billing_period(data_interval_start))

    meters_are_in() >> rate()


bill_run()
