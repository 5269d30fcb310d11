"""The words of a notification: what happened, where, the figures, and what to do."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipeline.store.events import Event

TITLE_LENGTH_MAX = 150
VALUE_LENGTH_MAX = 2000
TITLES = {
    "import_succeeded": "Import succeeded",
    "import_failed": "Import failed",
    "task_failed": "A scheduled task failed",
    "approval_needed": "An answer is waited for",
    "quarantine": "Too much is quarantined",
    "stuck_pending": "Usage stays Pending past its bill run",
    "unbilled_usage": "Unbilled usage is above a threshold",
    "billed_after_end": "Fees were billed of a time after the end",
}
ADVICE = {
    "import_succeeded": "Nothing needs to be done.",
    "import_failed": "Nothing of it was loaded. Put right what the reason names, and upload the file or run the meter "
    "again; the same content is never loaded twice.",
    "task_failed": "Put right what the reason names, and clear the task in Airflow's web UI: every task may be run "
    "again at any time.",
    "approval_needed": "Read the figures under Required Actions in Airflow's web UI, and approve or reject them: until "
    "then nothing of it is loaded or posted.",
    "quarantine": "`meterbridge status` names files and reasons. Correct the source or the meter and `meterbridge "
    "replay SOURCE`, or ask the sender for the data again: what is quarantined is not billed.",
    "stuck_pending": "The reason says whether a bill run is to be made, or why none takes it as it is; then "
    "`meterbridge preflight PERIOD` gives the money at risk. Change or delete the records, or put subscription and "
    "charge right.",
    "unbilled_usage": "`meterbridge unbilled ACCOUNT` tells quantity and amount so far. It is told once for each "
    "charge, billing period and threshold.",
    "billed_after_end": "No bill run takes them back. Where they are not owed, take them off other usage of the "
    "same period, by usage below 0 of a charge with `negative_usage: allow`; where the end is wrong, put it right.",
}
NAMED_FIRST = ("name", "meter", "source", "period", "file_name", "import_id", "reason")


@dataclass(frozen=True)
class Message:
    """A notification as every channel carries it; `id` is the same whenever it is sent again."""

    id: str
    kind: str
    title: str
    text: str
    happened_at: datetime
    subject: str
    details: Mapping[str, Any]


def message(event: Event) -> Message:
    """Put an event into words; every value is one line, whatever characters a sender has put into it."""
    title = TITLES.get(event.kind, event.kind.replace("_", " ").capitalize())
    named = event.details.get("name") or event.details.get("file_name") or event.subject
    lines = [f"{name.replace('_', ' ')}: {_bounded_line(value)}" for name, value in _in_order(event.details)]
    advice = ADVICE.get(event.kind, "")
    happened = f"{title}: {_bounded_line(event.subject)}, {event.created_at:%Y-%m-%d %H:%M:%S} UTC"
    return Message(
        id=event.message_id,
        kind=event.kind,
        title=_bounded_line(f"{title}: {named}")[:TITLE_LENGTH_MAX],
        text="\n".join(["\n".join([happened, "", *lines]).rstrip(), "", advice]).rstrip() + "\n",
        happened_at=event.created_at,
        subject=event.subject,
        details=event.details,
    )


def _bounded_line(value: object) -> str:
    """Write a value as one line of bounded length: control characters and line ends become spaces."""
    words = "".join(" " if unicodedata.category(each) in {"Cc", "Cf", "Zl", "Zp"} else each for each in str(value))
    words = " ".join(words.split())
    return words if len(words) <= VALUE_LENGTH_MAX else f"{words[:VALUE_LENGTH_MAX]}…"


def _in_order(details: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """List what is known: names and reason first, then the figures; what is empty is left out."""
    order = {name: place for place, name in enumerate(NAMED_FIRST)}
    known = [(name, value) for name, value in details.items() if value not in (None, "", [], {})]
    return sorted(known, key=lambda item: (order.get(item[0], len(order)), item[0]))
