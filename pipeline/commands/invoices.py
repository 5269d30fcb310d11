"""The command that shows an invoice."""

from collections.abc import Callable

import click

from pipeline.billing.invoices import read_invoice
from pipeline.steps import Workspace
from transforms.invoices.invoice import Invoice, as_json, parse_number
from transforms.invoices.invoice_html import as_html
from transforms.invoices.invoice_text import as_text

FORMS: dict[str, Callable[[Invoice], str]] = {"text": as_text, "html": as_html, "json": as_json}


class NumberType(click.ParamType[int]):
    """An invoice number on the command line, as INV-00000012 or 12."""

    name = "number"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read the number; a wrong one is a usage error."""
        try:
            return parse_number(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("number", type=NumberType())
@click.option("--form", type=click.Choice(list(FORMS)), default="text", show_default=True, help="What to print.")
def invoice(number: int, form: str) -> None:
    """Print the invoice or credit note of this NUMBER: as text, as a page to be saved, or as JSON."""
    workspace = Workspace.open(whole_catalog=False)
    found = read_invoice(workspace.store, workspace.catalog.units, number)
    click.echo(FORMS[form](found).removesuffix("\n"))


COMMANDS: tuple[click.Command, ...] = (invoice,)
