"""The steps, for the DAG files: loaded by the task that takes one, not by whoever reads the DAG every few seconds."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline import scheduled
else:

    class _WhenAsked:
        """Stands for `pipeline.scheduled`, whose imports cost seconds."""

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever the module has
            return getattr(importlib.import_module("pipeline.scheduled"), name)

    scheduled = _WhenAsked()

__all__ = ["scheduled"]
