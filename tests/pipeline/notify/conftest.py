from datetime import UTC, datetime

import pytest
from receivers import hook, mailbox

from pipeline.notify.message import message
from pipeline.store import events
from pipeline.store.events import Event

AT = datetime(2025, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def at():
    """The instant at which messages are delivered."""
    return AT


@pytest.fixture
def failed_import():
    """The message of an import that failed."""
    details = {"name": "march.csv", "reason": "row 3: QTY is missing", "file_name": "march.csv"}
    return message(Event(7, "import_failed", "9c0ffee", details, AT))


@pytest.fixture
def box():
    with mailbox() as found:
        yield found


@pytest.fixture
def receiver():
    with hook() as found:
        yield found


@pytest.fixture
def noted(store):
    """Note events of a kind about subjects, all at the instant AT."""

    def note(*subjects, kind="import_succeeded", **details):
        with store.begin() as connection:
            for subject in subjects:
                events.note(connection, kind, subject, details)
            connection.execute(events.sa.update(events.events).values(created_at=AT))

    return note
