"""One JSON API: asked at a steady pace, again when it is busy or out of order, and never beyond what is reasonable."""

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import NoReturn, Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_exponential

from pipeline.settings import connection, connection_token
from pipeline.sources.json_lines import DECODER
from pipeline.sources.unavailable import SourceUnavailableError, hidden
from transforms.origins import Http

BUSY = 429
REDIRECTS_MAX = 3


@dataclass(frozen=True)
class Patience:
    """How long an API is waited for: attempts and seconds of one request, and how large an answer may be."""

    attempts: int = 6
    wait_seconds: float = 1  # after the first attempt, then twice as long each time
    wait_seconds_max: float = 60
    total_seconds: float = 600  # of all attempts together, and of one answer that only trickles in
    connect_seconds: float = 10
    read_seconds: float = 60
    answer_bytes_max: int = 64 << 20

    def timeout(self) -> httpx.Timeout:
        """Give the time-outs of a single read or write."""
        return httpx.Timeout(self.read_seconds, connect=self.connect_seconds)


class TryAgainError(Exception):
    """An attempt that may go well the next time, not before `after_seconds` where the API says so."""

    def __init__(self, reason: str, after_seconds: float = 0) -> None:
        """Say what went wrong."""
        super().__init__(reason)
        self.after_seconds = after_seconds


class Api:
    """A connection to an API; use it as a context."""

    def __init__(self, source: str, origin: Http, patience: Patience) -> None:
        """Read the connection's address and what it shows to be let in."""
        self._about, self._origin, self._patience = source, origin, patience
        self._token = connection_token(origin.connection)
        self._address = self._read_address()
        self._client = httpx.Client(auth=self._auth(), headers=self._headers(), timeout=patience.timeout())
        self._next = 0.0  # before this moment of the monotonic clock nothing is asked

    def __enter__(self) -> Self:
        """Keep the connection open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, parameters: dict[str, str]) -> object:
        """Give an answer, its numbers as text; SourceUnavailableError when there is none that can be taken."""
        request = self._client.build_request("GET", self._url(), params=parameters)
        retrying = Retrying(
            retry=retry_if_exception_type(TryAgainError),
            stop=stop_after_attempt(self._patience.attempts) | stop_before_delay(self._patience.total_seconds),
            wait=self._pause,
            reraise=True,
        )
        try:
            return self._decoded(retrying(self._attempt, request))
        except TryAgainError as error:
            tried = retrying.statistics["attempt_number"]
            self.refuse(f"{error} (tried {tried} times)", "see whether it is up and reachable, and fetch again later")

    def refuse(self, what: str, advice: str) -> NoReturn:
        """Raise SourceUnavailableError, which says where it happened."""
        text = f"the API at {self._address.host} (connection {self._origin.connection}): {what}; {advice}"
        shown = hidden(text, self._address.password, self._token)
        raise SourceUnavailableError(f"source {self._about}: {shown}") from None  # what it shows stays out of traces

    def _read_address(self) -> httpx.URL:
        variable = f"METERBRIDGE_CONNECTION_{self._origin.connection.upper()}"
        try:
            address = httpx.URL(connection(self._origin.connection))
        except httpx.InvalidURL:
            address = httpx.URL()
        if address.scheme in {"http", "https"} and address.host and not address.query and not address.fragment:
            return address
        raise SourceUnavailableError(
            f"source {self._about}: {variable} is no address of an API: write https://host/path or "
            f"https://user:password@host/path, and a token into {variable}_TOKEN"
        ) from None  # a password may stand in it

    def _url(self) -> httpx.URL:
        base, path = self._address.copy_with(userinfo=b""), self._origin.path.lstrip("/")
        return base.copy_with(path=f"{base.path.rstrip('/')}/{path}") if path else base

    def _auth(self) -> tuple[str, str] | None:
        return (self._address.username, self._address.password) if self._address.userinfo else None

    def _headers(self) -> dict[str, str]:
        if not self._token:
            return {"Accept": "application/json"}
        if not (self._token.isascii() and self._token.isprintable()):  # the library's own complaint would show it
            self.refuse("its token holds characters that no token has", "look at the file or variable that holds it")
        return {"Accept": "application/json", "Authorization": f"Bearer {self._token}"}

    def _pause(self, state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        asked = error.after_seconds if isinstance(error, TryAgainError) else 0
        backoff = wait_exponential(self._patience.wait_seconds, self._patience.wait_seconds_max)
        return max(asked, backoff(state))

    def _attempt(self, request: httpx.Request) -> bytes:
        self._keep_pace()
        try:
            return self._followed(request)
        except (httpx.TransportError, httpx.DecodingError) as error:
            raise TryAgainError(f"{type(error).__name__}: {error}") from error

    def _followed(self, request: httpx.Request, redirects: int = 0) -> bytes:
        with closing(self._client.send(request, stream=True)) as response:
            if response.next_request is None:
                return self._body(response)
        if redirects == REDIRECTS_MAX:
            self.refuse(f"it redirects more than {REDIRECTS_MAX} times", "write the address that it redirects to")
        self._check_host(response.next_request.url)
        return self._followed(response.next_request, redirects + 1)

    def _keep_pace(self) -> None:
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + float(1 / self._origin.requests_per_second)

    def _check_host(self, there: httpx.URL) -> None:
        here = self._address
        if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
            what = f"it redirects to {there.scheme}://{there.netloc.decode()}"
            self.refuse(what, "write that address, if it is to be trusted")

    def _body(self, response: httpx.Response) -> bytes:
        self._check_status(response)
        body, deadline = bytearray(), time.monotonic() + self._patience.total_seconds
        for block in response.iter_bytes():
            body += block
            if len(body) > self._patience.answer_bytes_max:
                limit = f"the answer has more than {self._patience.answer_bytes_max} bytes"
                self.refuse(limit, "ask for less at a time: a smaller piece_seconds, or pages")
            if time.monotonic() > deadline:
                raise TryAgainError(f"the answer was not there after {self._patience.total_seconds} seconds")
        return bytes(body)

    def _check_status(self, response: httpx.Response) -> None:
        if response.status_code == BUSY or response.is_server_error:
            after = _retry_after(response)
            wish = f", and wants to be left alone for {after:.0f} s" if after else ""
            raise TryAgainError(f"it answers {response.status_code} {response.reason_phrase}{wish}", after)
        if not response.is_success:
            what = f"it answers {response.status_code} {response.reason_phrase}"
            self.refuse(what, "compare path, parameters and what the connection shows with the API's description")

    def _decoded(self, body: bytes) -> object:
        try:
            found: object = DECODER.decode(body.decode("utf-8-sig"))
        except (ValueError, RecursionError) as error:
            reason = type(error).__name__ if isinstance(error, RecursionError) else str(error).splitlines()[0]
            self.refuse(f"the answer is no JSON ({reason})", "see whether the address is that of the API")
        return found


def _retry_after(response: httpx.Response) -> float:
    """Read how many seconds the API wants to be left alone: a number, or an instant."""
    text = response.headers.get("Retry-After", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 0
