"""JSON to an HTTP address that is a secret itself: shown by its host alone, asked again when it is out of order."""

import logging
from dataclasses import dataclass

import httpx

from pipeline.addresses import is_safe, parsed
from pipeline.kept_secret import hidden_parts
from pipeline.notify.channel import Address, ChannelError, DeliveryError
from pipeline.patience import Patience, TryAgainError, passes, retry_after

SAID_BYTES_MAX = 4_000
SAID_LENGTH_MAX = 200  # shorter, so that no half of a secret stands at its end
# The store keeps a delivery's row locked for as long as it is on its way, so no receiver is waited for long.
DEFAULT = Patience(attempts=3, total_seconds=60, read_seconds=10)


@dataclass(frozen=True)
class Post:
    """Sends JSON to one address."""

    address: Address
    patience: Patience = DEFAULT

    @classmethod
    def to(cls, address: Address, channel: str, patience: Patience) -> "Post":
        """Check an address; ChannelError when it is none, or would be read on the way."""
        if not is_safe(parsed(address.url)):
            raise ChannelError(f"the connection for {channel} is no address to send to: write https://host/path")
        return cls(address, patience)

    def send(self, body: bytes, headers: dict[str, str]) -> None:
        """Send a body until it is taken; DeliveryError when it is not."""
        typed = headers | {"Content-Type": "application/json"}
        try:
            with httpx.Client(timeout=self.patience.timeout()) as client:
                self.patience.again(lambda: self._attempt(client, body, typed))
        except TryAgainError as error:
            raise DeliveryError(f"{error} (tried {error.tried} times)") from None

    def _attempt(self, client: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
        try:
            with client.stream("POST", self.address.url, content=body, headers=headers) as response:
                if response.is_success:
                    return
                said = next(response.iter_raw(SAID_BYTES_MAX), b"").decode(errors="replace")
        except httpx.RequestError as error:
            raise TryAgainError(self._shown(f"{type(error).__name__}: {error}")) from None
        answer = self._shown(f"it answers {response.status_code} {said}".strip())
        if passes(response):
            raise TryAgainError(answer, retry_after(response))
        raise DeliveryError(answer)

    def _shown(self, text: str) -> str:
        told = hidden_parts(text, self.address.url, self.address.token or "")
        return f"the receiver at {httpx.URL(self.address.url).host}: {told[:SAID_LENGTH_MAX]}"


def _without_path(record: logging.LogRecord) -> bool:
    """Keep only the host of what httpx logs of a request: the rest of an address may be what lets a sender in."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            f"{each.scheme}://{each.host}" if isinstance(each, httpx.URL) else each for each in record.args
        )
    return True


logging.getLogger("httpx").addFilter(_without_path)
