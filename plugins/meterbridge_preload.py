"""Load the steps once, in the scheduler: the local executor forks every task from it, and imports cost seconds."""

import importlib
import sys
from typing import Any

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin


class Preloader:
    """A listener for the start of Airflow's components, which does not tell which of them starts."""

    @hookimpl
    def on_starting(self, component: Any) -> None:  # noqa: ANN401, ARG002 named and typed as Airflow's hook has it
        """Import what tasks import, in the scheduler alone."""
        if "scheduler" in sys.argv:
            importlib.import_module("pipeline.scheduled").preload()


class PreloadPlugin(AirflowPlugin):
    """Registers the listener."""

    name = "meterbridge_preload"
    listeners = [Preloader()]  # noqa: RUF012 the base class declares a list
