"""Invoices, as pages for whoever may look at usage."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse, RedirectResponse

from pipeline.billing.invoices import UnknownInvoiceError, read_invoice
from transforms.invoices.invoice import parse_number
from transforms.invoices.invoice_html import as_html
from web.pages import HEADERS
from web.refusals import RefusedError
from web.services import ServicesDep, Viewer

router = APIRouter(include_in_schema=False)
PRINTED = "<style>@media print { nav { display: none; } .charge a { color: inherit; text-decoration: none; } }</style>"
BACK = f'{PRINTED}<nav><a href="../#invoices">Usage</a></nav>'
BEHIND = "../lineage?item="


@router.get("/invoices/{number}", response_class=HTMLResponse)
def read_invoice_page(services: ServicesDep, _caller: Viewer, number: Annotated[str, Path()]) -> HTMLResponse:
    """Show an invoice or credit note, by INV-00000012 or 12."""
    try:
        wanted = parse_number(number)
    except ValueError as error:
        raise RefusedError(400, "INVALID_VALUE", str(error)) from error
    try:
        found = read_invoice(services.store, services.read_catalog().units, wanted)
    except UnknownInvoiceError as error:
        raise RefusedError(404, "not_found", str(error)) from error
    return HTMLResponse(as_html(found, BACK, BEHIND), headers=HEADERS)


@router.get("/invoices", response_class=RedirectResponse)
def find_invoice(_caller: Viewer, number: Annotated[str, Query(max_length=40)]) -> RedirectResponse:
    """Lead from the Usage page's field to an invoice."""
    return RedirectResponse(f"invoices/{quote(number.strip(), safe='')}", 303)
