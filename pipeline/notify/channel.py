"""What a channel is: somewhere a message can be sent, named by a connection."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from pipeline.notify.message import Message
from transforms.errors import MeterbridgeError


class ChannelError(MeterbridgeError):
    """A connection cannot be used as a channel; the message says how it is written, and never what stands in it."""


class DeliveryError(MeterbridgeError):
    """A receiver did not take a message; the message says why, without what the connection keeps secret."""


@dataclass(frozen=True)
class Address:
    """What a connection says: where a channel leads, and the secret beside it. Neither is ever shown."""

    url: str = field(repr=False)
    token: str | None = field(default=None, repr=False)


class Channel(Protocol):
    """A way to people. Its `name` stands in the store beside what it was told."""

    @property
    def name(self) -> str:
        """Name the channel."""

    def send(self, message: Message, at: datetime) -> str:
        """Send a message; gives what the receiver did not like about it, else nothing. DeliveryError when not taken."""
