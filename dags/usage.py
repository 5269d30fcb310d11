"""Usage of one meter, every billing period of its charge.

From readings to Pending usage: derive, map, validate, load, for each period that ended since the run before, and each
that readings came late for; one that fails keeps no other from being loaded. To do a period again, start a backfill
from its first day to the day after its last, with *All Runs*: the same usage is loaded once, and a correction takes the
place of what is Pending. What is billed is adjusted for a reason: write it into the form, and tick *Override parameters
on existing runs*, or the web UI drops it. Where the meter sets `approval_above`, a larger change waits for an answer
(Required Actions).
"""

from airflow.sdk import DAG, PokeReturnValue, dag, task, task_group
from meterbridge_approval import ApproveChange
from meterbridge_notifier import ImportNotifier
from meterbridge_schedule import AFTER_PERIODS, NAMED, REASON, WAITING, interval, is_read, owned_by, why_and_who
from meterbridge_steps import scheduled

from pipeline.catalog.catalog import Catalog
from pipeline.settings import catalog_folder
from transforms.catalog.meter import Meter


def usage_dag(meter: Meter) -> DAG:
    """Build the DAG of one meter."""
    schedule = owned_by(meter.owner, AFTER_PERIODS[meter.schedule], on_failure_callback=ImportNotifier("failed"))
    schedule |= {"description": meter.description, "tags": ["usage"], "params": REASON}

    @dag(dag_id=f"usage_{meter.meter}", doc_md=__doc__, **schedule)
    def usage() -> None:
        @task.sensor(**WAITING)  # type: ignore[untyped-decorator]  # so the provider ships it
        def periods(**context: object) -> PokeReturnValue:
            found = scheduled.periods_to_derive(meter.meter, *interval(context))
            return PokeReturnValue(scheduled.readings_are_in(meter.meter, found), found)

        @task
        def derive(period: str) -> str:
            return scheduled.derive(meter.meter, period)

        @task
        def validate(usage: str) -> str:
            return scheduled.validate(usage)

        @task(on_success_callback=ImportNotifier("succeeded"))
        def load(usage: str, verdict: str, **context: object) -> str:
            return scheduled.load(usage, verdict, **why_and_who(context))

        @task_group(prefix_group_id=False, default_args=NAMED)
        def each_period(period: str) -> None:
            derived = derive(period)
            loaded = load(derived, verdict := validate(derived))  # type: ignore[arg-type]  # results are XComArgs
            if meter.approval_above is not None:
                verdict >> ApproveChange(usage=derived, verdict=verdict) >> loaded

        each_period.expand(period=periods())

    return usage()


for each in Catalog.load(catalog_folder(), None).meters.values():
    if is_read(f"usage_{each.meter}"):
        globals()[f"usage_{each.meter}"] = usage_dag(each)
