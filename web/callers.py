"""Who calls, and what that lets them do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum

from starlette.requests import Request


class Role(IntEnum):
    """What a caller may do; each includes those before it."""

    VIEWER = 1
    EDITOR = 2
    ADMIN = 3


@dataclass(frozen=True)
class Caller:
    """A logged-in client or person; `by_cookie` where a browser says so without being asked."""

    name: str
    role: Role
    by_cookie: bool = False


# Tells who sends a request, or None where it cannot: the next log-in is asked then.
LogIn = Callable[[Request], Awaitable[Caller | None]]


def bearer(request: Request) -> str | None:
    """Give the token of a request's Authorization header, if it has one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None
