"""What every endpoint works with, and what it asks of a caller."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, Security
from fastapi.security import OAuth2
from starlette.requests import Request

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.kept import KeptCatalog
from pipeline.settings import Settings
from pipeline.store.engine import connect
from pipeline.store.version import require_current
from web.callers import Caller, Role
from web.clients import Clients
from web.gate import NOT_LOGGED_IN
from web.refusals import RefusedError

# For the OpenAPI document; who calls was found out at the gate.
_document = OAuth2(
    flows={"clientCredentials": {"tokenUrl": "oauth/token", "scopes": {}}},
    scheme_name="client credentials",
    auto_error=False,
)


@dataclass(frozen=True)
class Services:
    """The store, the home, how to read the catalog, and the clients, where there are any."""

    store: sa.Engine
    home: Path
    read_catalog: Callable[[], Catalog]
    clients: Clients | None = None

    @classmethod
    def open(cls, clients: Clients | None) -> "Services":
        """Open what the environment names. What is wrong in the catalog is left out of it."""
        settings = Settings.read()
        store = connect(settings.store_url)
        return cls(store, settings.home, KeptCatalog(settings.catalog, store), clients)


def _services(request: Request) -> Services:
    """Give what the application was opened with; StoreVersionError until the store has once been of our version."""
    services: Services = request.app.state.services
    if not request.app.state.store_is_current:
        with services.store.begin() as connection:
            require_current(connection)
        request.app.state.store_is_current = True
    return services


def requires(role: Role) -> Callable[[Request], Caller]:
    """Make the dependency of a route that only callers of this role, or a higher one, may use."""

    def allowed(request: Request, _token: Annotated[str | None, Security(_document)] = None) -> Caller:
        caller: Caller | None = getattr(request.state, "caller", None)
        if caller is None:
            raise RefusedError(*NOT_LOGGED_IN)
        if caller.role < role:
            raise RefusedError(403, "not_allowed", f"this needs the role {role.name.lower()}")
        return caller

    return allowed


ServicesDep = Annotated[Services, Depends(_services)]
Viewer = Annotated[Caller, Depends(requires(Role.VIEWER))]
Editor = Annotated[Caller, Depends(requires(Role.EDITOR))]
Admin = Annotated[Caller, Depends(requires(Role.ADMIN))]
