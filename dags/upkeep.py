"""Upkeep of the usage store, every five minutes.

Processes the usage files that wait, notes what people must know (what is quarantined over its limit, what stays Pending
past its bill run, what is not billed and above a threshold of its charge), and tells them: by e-mail, webhook and
Slack, as far as there are connections (`meterbridge_email`, `meterbridge_webhook`, `meterbridge_slack`). What a
receiver does not take is sent again later, under the same id. Last, it deletes the answers that the API keeps for
repeated calls, after a week, and the daily files that later readings have replaced. A task runs even where the one
before it failed, and any of them may be run again at any time.
"""

from airflow.sdk import chain, dag, task
from airflow.sdk.exceptions import AirflowFailException
from meterbridge_notifier import address
from meterbridge_schedule import EVERY_FEW_MINUTES
from meterbridge_steps import scheduled


@dag(description="Uploads are processed, people are told", doc_md=__doc__, tags=["upkeep"], **EVERY_FEW_MINUTES)
def upkeep() -> None:
    """Do what waits, then tell."""

    @task
    def process_uploads() -> list[str]:
        return scheduled.process_uploads()

    @task(trigger_rule="all_done")
    def note_what_stands_out() -> int:
        return scheduled.note_what_stands_out()

    @task(trigger_rule="all_done")
    def note_thresholds() -> int:
        return scheduled.note_thresholds()

    @task(trigger_rule="all_done")
    def tell() -> dict[str, str]:
        return scheduled.tell(address)

    @task(trigger_rule="all_done")
    def drop_what_is_old() -> int:
        return scheduled.drop_what_is_old()

    @task(trigger_rule="one_failed")
    def fail_the_run() -> None:
        raise AirflowFailException("one of the tasks failed: see its log")  # the last one alone would decide

    steps = [process_uploads(), note_what_stands_out(), note_thresholds(), tell(), drop_what_is_old()]
    chain(*steps)
    steps >> fail_the_run()


upkeep()
