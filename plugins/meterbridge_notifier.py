"""Tell people how an import ended. Today a line in the task's log; a DAG names the notifier, not the channel."""

import logging
from typing import Any

from airflow.sdk import BaseNotifier

log = logging.getLogger(__name__)


class ImportNotifier(BaseNotifier):
    """Say that an import succeeded, with what it did, or failed, with the reason."""

    def __init__(self, outcome: str) -> None:
        """Make a notifier of one outcome: `succeeded` or `failed`."""
        super().__init__()
        self.outcome = outcome

    def notify(self, context: Any) -> None:  # noqa: ANN401 Airflow's context is a typed dict of its own
        """Write the notification to the log."""
        instance = context["ti"]
        if self.outcome == "succeeded":
            level, found = logging.INFO, instance.xcom_pull(task_ids="load", map_indexes=instance.map_index)
        else:
            level, found = logging.ERROR, context.get("exception")
        log.log(level, "import %s: %s, run %s: %s", self.outcome, instance.dag_id, instance.run_id, found)
