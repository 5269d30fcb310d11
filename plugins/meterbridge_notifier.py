"""Tell people how an import ended: a line in the task's log, and, of a failure, an event that the upkeep delivers.

Airflow's connections name the channels: `meterbridge_email` (host, port, login and password of the mail server;
extra: from, to, tls), `meterbridge_webhook` (host: the whole address; password: what signs), `meterbridge_slack`
(password: the whole address). Without one, METERBRIDGE_CONNECTION_NOTIFY_<KIND> does.
"""

import logging
from typing import Any

from airflow.sdk import BaseNotifier, Connection
from airflow.sdk.exceptions import AirflowNotFoundException
from meterbridge_steps import scheduled

from pipeline.notify.channel import Address
from pipeline.notify.channels import from_environment

log = logging.getLogger(__name__)


class ImportNotifier(BaseNotifier):
    """Say that an import succeeded, with what it did, or failed, with the reason."""

    what = "import"

    def __init__(self, outcome: str) -> None:
        """Make a notifier of one outcome: `succeeded` or `failed`."""
        super().__init__()
        self.outcome = outcome

    def notify(self, context: Any) -> None:  # noqa: ANN401 Airflow's context is a typed dict of its own
        """Write the notification to the log, and note a failure in the store; a success was noted with its load."""
        instance = context["ti"]
        if self.outcome == "succeeded":
            found = instance.xcom_pull(task_ids="load", map_indexes=instance.map_index)
            log.info("import succeeded: %s, run %s: %s", instance.dag_id, instance.run_id, found)
            return
        reason = scheduled.shown(context.get("exception"))
        log.error("%s failed: %s, run %s: %s", self.what, instance.dag_id, instance.run_id, reason)
        scheduled.note_task(f"{self.what}_failed", place_of(instance), reason)


class TaskNotifier(ImportNotifier):
    """Say that a task failed which is part of no import."""

    what = "task"


def place_of(instance: Any) -> dict[str, Any]:  # noqa: ANN401 as above
    """Name an attempt of a task: cleared and failed again, it is told again."""
    names = ("dag_id", "run_id", "task_id", "map_index", "try_number")
    return {name: getattr(instance, name) for name in names}


def address(kind: str) -> Address | None:
    """Find the connection of a kind of channel: Airflow's own, else the environment's."""
    try:
        found = Connection.get(f"meterbridge_{kind}")
    except AirflowNotFoundException:
        return from_environment(kind)
    if kind == "email":
        return Address(found.get_uri())
    return Address(found.password or "") if kind == "slack" else Address(found.host or "", found.password)
