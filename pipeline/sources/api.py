"""One JSON API: asked at a steady pace, again when it is busy or out of order, and never beyond what is reasonable."""

import time
from contextlib import closing
from typing import NoReturn

import httpx

from pipeline.addresses import parsed
from pipeline.kept_secret import hidden
from pipeline.patience import Patience, TryAgainError, passes, retry_after
from pipeline.settings import connection, connection_token, connection_variable
from pipeline.sources.json_values import DECODER
from pipeline.sources.unavailable import SourceUnavailableError
from transforms.catalog.origins import Http

REDIRECTS_MAX = 3
ANSWER_BYTES_MAX = 64 << 20


class Api:
    """A connection to an API, which is to be closed."""

    def __init__(self, source: str, origin: Http, patience: Patience) -> None:
        """Read the connection's address and what it shows to be let in."""
        self._about, self._origin, self._patience = source, origin, patience
        self._token = connection_token(origin.connection)
        self._address = self._read_address()
        self._client = httpx.Client(auth=self._auth(), headers=self._headers(), timeout=patience.timeout())
        self._next = 0.0  # before this moment of the monotonic clock nothing is asked

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def ask(self, parameters: dict[str, str]) -> object:
        """Give an answer, its numbers as text; SourceUnavailableError when there is none that can be taken."""
        request = self._client.build_request("GET", self._url(), params=parameters)
        try:
            return self._decoded(self._patience.again(lambda: self._attempt(request)))
        except TryAgainError as error:
            what = f"{error} (tried {error.tried} times)"
            self.refuse(what, "see whether it is up and reachable, and fetch again later")

    def refuse(self, what: str, advice: str) -> NoReturn:
        """Raise SourceUnavailableError, which says where it happened."""
        text = f"the API at {self._address.host} (connection {self._origin.connection}): {what}; {advice}"
        shown = hidden(text, self._address.password, self._token)
        raise SourceUnavailableError(f"source {self._about}: {shown}") from None  # what it shows stays out of traces

    def _read_address(self) -> httpx.URL:
        variable = connection_variable(self._origin.connection)
        address = parsed(connection(self._origin.connection))
        if address.scheme in {"http", "https"} and address.host and not address.query and not address.fragment:
            return address
        raise SourceUnavailableError(
            f"source {self._about}: {variable} is no address of an API: write https://host/path or "
            f"https://user:password@host/path, and a token into {variable}_TOKEN"
        )

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
            if len(body) > ANSWER_BYTES_MAX:
                limit = f"the answer has more than {ANSWER_BYTES_MAX} bytes"
                self.refuse(limit, "ask for less at a time: a smaller piece_seconds, or pages")
            if time.monotonic() > deadline:
                raise TryAgainError(f"the answer was not there after {self._patience.total_seconds} seconds")
        return bytes(body)

    def _check_status(self, response: httpx.Response) -> None:
        if passes(response):
            after = retry_after(response)
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
