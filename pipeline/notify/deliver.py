"""Deliver what waits: each message to each channel, whoever else delivers at the same time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from pipeline.notify.channel import Channel, DeliveryError
from pipeline.notify.message import message
from pipeline.store import events
from pipeline.store.events import Event


@dataclass(frozen=True)
class Delivered:
    """What a channel was told now, what it did not take, what waits for another attempt, and what is given up."""

    delivered: int
    failed: int
    waiting: int
    given_up: int

    def __str__(self) -> str:
        return f"{self.delivered} delivered, {self.failed} failed, {self.waiting} waiting, {self.given_up} given up"


def deliver(store: sa.Engine, channels: Sequence[Channel], *, at: datetime) -> dict[str, Delivered]:
    """Tell each channel what it has not been told and what is due at `at`; gives the counts by channel.

    The first failure ends a channel's turn: a receiver that is down is asked once, and again when its time has come.
    """
    return {channel.name: _deliver_to(store, channel, at) for channel in channels}


def _deliver_to(store: sa.Engine, channel: Channel, at: datetime) -> Delivered:
    with store.begin() as connection:
        events.enrol(connection, channel.name, at)
    told, taken = 0, _deliver_next(store, channel, at)
    while taken:
        told, taken = told + 1, _deliver_next(store, channel, at)
    with store.begin() as connection:
        waiting, given_up = events.undelivered(connection, channel.name)
    return Delivered(told, int(taken is False), waiting, given_up)


def _deliver_next(store: sa.Engine, channel: Channel, at: datetime) -> bool | None:
    """Deliver one message, its row locked meanwhile: True when it is taken, False when not, None when none is due."""
    with store.begin() as connection:
        event = events.next_waiting(connection, channel.name, at)
        return None if event is None else _send(connection, channel, event, at)


def _send(connection: sa.Connection, channel: Channel, event: Event, at: datetime) -> bool:
    try:
        remark = channel.send(message(event), at)
    except DeliveryError as error:
        events.failed(connection, event.event_id, channel.name, at, str(error))
        return False
    events.delivered(connection, event.event_id, channel.name, at, remark)
    return True
