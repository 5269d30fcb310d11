"""Extract: land what is new in one source, once.

Every new file becomes immutable readings; rows that cannot be read are quarantined with a reason. Running it again
lands nothing twice. There is one DAG for each source of the catalog, and it runs every day.
"""

from datetime import datetime

from airflow.sdk import DAG, dag, task
from meterbridge_schedule import DAILY, is_read, owned_by, required
from meterbridge_steps import scheduled

from pipeline.catalog.catalog import Catalog
from pipeline.settings import catalog_folder
from transforms.catalog.source import Source


def extract_dag(source: Source) -> DAG:
    """Build the DAG of one source."""
    schedule = owned_by(source.owner, DAILY)

    @dag(
        dag_id=f"extract_{source.source}", description=source.description, doc_md=__doc__, tags=["extract"], **schedule
    )
    def extract() -> None:
        @task
        def land(data_interval_end: datetime | None = None) -> str:
            return scheduled.land(source.source, required(data_interval_end))

        land()

    return extract()


for each in Catalog.load(catalog_folder()).sources.values():
    if is_read(f"extract_{each.source}"):
        globals()[f"extract_{each.source}"] = extract_dag(each)
