"""The usage API inside Airflow's web server, below /usage. It is imported with the first call, and nowhere else."""

import asyncio
import logging
from functools import cache

from airflow.plugins_manager import AirflowPlugin
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger(__name__)
UNAVAILABLE = JSONResponse({"success": False, "reasons": [{"code": "unavailable", "message": "see the log"}]}, 503)
VIEWS = [
    {"name": name, "href": href, "destination": "nav", "url_route": name.lower(), "nav_top_level": True}
    for name, href in (("Usage", "/usage/"), ("Ledger", "/usage/ledger"))
]


@cache
def application() -> ASGIApp:
    """Build the API with Airflow's log-in; takes seconds the first time, for all that it imports."""
    from web.airflow_login import log_in  # noqa: PLC0415 heavy, and of no use to the scheduler
    from web.app import open_app  # noqa: PLC0415 as above
    from web.settings import ApiSettings  # noqa: PLC0415 as above

    return open_app(ApiSettings.read(), log_in)


class UsageApi:
    """An ASGI application that is built in a thread when it is first asked: the web server answers others meanwhile."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a call on."""
        try:
            app = await asyncio.to_thread(application)
        except Exception:
            log.exception("the usage API cannot be built; the next call tries again")
            await UNAVAILABLE(scope, receive, send)
        else:
            await app(scope, receive, send)


class UsageApiPlugin(AirflowPlugin):
    """Registers the application, and its pages in the navigation."""

    name = "meterbridge_api"
    fastapi_apps = [{"app": UsageApi(), "url_prefix": "/usage", "name": "Meterbridge usage API"}]  # noqa: RUF012 the base class declares a list
    external_views = VIEWS
