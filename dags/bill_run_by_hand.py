"""Bill run by hand: preview, rate, post or cancel a bill run.

Start it with its form; the log of its task tells what was done. A *preview* tells what a bill run would take and bill,
beside the period before, and changes nothing. *Rate* a period, or the accounts of one batch of it, or, while it still
runs, the on-demand usage that starts before a target date; where what was billed comes to another amount by the same
usage, say why. *Post* all that is rated of a period: it is final then.
*Cancel* a bill run that is not posted, by its id, which the Usage page lists, and say why: its usage is Pending again.
"""

from airflow.sdk import Param, dag, task
from meterbridge_schedule import BY_HAND, started_by
from meterbridge_steps import scheduled


def _text(title: str, description: str) -> Param:
    """Make a field that may be left empty: the web UI asks for every text that cannot be null."""
    return Param(None, type=["null", "string"], title=title, description=description)


FORM = {
    "action": Param(
        "preview",
        type="string",
        enum=["preview", "rate", "post", "cancel"],
        title="What",
        description="A preview changes nothing.",
    ),
    "period": _text("Period", "Such as 2025-03; for all but cancel. Post takes all that is rated of it."),
    "batch": _text("Batch", "To preview or rate only the accounts of one batch."),
    "target_date": _text("Target date", "To preview or rate on-demand usage before this day, while the period runs."),
    "bill_run": _text("Bill run", "The id of the one to be cancelled."),
    "reason": _text("Reason", "Why it is cancelled, or why what was billed may be rated at another price; it is kept."),
}


@dag(
    description="A bill run is previewed, rated, posted or cancelled by hand",
    doc_md=__doc__,
    tags=["bill"],
    params=FORM,
    **BY_HAND,
)
def bill_run_by_hand() -> None:
    """Do what the form asks for."""

    @task
    def bill(**context: object) -> str:
        form = {name: str(context["params"][name] or "") for name in FORM}  # type: ignore[index]  # untyped
        return scheduled.bill_by_hand(form, by=started_by(context))

    bill()


bill_run_by_hand()
