"""Invoices, as pages for whoever may look at usage."""

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse

from pipeline.billing.invoices import UnknownInvoiceError, read_invoice
from transforms.invoices.invoice import parse_number
from transforms.invoices.invoice_html import as_html
from web.pages import HEADERS
from web.refusals import RefusedError
from web.services import ServicesDep, Viewer

router = APIRouter(include_in_schema=False)
Number = Annotated[str, Path(pattern="^(INV-)?[0-9]{1,18}$")]


@router.get("/invoices/{number}", response_class=HTMLResponse)
def read_invoice_page(services: ServicesDep, _caller: Viewer, number: Number) -> HTMLResponse:
    """Show an invoice or credit note, by INV-00000012 or 12."""
    try:
        found = read_invoice(services.store, services.read_catalog().units, parse_number(number))
    except (ValueError, UnknownInvoiceError) as error:
        raise RefusedError(404, "not_found", str(error)) from error
    return HTMLResponse(as_html(found), headers=HEADERS)
