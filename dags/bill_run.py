"""Bill run: usage becomes rated items, and invoices.

Rates every billing period that ended since the run before, whatever its length and day, once every meter that has the
period is loaded, and every shorter period billed that counts towards a commitment of it: Pending usage becomes
Processed, and rated items bill what is due. A period that was billed before, and has Pending usage again or commitments
to settle again, is rated with them. What comes to more than its currency's `approval_above`, or differs from the
period before, or changes what it corrects, by more than `approval_change_above`, waits for an answer (Required
Actions): approved it is posted, and final; rejected it is cancelled, and its usage is Pending again. Where what was
billed comes to another amount by the same usage, rating fails until somebody says why (`bill_run_by_hand`). Running it
again bills nothing twice.
"""

from airflow.sdk import dag, task, task_group
from meterbridge_approval import ApproveBillRun, answered_by
from meterbridge_schedule import AFTER_PERIODS, NAMED, WAITING, interval, started_by
from meterbridge_steps import scheduled


@dag(description="Usage becomes rated items and invoices", doc_md=__doc__, tags=["bill"], **AFTER_PERIODS["monthly"])
def bill_run() -> None:
    """Wait for the meters of each period, rate it, and post it when it may be."""

    @task
    def periods(**context: object) -> list[str]:
        return scheduled.periods_to_bill(*interval(context))

    @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
    def can_be_billed(period: str) -> bool:
        return scheduled.can_be_billed(period)

    @task
    def rate(period: str) -> list[str]:
        return scheduled.rate(period)

    @task
    def post(period: str, runs: list[str], answer: dict[str, object] | None = None, **context: object) -> str:
        return scheduled.post(period, runs, by=answered_by(answer) if answer else started_by(context))

    @task_group(prefix_group_id=False, default_args=NAMED)
    def each_period(period: str) -> None:
        can_be_billed(period) >> (runs := rate(period))
        approved = ApproveBillRun(period=period, runs=runs)
        runs >> approved >> post(period, runs, approved.output)  # type: ignore[arg-type]  # XComArgs

    each_period.expand(period=periods())


bill_run()
