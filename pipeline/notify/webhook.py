"""A webhook: JSON to an address, signed, so that the receiver knows whose it is and takes it once.

`Meterbridge-Signature` is `v1=` and the hex HMAC-SHA256, by the secret, of the timestamp, a full stop and the body.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.notify.channel import Address, ChannelError
from pipeline.notify.message import Message
from pipeline.notify.posting import DEFAULT, Post
from pipeline.patience import Patience


@dataclass(frozen=True)
class Webhook:
    """An address, and the secret that both sides know."""

    post: Post
    secret: str = field(repr=False)
    name: str = "webhook"

    @classmethod
    def of(cls, address: Address, patience: Patience = DEFAULT) -> "Webhook":
        """Read the connection; ChannelError when it is no address, or has no secret to sign with."""
        if not address.token:
            raise ChannelError("the connection for webhook has no secret to sign with: give one as its token")
        return cls(Post.to(address, "webhook", patience), address.token)

    def send(self, message: Message, at: datetime) -> str:
        """Send a message, signed as of `at`; DeliveryError when it is not taken."""
        body = _body(message)
        timestamp = str(int(at.timestamp()))
        headers = {"Meterbridge-Id": message.id, "Meterbridge-Timestamp": timestamp}
        self.post.send(body, headers | {"Meterbridge-Signature": f"v1={signature(self.secret, timestamp, body)}"})
        return ""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Sign a body as it is sent, together with the seconds since 1970 at which it was."""
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def _body(message: Message) -> bytes:
    content = {
        "id": message.id,
        "kind": message.kind,
        "subject": message.subject,
        "happened_at": message.happened_at.isoformat(),
        "title": message.title,
        "text": message.text,
        "details": message.details,
    }
    return json.dumps(content, ensure_ascii=False).encode()
