"""The usage API as one application: mounted inside Airflow's web server, or served alone."""

from collections.abc import Sequence

from fastapi import FastAPI

from web import ledger, lineage, pages
from web.callers import LogIn
from web.documented import leave_out_unused
from web.gate import Gate, Window
from web.refusals import add_handlers
from web.routes import actions, imports, invoices, token, units, uploads, usage
from web.services import Services, Viewer
from web.settings import CALLS_PER_MINUTE, ApiSettings

DESCRIPTION = """Usage records, files and units of measure, with the billing platform's paths and field names.

A POST or PUT that bears an `Idempotency-Key` is carried out once, however often it is sent.
"""


def create_app(
    services: Services, *, calls_per_minute: int = CALLS_PER_MINUTE, log_ins: Sequence[LogIn] = ()
) -> FastAPI:
    """Build the application; callers log in by a client's token, where there are any, or by `log_ins`."""
    app = FastAPI(
        title="Meterbridge usage API",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,  # it is for who is logged in: see below
        docs_url=None,
        redoc_url=None,
    )
    app.state.services, app.state.store_is_current = services, False
    own = [services.clients.log_in] if services.clients else []
    app.add_middleware(Gate, log_ins=[*own, *log_ins], window=Window(calls_per_minute))
    add_handlers(app)
    for part in (token, uploads, imports, usage, actions, units, invoices, pages, ledger, lineage):
        app.include_router(part.router)
    _add_document(app)
    return app


def open_app(settings: ApiSettings, *log_ins: LogIn) -> FastAPI:
    """Build the application over what the environment names."""
    services = Services.open(settings.clients)
    return create_app(services, calls_per_minute=settings.calls_per_minute, log_ins=log_ins)


def _add_document(app: FastAPI) -> None:
    leave_out_unused(app)

    @app.get("/openapi.json", include_in_schema=False)
    def read_document(_caller: Viewer) -> dict[str, object]:
        return app.openapi()
