"""Start a backfill of a DAG, as Airflow does; its runs wait for a scheduler, and are not done.

start_backfill.py <file of the DAG> <DAG> <first instant> <last instant>
"""

import sys

import pendulum
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db
from airflow.models.backfill import _create_backfill

file, name, *ends = sys.argv[1:]
DagBundlesManager().sync_bundles_to_db()
sync_bag_to_db(DagBag(file), "dags-folder", None)
first, last = map(pendulum.parse, ends)
_create_backfill(
    dag_id=name,
    from_date=first,
    to_date=last,
    max_active_runs=1,
    reverse=False,
    dag_run_conf=None,
    triggering_user_name="ann",
)
