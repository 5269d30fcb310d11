"""What people are to be told: noted in the transaction in which it happened, told afterwards, once to each channel.

A delivery is locked while its message is on its way, and marked once it has been taken. Who dies in between has sent
what stands as unsent: it is sent again, under the same id, by which a receiver knows it for the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from pipeline.store.tables import deliveries, events
from transforms.identity import LENGTH, digest

ATTEMPTS_MAX = 10
FIRST_PAUSE = timedelta(minutes=5)  # then twice as long each time: the tenth attempt comes 43 hours after the first
NEWS = timedelta(days=1)  # what is older when a channel begins is not told to it
TOO_OLD = "it happened before this channel began"


@dataclass(frozen=True)
class Event:
    """Something to be told: `kind` and `subject` name it, `details` hold its figures and words."""

    event_id: int
    kind: str
    subject: str
    details: Mapping[str, Any]
    created_at: datetime

    @property
    def message_id(self) -> str:
        """Name its message to every receiver: the same however often it is sent, and no other store's."""
        return digest("event", self.kind, self.subject, self.created_at.isoformat())[:LENGTH]


def note(connection: sa.Connection, kind: str, subject: str, details: Mapping[str, Any]) -> None:
    """Note an event; the same kind of the same subject is noted once."""
    statement = insert(events).values(kind=kind, subject=subject, details=dict(details))
    connection.execute(statement.on_conflict_do_nothing())


def enrol(connection: sa.Connection, channel: str, at: datetime) -> None:
    """Make every event wait for a channel; one that begins at `at` is not told what is older than a day."""
    began = connection.execute(sa.select(deliveries.c.event_id).where(deliveries.c.channel == channel).limit(1)).first()
    known = sa.select(deliveries.c.event_id).where(
        deliveries.c.event_id == events.c.event_id, deliveries.c.channel == channel
    )
    old = sa.literal(began is None) & (events.c.created_at < at - NEWS)
    found = sa.select(
        events.c.event_id,
        sa.literal(channel),
        sa.case((old, ATTEMPTS_MAX), else_=0),
        sa.case((old, TOO_OLD), else_=""),
    ).where(~known.exists())
    statement = insert(deliveries).from_select(["event_id", "channel", "attempts", "error"], found)
    connection.execute(statement.on_conflict_do_nothing())


def next_waiting(connection: sa.Connection, channel: str, at: datetime) -> Event | None:
    """Give the first event that is due on a channel, and keep it from others until the transaction ends."""
    due = sa.or_(
        deliveries.c.attempts == 0,
        *(
            (deliveries.c.attempts == made) & (deliveries.c.updated_at <= at - pause(made))
            for made in range(1, ATTEMPTS_MAX)
        ),
    )
    statement = (
        sa.select(events)
        .join(deliveries, deliveries.c.event_id == events.c.event_id)
        .where(deliveries.c.channel == channel, deliveries.c.delivered_at.is_(None), due)
        .order_by(events.c.event_id)
        .limit(1)
        .with_for_update(of=deliveries, skip_locked=True)
    )
    row = connection.execute(statement).mappings().first()
    return Event(**row) if row else None


def pause(made: int) -> timedelta:
    """Tell how long a channel is left alone after so many attempts."""
    return FIRST_PAUSE * (1 << (made - 1))


def delivered(connection: sa.Connection, event_id: int, channel: str, at: datetime, remark: str) -> None:
    """Mark an event as told to a channel; `remark` says what the receiver did not like about it."""
    _attempted(connection, event_id, channel, {"delivered_at": at, "updated_at": at, "error": remark})


def failed(connection: sa.Connection, event_id: int, channel: str, at: datetime, error: str) -> None:
    """Record an attempt that failed, and why."""
    _attempted(connection, event_id, channel, {"updated_at": at, "error": error})


def _attempted(connection: sa.Connection, event_id: int, channel: str, values: Mapping[str, Any]) -> None:
    mine = (deliveries.c.event_id == event_id) & (deliveries.c.channel == channel)
    statement = sa.update(deliveries).where(mine).values(attempts=deliveries.c.attempts + 1, **values)
    connection.execute(statement)


def undelivered(connection: sa.Connection, channel: str) -> tuple[int, int]:
    """Count what a channel has not been told: (still to be tried, given up)."""
    more = sa.func.count().filter(deliveries.c.attempts < ATTEMPTS_MAX)
    given_up = sa.func.count().filter(deliveries.c.attempts >= ATTEMPTS_MAX, deliveries.c.error != TOO_OLD)
    statement = sa.select(more, given_up).where(deliveries.c.channel == channel, deliveries.c.delivered_at.is_(None))
    waiting, lost = connection.execute(statement).one()
    return waiting, lost


def begin_again(connection: sa.Connection) -> int:
    """Let what was given up wait once more, on every channel; tells how many messages that are."""
    given_up = (deliveries.c.attempts >= ATTEMPTS_MAX) & deliveries.c.delivered_at.is_(None)
    statement = sa.update(deliveries).where(given_up, deliveries.c.error != TOO_OLD).values(attempts=0)
    return connection.execute(statement).rowcount
