"""The gate that every call goes through: who calls, how often, how much, and what leaves when something breaks."""

import re
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.callers import Caller, LogIn
from web.refusals import RefusedError, note_unexpected, refuse, refuse_error

BODY_BYTES_MAX = 5 * 1024 * 1024
WINDOW_SECONDS = 60
TRACK_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
OPEN = "/oauth/token"
READING = {"GET", "HEAD", "OPTIONS"}
OWN_HEADER = "x-requested-with"  # a page of another site cannot send it unasked
# What refusals are made of. An error that was raised holds the call that it ended: each call has its own.
TOO_LARGE = (413, "too_large", f"a request may have {BODY_BYTES_MAX // 1024 // 1024} MB; zip the file")
NOT_LOGGED_IN = (
    401,
    "not_logged_in",
    "log in: in Airflow's web UI, or send a token of POST /oauth/token as a bearer",
    {"WWW-Authenticate": "Bearer"},
)
FOREIGN = (403, "foreign_site", "a change by a browser's cookie must come from this site, or bear X-Requested-With")


@dataclass
class Window:
    """Calls of each caller in the minute that runs; `limit` is how many it may make."""

    limit: int
    number: int = -1
    calls: Counter[str] = field(default_factory=Counter)

    def count(self, caller: str, seconds: float) -> tuple[bool, dict[str, str]]:
        """Count a call at an instant; tells whether it is within the limit, and the headers that say so."""
        if (number := int(seconds // WINDOW_SECONDS)) != self.number:
            self.number, self.calls = number, Counter()
        self.calls[caller] += 1
        rest = str(max(1, round(WINDOW_SECONDS - seconds % WINDOW_SECONDS)))
        left = self.limit - self.calls[caller]
        headers = {
            "ratelimit-limit": str(self.limit),
            "ratelimit-remaining": str(max(0, left)),
            "ratelimit-reset": rest,
        }
        return left >= 0, headers | {"Retry-After": rest} if left < 0 else headers


@dataclass
class Gate:
    """ASGI middleware: it stands before every route, those that do not exist among them."""

    app: ASGIApp
    log_ins: Iterable[LogIn]
    window: Window

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call through, or answer it here."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request, answer = Request(scope), _Answer(send)
        track = request.state.track = _track_id(request)
        answer.headers = {"X-Track-Id": track, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        try:
            await self._pass(request, answer, receive)
        except ClientDisconnect:
            return
        except RefusedError as error:
            await refuse_error(request, error)(scope, receive, answer)
        except Exception as error:  # noqa: BLE001 whatever it is, the caller is told its track id alone
            note_unexpected(error, track)
            await answer.end(request, refuse(request, 500, [("internal_error", f"track id {track}")]))

    async def _pass(self, request: Request, answer: "_Answer", receive: Receive) -> None:
        caller = request.state.caller = await self._identify(request)
        within, headers = self.window.count(_key(caller, request), time.monotonic())
        answer.headers |= headers
        if not within:
            raise RefusedError(429, "too_many_calls", f"at most {self.window.limit} calls a minute")
        if caller is None and not request.url.path.endswith(OPEN):
            raise RefusedError(*NOT_LOGGED_IN)
        if caller is not None and caller.by_cookie and request.method not in READING and not _from_here(request):
            raise RefusedError(*FOREIGN)
        await self.app(request.scope, _limited(request, receive), answer)

    async def _identify(self, request: Request) -> Caller | None:
        for log_in in self.log_ins:
            if (caller := await log_in(request)) is not None:
                return caller
        return None


@dataclass
class _Answer:
    """Sends an answer with the gate's headers, and knows whether it has begun."""

    send: Send
    headers: dict[str, str] = field(default_factory=dict)
    begun: bool = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            own = [(name.lower().encode(), value.encode()) for name, value in self.headers.items()]
            message["headers"] = [*message.get("headers", []), *own]
        await self.send(message)

    async def end(self, request: Request, response: ASGIApp) -> None:
        """Answer, unless an answer is on its way already: then the connection can only be cut."""
        if self.begun:
            raise ConnectionAbortedError("an answer broke off")
        await response(request.scope, request.receive, self)


def _limited(request: Request, receive: Receive) -> Receive:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > BODY_BYTES_MAX:
        raise RefusedError(*TOO_LARGE)
    read = 0

    async def counted() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_BYTES_MAX:
            raise RefusedError(*TOO_LARGE)
        return message

    return counted


def _track_id(request: Request) -> str:
    given = request.headers.get("x-track-id", "")
    return given if TRACK_ID.fullmatch(given) else uuid.uuid4().hex


def _key(caller: Caller | None, request: Request) -> str:
    return caller.name if caller else f"at {request.client.host if request.client else 'nowhere'}"


def _from_here(request: Request) -> bool:
    """Tell whether a browser's request comes from a page of this server, by what another site cannot forge."""
    if request.headers.get(OWN_HEADER) or request.headers.get("sec-fetch-site") == "same-origin":
        return True
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc == request.headers.get("host")
