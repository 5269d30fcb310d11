"""The Usage page: what was loaded and what became of it, and a form to load more. No script, nothing from elsewhere."""

import re
import shlex
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, BackgroundTasks, File, Form, Query, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.catalog.documents import CatalogError
from pipeline.store import bill_runs, imports, invoices
from pipeline.store.by_period import usage_by_period
from pipeline.store.engine import one_moment
from pipeline.uploads.refused import UploadRefusedError
from transforms.catalog.units import Units
from transforms.figures import shown
from transforms.invoices.invoice import number_text
from transforms.period import Period
from transforms.upload.dates import WRITTEN, Locale
from web.callers import Caller, Role
from web.models.shape import ID
from web.refusals import RefusedError
from web.routes.uploads import take
from web.services import Editor, Services, ServicesDep, Viewer

SHOWN = 100
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'self'; base-uri 'none'"
HEADERS = {"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"}
UNFINISHED = {"Pending", "Processing"}
router = APIRouter(include_in_schema=False)
TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)
TEMPLATES.filters |= {"shown": shown, "number_text": number_text, "count": "{:,}".format}
TEMPLATES.globals["command"] = lambda *words: shlex.join(["meterbridge", *words])  # whatever a file is called
Sent = Annotated[str, Query(alias="import", max_length=100)]
Again = Annotated[bool, Query()]
Before = Annotated[str, Query(max_length=100)]


@router.get("/", response_class=HTMLResponse)
def read_page(
    services: ServicesDep, caller: Viewer, sent: Sent = "", before: Before = "", *, again: Again = False
) -> HTMLResponse:
    """Show the page: `import` is the upload whose result stands first, `again` if it was there; `before` a period."""
    return _page(services, caller, sent=sent, again=again, before=read_period("before", before))


@router.post("/", response_class=HTMLResponse, response_model=None)
def upload_by_form(
    services: ServicesDep,
    caller: Editor,
    after: BackgroundTasks,
    file: Annotated[UploadFile, File()],
    locale: Annotated[str, Form(max_length=10)] = Locale.US,
    repeat_reason: Annotated[str, Form(max_length=1000, pattern="^[^\x00]*$")] = "",
) -> HTMLResponse | RedirectResponse:
    """Take a usage file, and show the page with what became of it."""
    try:
        submitted = take(services, caller, after, file, locale, repeat_reason)
    except UploadRefusedError as error:
        return _page(services, caller, refusal=str(error))
    # Relative: the page does not know below which address it is mounted.
    again = "&again=true" if submitted.outcome == "exists" else ""
    return RedirectResponse(f"?import={submitted.import_id}{again}", 303)


def _page(
    services: Services, caller: Caller, *, sent: str = "", again: bool = False, before: str = "", refusal: str = ""
) -> HTMLResponse:
    with one_moment(services.store) as connection:
        listed = imports.listed(connection, limit=SHOWN)
        found: sa.RowMapping | None = imports.find(connection, sent) if re.fullmatch(ID, sent) else None
        usage = usage_by_period(connection, SHOWN, before)
        runs = bill_runs.listed(connection, limit=SHOWN)
        issued = invoices.latest(connection, SHOWN)
    content = TEMPLATES.get_template("usage.html").render(
        imports=listed,
        usage=usage,
        before=before,
        runs=runs,
        invoices=issued,
        units=units_of(services),
        sent=found,
        again=again,
        unknown=sent if found is None else "",
        refusal=refusal,
        waiting=found is not None and found["status"] in UNFINISHED,
        may_load=caller.role >= Role.EDITOR,
        locales=WRITTEN,
        shown=SHOWN,
    )
    return HTMLResponse(content, 400 if refusal else 200, HEADERS)


def read_period(name: str, text: str) -> str:
    """Read a billing period that an address names, if it does; RefusedError says what to write."""
    try:
        return text and str(Period.parse(text.strip()))
    except ValueError as error:
        raise RefusedError(400, "INVALID_VALUE", f"{name} in the address: {error}") from error


def units_of(services: Services) -> Units:
    """Read the currencies; none where the catalog is wrong: the page is there all the same."""
    try:
        return services.read_catalog().units
    except CatalogError:
        return Units(units={}, currencies={})
