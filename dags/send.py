"""Send: usage goes to the billing platform, as files through its API.

Sends the usage of every billing period that ended since the run before, once every meter that has the period is loaded,
and what was changed of periods that were sent before. Only what the platform does not hold travels, and nothing is
there twice, however often a reply is lost: an unknown outcome is looked up before anything is sent again. While the
platform reads, no worker waits: it is asked from time to time, and what it then holds is compared with what was sent.

The platform is the connection `meterbridge_platform`: host is the API's whole address, login and password are the
client's id and secret. Without it nothing is sent.
"""

from airflow.sdk import dag, task, task_group
from meterbridge_platform import sender
from meterbridge_schedule import AFTER_PERIODS, NAMED, WAITING, interval
from meterbridge_steps import scheduled


@dag(description="Usage to the billing platform", doc_md=__doc__, tags=["bill"], **AFTER_PERIODS["daily"])
def send() -> None:
    """Wait for the meters of each period, then send it and wait until the platform holds it."""

    @task
    def periods(**context: object) -> list[str]:
        return scheduled.periods_to_send(*interval(context), sender())

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def meters_are_in(period: str) -> bool:
        return scheduled.meters_are_in(period)

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # as above
    def is_sent(period: str) -> bool:
        return scheduled.is_sent(period, sender())

    @task_group(prefix_group_id=False, default_args=NAMED)
    def each_period(period: str) -> None:
        meters_are_in(period) >> is_sent(period)

    each_period.expand(period=periods())


send()
