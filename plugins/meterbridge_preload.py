"""Load the steps once, in the scheduler: the local executor forks every task from it, and imports cost seconds."""

import importlib
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class Preloader:
    """A listener for the scheduler's start."""

    @hookimpl
    def on_starting(self, component: Any) -> None:  # noqa: ANN401 Airflow's job runners share no base that is public
        """Import what tasks import."""
        if getattr(component, "job_type", "") == "SchedulerJob":
            importlib.import_module("pipeline.scheduled")


class PreloadPlugin(AirflowPlugin):
    """Registers the listener."""

    name = "meterbridge_preload"
    listeners = [Preloader()]  # noqa: RUF012 the base class declares a list
