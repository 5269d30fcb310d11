"""Idempotency: a call that is sent again under its Idempotency-Key is answered as it was, and not carried out again."""

import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from pipeline.store import answers
from pipeline.store.answers import Answered
from transforms.errors import MeterbridgeError
from transforms.identity import digest
from web.exact import ExactRequest
from web.refusals import RefusedError
from web.services import Services

KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{0,254}")
METHODS = {"POST", "PUT"}
IN_FLIGHT = timedelta(minutes=5)
RETRY_SECONDS = "5"
# A content or a call id keeps these from being carried out twice, so a call that broke off may be sent again.
RESUMABLE = {"/v1/usage", "/v1/object/import", "/v1/object/usage", "/v1/action/create"}
# What is raised for these changed nothing, so the key can be used again. After any other error nobody knows.
CHANGED_NOTHING = (HTTPException, RequestValidationError, MeterbridgeError)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class OnceRoute(APIRoute):
    """A route that reads numbers exactly and carries a call with an Idempotency-Key out once."""

    def get_route_handler(self) -> Handler:
        """Give the handler that FastAPI calls."""
        handle = super().get_route_handler()

        async def once(request: Request) -> Response:
            exact = ExactRequest(request.scope, request.receive)
            key = request.headers.get("idempotency-key")
            if key is None or request.method not in METHODS:
                return await handle(exact)
            resumable = request.method == "POST" and self.path in RESUMABLE
            call = _Call(
                request.app.state.services, request.state.caller.name, _checked(key), await _hash(exact), resumable
            )
            request.state.call_id = digest(call.client, call.key, call.asked)
            return await call.once(exact, handle)

        return once


def call_id(request: Request) -> str:
    """Name a call by its client, its Idempotency-Key and what it asks for; empty without a key."""
    return str(getattr(request.state, "call_id", ""))


CallId = Annotated[str, Depends(call_id)]


@dataclass(frozen=True)
class _Call:
    """A call under a key; `asked` is the hash of what it asks for."""

    services: Services
    client: str
    key: str
    asked: str
    resumable: bool

    async def once(self, request: Request, handle: Handler) -> Response:
        earlier = await run_in_threadpool(self._claim, datetime.now(UTC) - IN_FLIGHT)
        if earlier is not None:
            return self._again(earlier, datetime.now(UTC))
        try:
            response = await handle(request)
        except Exception as error:
            if self.resumable or isinstance(error, CHANGED_NOTHING):
                await run_in_threadpool(self._release)
            raise
        await run_in_threadpool(self._keep, response)
        return response

    def _again(self, earlier: Answered, at: datetime) -> Response:
        """Answer a call whose key was used before; RefusedError where that was another call, or has no answer."""
        if earlier.request_hash != self.asked:
            raise RefusedError(422, "key_reused", "this Idempotency-Key belongs to another request; use a new one")
        if earlier.status_code is not None:
            return Response(earlier.body, earlier.status_code, {"Idempotent-Replay": "true"}, "application/json")
        if at - earlier.created_at < IN_FLIGHT:
            text = "the same call is being carried out; ask again in a moment"
            raise RefusedError(409, "in_flight", text, {"Retry-After": RETRY_SECONDS})
        text = "this call broke off; see what it has done, then send what is missing under a new key"
        raise RefusedError(409, "outcome_unknown", text)

    def _claim(self, broke_off: datetime) -> Answered | None:
        """Take the key; also that of the same call, where it began so early that it must have broken off."""
        with self.services.store.begin() as connection:
            earlier = answers.claim(connection, self.client, self.key, self.asked)
            if earlier is not None and self.resumable and earlier.request_hash == self.asked:
                taken = answers.take_over(connection, self.client, self.key, broke_off)
                return None if taken else earlier
            return earlier

    def _release(self) -> None:
        with self.services.store.begin() as connection:
            answers.release(connection, self.client, self.key)

    def _keep(self, response: Response) -> None:
        with self.services.store.begin() as connection:
            answers.keep(connection, self.client, self.key, response.status_code, bytes(response.body).decode())


def _checked(key: str) -> str:
    if not KEY.fullmatch(key):
        raise RefusedError(400, "INVALID_VALUE", "an Idempotency-Key has 1 to 255 plain characters")
    return key


async def _hash(request: Request) -> str:
    """Name a request by all that it asks for. The line between the parts of a form is another one each time."""
    body, kind = await request.body(), request.headers.get("content-type", "")
    if found := re.search(r'boundary="?([^";]+)', kind):
        boundary = found.group(1)
        body, kind = body.replace(boundary.encode("latin-1"), b"boundary"), kind.replace(boundary, "boundary")
    return digest(request.method, request.url.path, request.url.query, kind, body.decode("latin-1"))
