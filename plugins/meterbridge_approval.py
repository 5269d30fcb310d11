"""The human gate: a load that would change more than its meter allows waits for an answer in the web UI."""

from collections.abc import Collection
from typing import Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException
from meterbridge_steps import scheduled


class ApproveChange(ApprovalOperator):
    """Hold a validated usage artefact against the store; ask (Required Actions) when the change is above the limit.

    A rejection fails the run at once, and the usage is not loaded.
    """

    template_fields: Collection[str] = (*ApprovalOperator.template_fields, "usage", "verdict")

    def __init__(self, *, usage: Any, verdict: Any, **kwargs: Any) -> None:  # noqa: ANN401 paths, or tasks' results
        """Make the task; `usage` and `verdict` are the paths of the artefacts."""
        subject = "Load {{ dag.dag_id.removeprefix('usage_') }}?"
        super().__init__(task_id="approve", subject=subject, fail_on_reject=True, **kwargs)
        self.usage, self.verdict = usage, verdict

    def execute(self, context: Any) -> None:  # noqa: ANN401 Airflow's context is a typed dict of its own
        """Ask, or go on where the meter's limit is kept."""
        change = scheduled.change_to_approve(self.usage, self.verdict)
        if change is None:
            self.log.info("the change is within the meter's limit: nobody is asked")
            return
        self.body = change
        super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:  # noqa: ANN401 as above
        """Go on when it was approved; after a rejection, a retry would only ask again."""
        try:
            return super().execute_complete(context, event)
        except HITLRejectException as error:
            raise AirflowFailException("the change was rejected: nothing is loaded") from error
