"""The real application on a real store: a client of each role, and one that is not logged in."""

import asyncio
from datetime import UTC, datetime
from functools import cache, partial

import httpx
import pytest

from pipeline.catalog.kept import KeptCatalog
from web.app import create_app
from web.callers import Role
from web.client_secrets import hash_secret
from web.clients import Client, Clients
from web.services import Services

SECRET = "a-secret-that-nobody-may-see"  # noqa: S105 of clients that live as long as a test
KEY = "a-key-that-signs-and-is-never-shown"
KEPT = hash_secret(SECRET)


class InProcess(httpx.BaseTransport):
    """Sends requests to an application in this process; an answer comes when all is done, what follows it too."""

    def __init__(self, app):
        self.transport = httpx.ASGITransport(app, client=("192.0.2.1", 4711))

    def handle_request(self, request):
        request.read()
        return asyncio.run(self._handle(request))

    async def _handle(self, request):
        answer = await self.transport.handle_async_request(request)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


def open_client(app, **options):
    return httpx.Client(transport=InProcess(app), base_url="http://testserver", **options)


@pytest.fixture
def opened():
    """A function that gives a client of an application."""
    return open_client


@pytest.fixture
def clients():
    """A viewer, an editor and an admin, all with one secret."""
    return known_clients()


def known_clients():
    return Clients({role.name.lower(): Client(KEPT, role) for role in Role}, KEY)


@cache
def token(role):
    """A token of a role; comparing secrets is slow on purpose, so each role logs in once for all tests."""
    return known_clients().token(role, SECRET, datetime.now(UTC)).text


@pytest.fixture
def services(business, clients):
    catalog = KeptCatalog(business.catalog_folder, business.store)
    return Services(business.store, business.home, catalog, clients)


@pytest.fixture
def app(services):
    return create_app(services, calls_per_minute=1_000_000)


@pytest.fixture
def stranger(app):
    """Somebody who is not logged in."""
    return open_client(app)


def log_in(app, role):
    return open_client(app, headers={"Authorization": f"Bearer {token(role)}"})


@pytest.fixture
def enter(app):
    """A function that logs in as the client of a role."""
    return partial(log_in, app)


@pytest.fixture
def viewer(app):
    return log_in(app, "viewer")


@pytest.fixture
def editor(app):
    return log_in(app, "editor")


@pytest.fixture
def admin(app):
    return log_in(app, "admin")
