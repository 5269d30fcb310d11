"""Export: what was billed, as files.

Writes the usage and the rated items of the month in which the data interval starts, after its bill run: CSV and
Parquet, whole or not at all, with row count and control total. The same content gives the same files.
"""

from datetime import datetime

from airflow.sdk import dag, task
from meterbridge_schedule import MONTHLY, WAITING, billing_period


@dag(description="A month's usage and rated items as files", doc_md=__doc__, tags=["bill"], **MONTHLY)
def export() -> None:
    """Wait for the bill run, then write."""

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def month_is_rated(data_interval_start: datetime | None = None) -> bool:
        from pipeline import scheduled  # noqa: PLC0415 heavy: loaded by the task, not by whoever reads the DAG

        return scheduled.month_is_rated(billing_period(data_interval_start))

    @task
    def write(data_interval_start: datetime | None = None) -> list[str]:
        from pipeline import scheduled  # noqa: PLC0415 as above

        return scheduled.export(billing_period(data_interval_start))

    month_is_rated() >> write()


export()
