"""Slack, by an incoming webhook: its address is the secret."""

import json
from dataclasses import dataclass
from datetime import datetime

from pipeline.notify.channel import Address
from pipeline.notify.message import Message
from pipeline.notify.posting import DEFAULT, Post
from pipeline.patience import Patience


@dataclass(frozen=True)
class Slack:
    """The address that one of Slack's channels has."""

    post: Post
    name: str = "slack"

    @classmethod
    def of(cls, address: Address, patience: Patience = DEFAULT) -> "Slack":
        """Read the connection; ChannelError when it is no address."""
        return cls(Post.to(address, "slack", patience))

    def send(self, message: Message, at: datetime) -> str:  # noqa: ARG002 Slack sets the time itself
        """Send a message, its id at the end; DeliveryError when it is not taken."""
        text = _plain(f"*{message.title}*\n{message.text}\n{message.id}")
        self.post.send(json.dumps({"text": text}, ensure_ascii=False).encode(), {})
        return ""


def _plain(text: str) -> str:
    """Let nothing in a name call people or hide an address: Slack reads `<…>` as such."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
