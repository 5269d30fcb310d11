"""Usage delete: take Pending usage out of the store on purpose, by hand.

Start it with its form: choose records by their numbers, an import by its id, or a file by the name under which it was
uploaded, and say why. It begins as a dry run: the log of its task tells exactly what would go. Start it again with
*Dry run* off to delete. All of what is chosen goes, or nothing: one record that is billed refuses the whole and names
its bill run. What is deleted is kept whole, with who did it and why, and can be loaded again.
"""

from airflow.sdk import Param, dag, task
from meterbridge_schedule import BY_HAND, why_and_who
from meterbridge_steps import scheduled

FORM = {
    "by": Param(
        "import", type="string", enum=["records", "import", "file"], title="By", description="How usage is chosen."
    ),
    "value": Param(
        "",
        type="string",
        minLength=1,
        title="Which",
        description="Numbers of records with commas between, an import's id (see the Usage page), or a file's name.",
    ),
    "reason": Param(
        "", type="string", minLength=1, title="Reason", description="Why; it is kept with what is deleted."
    ),
    "dry_run": Param(True, type="boolean", title="Dry run", description="Only tell what would go."),  # noqa: FBT003 a default
}


@dag(
    description="Pending usage is deleted on purpose",
    doc_md=__doc__,
    tags=["usage"],
    params=FORM,
    **BY_HAND,
)
def usage_delete() -> None:
    """Delete what the form names, or tell what would go."""

    @task
    def delete(**context: object) -> str:
        chosen = {name: context["params"][name] for name in ("by", "value", "dry_run")}  # type: ignore[index]  # untyped
        return scheduled.delete_usage(chosen["by"], chosen["value"], dry_run=chosen["dry_run"], **why_and_who(context))

    delete()


usage_delete()
