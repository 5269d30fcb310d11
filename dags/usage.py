"""Usage of one meter, every billing period of its charge.

From readings to Pending usage: derive, map, validate, load, for each period that ended in the data interval, and each
that readings came late for; one that fails keeps no other from being loaded. To do periods again, start a backfill: the
same usage is loaded once, a correction takes the place of what is Pending, and what is billed never changes.
"""

from airflow.sdk import DAG, PokeReturnValue, dag, task, task_group
from meterbridge_notifier import ImportNotifier
from meterbridge_schedule import AFTER_PERIODS, WAITING, interval, owned_by

from pipeline.catalog import Catalog
from pipeline.settings import catalog_folder
from transforms.meter import Meter


def usage_dag(meter: Meter) -> DAG:
    """Build the DAG of one meter."""
    schedule = owned_by(meter.owner, AFTER_PERIODS[meter.schedule], on_failure_callback=ImportNotifier("failed"))

    @dag(dag_id=f"usage_{meter.meter}", description=meter.description, doc_md=__doc__, tags=["usage"], **schedule)
    def usage() -> None:
        @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
        def periods(**context: object) -> PokeReturnValue:
            from pipeline import scheduled  # noqa: PLC0415 heavy: loaded by the task, not by whoever reads the DAG

            found = scheduled.periods_to_derive(meter.meter, *interval(context))
            return PokeReturnValue(scheduled.readings_are_in(meter.meter, found), found)

        @task
        def derive(period: str) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.derive(meter.meter, period)

        @task
        def validate(usage: str) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.validate(usage)

        @task(on_success_callback=ImportNotifier("succeeded"))
        def load(usage: str, verdict: str) -> str:
            from pipeline import scheduled  # noqa: PLC0415 as above

            return scheduled.load(usage, verdict)

        @task_group(prefix_group_id=False)
        def each_period(period: str) -> None:
            derived = derive(period)
            load(derived, validate(derived))  # type: ignore[arg-type]  # a task's result is handed on as an XComArg

        each_period.expand(period=periods())

    return usage()


for each in Catalog.load(catalog_folder()).meters.values():
    globals()[f"usage_{each.meter}"] = usage_dag(each)
