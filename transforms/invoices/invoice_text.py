"""An invoice as plain text, for a terminal."""

from collections.abc import Iterator

from transforms.figures import shown
from transforms.invoices.invoice import Invoice, InvoiceItem, Step, steps, unit_price
from transforms.invoices.markup import one_line

WORDS, FIGURE = 56, 20  # columns


def as_text(invoice: Invoice) -> str:
    """Write an invoice as lines of text."""
    items = [line for item in invoice.items for line in ("", *_item(invoice, item))]
    total = _line("Total", f"{invoice.money(invoice.amount)} {invoice.currency}")
    return "\n".join([*_head(invoice), *items, "", total])


def _head(invoice: Invoice) -> Iterator[str]:
    yield invoice.title
    yield f"  account         {one_line(invoice.account_number)}, {one_line(invoice.account_name)}"
    yield f"  billing period  {invoice.period}"
    yield f"  issued          {invoice.issued_on}"
    yield f"  bill run        {invoice.bill_run} of the period, {invoice.bill_run_id}"


def _item(invoice: Invoice, item: InvoiceItem) -> Iterator[str]:
    price = unit_price(item)
    at = "" if price is None else f" at {invoice.money(price)}"
    group = f", {one_line(item.group_key)}" if item.group_key else ""
    of = f"{one_line(item.charge_number)}, {one_line(item.subscription_number)}{group}"
    yield f"{one_line(item.charge)} ({of}), item {item.item_id}"
    quantity = f"  {item.service_from} to {item.service_through}: {shown(item.quantity)} {one_line(item.uom)}{at}"
    yield _line(quantity, f"{invoice.money(item.amount)} {invoice.currency}")
    yield from (_step(invoice, step) for step in steps(item))


def _step(invoice: Invoice, step: Step) -> str:
    units = "" if step.units is None else f": {shown(step.units)}"
    at = "" if step.price is None else f" at {invoice.money(step.price)}"
    return _line(f"    {step.words}{units}{at}", invoice.money(step.amount))


def _line(words: str, figure: str) -> str:
    return f"{words:<{WORDS}} {figure:>{FIGURE}}"
