"""Bill runs by hand: what a person's form asks for, besides the schedule."""

from collections.abc import Mapping
from datetime import date, datetime

from pipeline import steps
from pipeline.billing.post import cancel
from pipeline.reports.bill_preview import preview
from pipeline.steps import Workspace
from transforms.errors import MeterbridgeError
from transforms.period import Period
from transforms.rating.asked import Asked

USED = {
    "preview": ("period", "batch", "target_date"),
    "rate": ("period", "batch", "target_date", "reason"),
    "post": ("period",),
    "cancel": ("bill_run", "reason"),
}
"""The fields that an action takes."""


class WrongFormError(MeterbridgeError):
    """A form that does not say what is to be done; the message names the field, and what to write there."""


def bill(workspace: Workspace, form: Mapping[str, str], *, at: datetime, by: str) -> str:
    """Do what a form asks for (`action`: preview, rate, post or cancel), and say what was done.

    WrongFormError for a field that is missing, cannot be read or is not for this; all else as the steps give it.
    """
    _refuse_unused(form)
    match form["action"]:
        case "cancel":
            return cancel(workspace.store, _filled(form, "bill_run"), by=by, reason=_filled(form, "reason"))
        case "post":
            return str(steps.post(workspace.store, _period(form), by=by))
        case "rate":
            named = {"by": by, "reason": form["reason"].strip()}
            return str(steps.rate(workspace.store, workspace.catalog, _asked(form), workspace.home, at=at, **named))
        case "preview":
            return preview(workspace.store, workspace.catalog, _asked(form))
        case other:
            raise WrongFormError(f"action {other!r}: choose preview, rate, post or cancel")


def _refuse_unused(form: Mapping[str, str]) -> None:
    """Refuse what would be passed over: who names a batch or a bill run to post does not mean the whole period."""
    taken = USED.get(form["action"], tuple(form))
    if unused := [name for name, text in form.items() if name not in {"action", *taken} and text.strip()]:
        named = ", ".join(unused)
        raise WrongFormError(f"{named}: {form['action']} takes {' and '.join(taken)} alone; leave the rest empty")


def _asked(form: Mapping[str, str]) -> Asked:
    day = form["target_date"].strip()
    try:
        return Asked(_period(form), form["batch"].strip() or None, date.fromisoformat(day) if day else None)
    except ValueError as error:
        raise WrongFormError(f"target_date {day!r}: write a day such as 2025-03-16, or nothing") from error


def _period(form: Mapping[str, str]) -> Period:
    text = _filled(form, "period")
    try:
        return Period.parse(text)
    except ValueError as error:
        raise WrongFormError(f"period: {error}") from error


def _filled(form: Mapping[str, str], field: str) -> str:
    if not (text := form[field].strip()):
        raise WrongFormError(f"{field} is empty; {form['action']} needs it")
    return text
