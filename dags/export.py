"""Export: what was billed, as files.

Writes the usage, rated items and invoices of every billing period that ended since the run before, after its bill run,
and of periods that were billed again since: CSV and Parquet, invoices as pages and JSON lines, a workbook and a chart.
They are written whole or not at all, with row count and control total. The same content gives the same files.
"""

from airflow.sdk import dag, task, task_group
from meterbridge_schedule import AFTER_PERIODS, NAMED, WAITING, interval
from meterbridge_steps import scheduled


@dag(description="Usage, rated items and invoices as files", doc_md=__doc__, tags=["bill"], **AFTER_PERIODS["monthly"])
def export() -> None:
    """Wait for the bill run of each period, then write it."""

    @task
    def periods(**context: object) -> list[str]:
        return scheduled.periods_to_export(*interval(context))

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def is_posted(period: str) -> bool:
        return scheduled.is_posted(period)

    @task
    def write(period: str) -> list[str]:
        return scheduled.export(period)

    @task_group(prefix_group_id=False, default_args=NAMED)
    def each_period(period: str) -> None:
        is_posted(period) >> write(period)

    each_period.expand(period=periods())


export()
