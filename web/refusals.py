"""Refusals: every answer that is not what was asked for says why, and shows nothing of what is inside.

It is JSON, and a page for a browser.
"""

import logging
import traceback
from collections.abc import Callable, Mapping
from html import escape
from http import HTTPStatus
from typing import Any

import sqlalchemy as sa
from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import Request
from starlette.responses import Response

from pipeline.settings import SettingsError
from pipeline.store.engine import StoreError
from pipeline.store.version import StoreVersionError
from transforms.errors import MeterbridgeError

log = logging.getLogger(__name__)
REASONS_MAX = 50
HEAD = """<!doctype html><html lang="en"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{status}</title>
{way}
"""
BACK = '<p><a href="{root}/">Back to the Usage page</a></p>'
LOG_IN = '<p><a href="{outer}/" target="_top">Log in to the web UI</a>, and open this page again</p>'
POLICY = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'"}
OBJECTS = "/v1/object/"  # the platform words these answers in its own way
STORE_TROUBLE = (sa.exc.OperationalError, sa.exc.TimeoutError, StoreError, SettingsError)
Reason = tuple[str, str]


class RefusedError(HTTPException):
    """A call that is refused: an HTTP status, a code for programs, a sentence for people."""

    def __init__(self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Make the refusal; `headers` are sent with it."""
        super().__init__(status, message, dict(headers or {}))
        self.code = code


def code_of(error: Exception) -> str:
    """Give an error's code for programs: its own, or the platform's word for a wrong value."""
    return str(getattr(error, "code", "") or "INVALID_VALUE")


def refuse(request: Request, status: int, reasons: list[Reason], headers: Mapping[str, str] | None = None) -> Response:
    """Word a refusal the way that its path's answers are worded, or as a page for a person's browser."""
    some = reasons[:REASONS_MAX]
    if "text/html" in request.headers.get("accept", ""):
        told = "".join(f'<p role="alert">{escape(text)}</p>' for _, text in some)
        head = HEAD.format(status=status, way=_way(request, status))
        return HTMLResponse(head + told, status, POLICY | dict(headers or {}))
    body: dict[str, Any] = {"success": False, "reasons": [{"code": code, "message": text} for code, text in some]}
    if OBJECTS in request.url.path:
        body = {"Success": False, "Errors": [{"Code": code, "Message": text} for code, text in some]}
    return JSONResponse(body, status, dict(headers or {}))


def _way(request: Request, status: int) -> str:
    """Give the way on: to the Usage page, or for who is not logged in, to the log-in of what this is mounted in."""
    root = escape(request.scope.get("root_path", ""))
    if status != HTTPStatus.UNAUTHORIZED:
        return BACK.format(root=root)
    return LOG_IN.format(outer=root.rpartition("/")[0]) if root else ""


def refuse_error(request: Request, error: RefusedError) -> Response:
    """Word a refusal that was raised."""
    return refuse(request, error.status_code, [(error.code, str(error.detail))], error.headers)


def note_unexpected(error: BaseException, track: str) -> None:
    """Log an unexpected error by its kind and its way through the code: what it says may hold a secret."""
    way = "".join(traceback.format_tb(error.__traceback__))
    log.error("track id %s: unexpected %s\n%s", track, type(error).__name__, way)


def _http(request: Request, error: Exception) -> Response:
    if isinstance(error, RefusedError):
        return refuse_error(request, error)
    assert isinstance(error, AnyHTTPException)  # noqa: S101 registered for it alone
    code = str(error.detail).lower().replace(" ", "_")
    return refuse(request, error.status_code, [(code, str(error.detail))], error.headers)


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 registered for it alone
    reasons = [("INVALID_VALUE", f"{'.'.join(map(str, each['loc']))}: {each['msg']}") for each in error.errors()]
    return refuse(request, 400, reasons)


def _refused_by_a_rule(request: Request, error: Exception) -> Response:
    return refuse(request, 400, [(code_of(error), str(error))])


def _store_trouble(request: Request, error: Exception) -> Response:
    note_unexpected(error, str(request.state.track))
    reason = ("store_unavailable", "the usage store does not answer now; try again")
    return refuse(request, 503, [reason], {"Retry-After": "5"})


def _store_version(request: Request, error: Exception) -> Response:
    return refuse(request, 503, [("store_version", str(error))])


def add_handlers(app: FastAPI) -> None:
    """Let every expected error become a refusal. Unexpected ones are caught by the gate."""
    handlers: dict[type[Exception], Callable[[Request, Exception], Response]] = {
        AnyHTTPException: _http,
        RequestValidationError: _malformed,
        MeterbridgeError: _refused_by_a_rule,
        StoreVersionError: _store_version,
        **dict.fromkeys(STORE_TROUBLE, _store_trouble),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
