"""Run a DAG for the data interval that ends at an instant, as Airflow does, and print what became of it.

run_usage.py <file of the DAG> <instant> <DAG> [<what its form says, as JSON>]
"""

import json
import sys

import pendulum
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import DagBag, sync_bag_to_db

DagBundlesManager().sync_bundles_to_db()
bag = DagBag(sys.argv[1])
sync_bag_to_db(bag, "dags-folder", None)
dag = bag.dags[sys.argv[3]]
for task in dag.tasks:
    task.retries = 0
form = json.loads(sys.argv[4]) if sys.argv[4:] else None
run = dag.test(logical_date=pendulum.parse(sys.argv[2]), run_conf=form)
found = [(each.task_id, each.map_index, each.state) for each in run.get_task_instances()]
sys.stdout.write("found:" + json.dumps([run.state, sorted(found)]))
