"""Bill run: usage becomes rated items.

Rates every billing period that ended in the data interval, whatever its length and day, once every meter that has the
period is loaded: Pending usage becomes Processed, and rated items bill what is due. A period that was billed before and
has Pending usage again is rated with them. Running it again bills nothing twice.
"""

from airflow.sdk import dag, task, task_group
from meterbridge_schedule import AFTER_PERIODS, WAITING, interval
from meterbridge_steps import scheduled


@dag(description="Usage becomes rated items", doc_md=__doc__, tags=["bill"], **AFTER_PERIODS["monthly"])
def bill_run() -> None:
    """Wait for the meters of each period, then rate it."""

    @task
    def periods(**context: object) -> list[str]:
        return scheduled.periods_to_bill(*interval(context))

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def meters_are_in(period: str) -> bool:
        return scheduled.meters_are_in(period)

    @task
    def rate(period: str) -> str:
        return scheduled.rate(period)

    @task_group(prefix_group_id=False)
    def each_period(period: str) -> None:
        meters_are_in(period) >> rate(period)

    each_period.expand(period=periods())


bill_run()
