"""Usage of one meter, month by month.

From readings to Pending usage of the month in which the data interval starts: derive, map, validate, load. To do months
again, start a backfill: the same usage is loaded once, a correction takes the place of what is still Pending, and what
is billed never changes. A month that has not ended is refused. One DAG per file of `catalog/meters/`.
"""

from datetime import datetime

from airflow.sdk import DAG, dag, task
from meterbridge_notifier import ImportNotifier
from meterbridge_schedule import MONTHLY, WAITING, billing_period, owned_by

from pipeline.catalog import Catalog
from pipeline.settings import catalog_folder
from transforms.meter import Meter

FAILED = ImportNotifier("failed")


def usage_dag(meter: Meter) -> DAG:
    """Build the DAG of one meter."""
    schedule = owned_by(meter.owner, MONTHLY)

    @dag(dag_id=f"usage_{meter.meter}", description=meter.description, doc_md=__doc__, tags=["usage"], **schedule)
    def usage() -> None:
        @task.sensor(**WAITING, on_failure_callback=FAILED)
        def readings_are_in(data_interval_start: datetime | None = None) -> bool:
            from pipeline import scheduled  # noqa: PLC0415 heavy: loaded by the task, not by whoever reads the DAG

            return scheduled.readings_are_in(meter.meter, billing_period(data_interval_start))

        @task(on_failure_callback=FAILED)
        def derive(data_interval_start: datetime | None = None) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.derive(meter.meter, billing_period(data_interval_start))

        @task(on_failure_callback=FAILED)
        def validate(usage: str) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.validate(usage)

        @task(on_failure_callback=FAILED, on_success_callback=ImportNotifier("succeeded"))
        def load(usage: str, verdict: str) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.load(usage, verdict)

        derived = derive()
        readings_are_in() >> derived
        # Airflow hands a task's result on as an XComArg.
        load(derived, validate(derived))  # type: ignore[arg-type]

    return usage()


for each in Catalog.load(catalog_folder()).meters.values():
    globals()[f"usage_{each.meter}"] = usage_dag(each)
