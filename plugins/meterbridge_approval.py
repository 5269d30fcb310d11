"""Approvals: what goes beyond a limit of the catalog waits for an answer in the web UI."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

from airflow.providers.standard.exceptions import HITLRejectException
from airflow.providers.standard.operators.hitl import ApprovalOperator
from airflow.sdk.exceptions import AirflowFailException
from meterbridge_notifier import place_of
from meterbridge_steps import scheduled


def answered_by(answer: Mapping[str, Any]) -> str:
    """Name who answered, as far as 100 characters go: the store keeps it with the bill run."""
    user = answer["responded_by_user"] or {}
    return str(user.get("name") or user.get("id") or "approval")[:100]


class Approval(ApprovalOperator):
    """Ask (Required Actions) when there is something to approve. A rejection fails the run at once."""

    def __init__(self, *, subject: str, **kwargs: Any) -> None:  # noqa: ANN401 what every operator takes
        """Make the task; `subject` is the question, with {} for the name of what it is about."""
        unhurried = {"execution_timeout": None}  # a person may take days
        super().__init__(task_id="approve", subject=subject, fail_on_reject=True, **kwargs | unhurried)

    @abstractmethod
    def found(self) -> tuple[str, str] | None:
        """Name what needs an approval, and lay it out; None where nothing does."""

    @abstractmethod
    def rejected(self, by: str) -> str:
        """Do what a rejection by somebody asks for, and say what becomes of it."""

    def execute(self, context: Any) -> None:  # noqa: ANN401 Airflow's context is a typed dict of its own
        """Ask, or go on where the limits are kept."""
        found = self.found()
        if found is None:
            self.log.info("nothing waits for an answer: nobody is asked")
            return
        named, self.body = found
        self.subject = self.subject.format(named)
        scheduled.note_task("approval_needed", place_of(context["ti"]), self.subject)
        super().execute(context)

    def execute_complete(self, context: Any, event: dict[str, Any]) -> Any:  # noqa: ANN401 as above
        """Go on when it was approved; after a rejection, a retry would only ask again."""
        try:
            return super().execute_complete(context, event)
        except HITLRejectException as error:
            raise AirflowFailException(self.rejected(answered_by(event))) from error


class ApproveChange(Approval):
    """Hold a validated usage artefact against the store; ask when the change is above the meter's limit."""

    template_fields: Collection[str] = (*ApprovalOperator.template_fields, "usage", "verdict")

    def __init__(self, *, usage: Any, verdict: Any, **kwargs: Any) -> None:  # noqa: ANN401 paths, or tasks' results
        """Make the task; `usage` and `verdict` are the paths of the artefacts."""
        super().__init__(subject="Load {}?", **kwargs)
        self.usage, self.verdict = usage, verdict

    def found(self) -> tuple[str, str] | None:
        """Lay out what a load would change."""
        return scheduled.change_to_approve(self.usage, self.verdict)

    def rejected(self, by: str) -> str:  # noqa: ARG002 nothing is kept of it
        """Leave the store as it is."""
        return "the change was rejected: nothing is loaded"


class ApproveBillRun(Approval):
    """Hold what was rated of a period against its currencies' limits; what is rejected is cancelled."""

    template_fields: Collection[str] = (*ApprovalOperator.template_fields, "period", "runs")

    def __init__(self, *, period: Any, runs: Any, **kwargs: Any) -> None:  # noqa: ANN401 values, or tasks' results
        """Make the task for a billing period and the ids of its bill runs."""
        super().__init__(subject="Post the bill run of {}?", **kwargs)
        self.period, self.runs = period, runs

    def found(self) -> tuple[str, str] | None:
        """Lay out what was rated."""
        return scheduled.bill_runs_to_approve(self.period, self.runs)

    def rejected(self, by: str) -> str:
        """Make the usage Pending again."""
        cancelled = scheduled.reject_bill_runs(self.period, self.runs, by=by)
        return f"the bill run was rejected; {'; '.join(cancelled)}"
