"""JSON to an HTTP address that is a secret itself: shown by its host alone, asked again when it is out of order."""

import logging
from dataclasses import dataclass

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential

from pipeline.kept_secret import hidden_parts
from pipeline.notify.channel import LOOPBACK, Address, ChannelError, DeliveryError

BUSY = 429
SAID_BYTES_MAX = 4_000
SAID_LENGTH_MAX = 200  # shorter, so that no half of a secret stands at its end


@dataclass(frozen=True)
class Patience:
    """How long a receiver is waited for within one delivery; the store keeps its row locked for as long."""

    attempts: int = 3
    wait_seconds: float = 1  # after the first attempt, then twice as long each time
    timeout_seconds: float = 10


DEFAULT = Patience()


class _TryAgainError(Exception):
    """An attempt that may go well a moment later."""


@dataclass(frozen=True)
class Post:
    """Sends JSON to one address."""

    address: Address
    patience: Patience = DEFAULT

    @classmethod
    def to(cls, address: Address, channel: str, patience: Patience) -> "Post":
        """Check an address; ChannelError when it is none, or would be read on the way."""
        try:
            url = httpx.URL(address.url)
        except (httpx.InvalidURL, ValueError):
            url = httpx.URL()
        if not url.host or (url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK)):
            raise ChannelError(
                f"the connection for {channel} is no address to send to: write https://host/path"
            ) from None  # the address is a secret
        return cls(address, patience)

    def send(self, body: bytes, headers: dict[str, str]) -> None:
        """Send a body until it is taken; DeliveryError when it is not."""
        retrying = Retrying(
            retry=retry_if_exception_type(_TryAgainError),
            stop=stop_after_attempt(self.patience.attempts),
            wait=wait_exponential(self.patience.wait_seconds),
            reraise=True,
        )
        try:
            with httpx.Client(timeout=self.patience.timeout_seconds) as client:
                retrying(self._attempt, client, body, headers | {"Content-Type": "application/json"})
        except _TryAgainError as error:
            tried = retrying.statistics["attempt_number"]
            raise DeliveryError(f"{error} (tried {tried} times)") from None

    def _attempt(self, client: httpx.Client, body: bytes, headers: dict[str, str]) -> None:
        try:
            with client.stream("POST", self.address.url, content=body, headers=headers) as response:
                if response.is_success:
                    return
                said = next(response.iter_raw(SAID_BYTES_MAX), b"").decode(errors="replace")
        except httpx.RequestError as error:
            raise _TryAgainError(self._shown(f"{type(error).__name__}: {error}")) from None
        answer = self._shown(f"it answers {response.status_code} {said}".strip())
        if response.status_code == BUSY or response.is_server_error:
            raise _TryAgainError(answer)
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
