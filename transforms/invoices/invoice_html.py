"""An invoice as a page to be read, printed and kept: no script, nothing from elsewhere."""

from collections.abc import Iterator

from transforms.figures import shown
from transforms.invoices.invoice import Invoice, InvoiceItem, Step, steps, unit_price
from transforms.invoices.markup import escaped

STYLE = """
  @page { size: A4; margin: 18mm 16mm; }
  * { box-sizing: border-box; }
  body { margin: 0 auto; max-width: 52rem; padding: 2rem; color: #1b1f24; background: #fff;
    font: 14px/1.45 system-ui, "Segoe UI", "Liberation Sans", Arial, sans-serif; }
  header { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 1rem 3rem; margin-bottom: 2rem; }
  h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .5rem; }
  .account { margin: 0; font-size: 1.05rem; } .number-of { color: #57606a; }
  dl { display: grid; grid-template-columns: auto auto; gap: .15rem 1.2rem; margin: 0; align-content: start; }
  dt { color: #57606a; } dd { margin: 0; text-align: right; }
  table { border-collapse: collapse; width: 100%; }
  th { text-align: left; white-space: nowrap; font-size: .8rem; color: #57606a;
    border-bottom: 2px solid #1b1f24; padding: .4rem .5rem; }
  td { padding: .35rem .5rem; vertical-align: top; }
  th:first-child, td:first-child { padding-left: 0; } th:last-child, td:last-child { padding-right: 0; }
  tbody { break-inside: avoid; border-bottom: 1px solid #d0d7de; }
  .figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
  .charge { font-weight: 600; overflow-wrap: anywhere; }
  .of { display: block; font-weight: 400; font-size: .8rem; color: #57606a; }
  .step td { padding-top: 0; font-size: .85rem; color: #57606a; } .step td:first-child { padding-left: 1rem; }
  .service { white-space: nowrap; }
  .total { border-bottom: 0; font-size: 1.15rem; font-weight: 700; } .total td { padding-top: .8rem; }
  .note { color: #57606a; font-size: .8rem; margin-top: 2rem; overflow-wrap: anywhere; }
  @media print { body { max-width: none; padding: 0; font-size: 10pt; } }
"""
COLUMNS = ("Charge", "Service period", "Quantity", "Unit", "Unit price", "Amount")
STEP = ' class="step"'
FIGURES = {"Quantity", "Unit price", "Amount"}


def as_html(invoice: Invoice, above: str = "", behind: str = "") -> str:
    """Write an invoice as a whole HTML document; `above` is HTML over it, `behind` where an item's number leads."""
    rows = "\n".join(_item(invoice, item, behind) for item in invoice.items)
    names = "".join(f'<th scope="col"{_class(name in FIGURES)}>{name}</th>' for name in COLUMNS)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{escaped(invoice.title)}</title>
<style>{STYLE}</style>
</head>
<body>
{above}{_head(invoice)}
<table>
<thead><tr>{names}</tr></thead>
{rows}
<tbody class="total"><tr><td colspan="4">Total</td><td class="figure" colspan="2">\
{invoice.money(invoice.amount)} {escaped(invoice.currency)}</td></tr></tbody>
</table>
<p class="note">Bill run {invoice.bill_run} of {escaped(invoice.period)}, {escaped(invoice.bill_run_id)}. \
All amounts in {escaped(invoice.currency)}. Both days of a service period are included.</p>
</body>
</html>
"""


def _head(invoice: Invoice) -> str:
    facts = {
        "Issued": str(invoice.issued_on),
        "Billing period": invoice.period,
        "Currency": invoice.currency,
        "Items": str(len(invoice.items)),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escaped(fact)}</dd>" for name, fact in facts.items())
    return f"""<header><div><h1>{escaped(invoice.title)}</h1>
<p class="account">{escaped(invoice.account_name)}<br>
<span class="number-of">Account {escaped(invoice.account_number)}</span></p></div>
<dl>{listed}</dl></header>"""


def _item(invoice: Invoice, item: InvoiceItem, behind: str) -> str:
    own = _row("", _item_cells(invoice, item, behind))
    below = (_row(STEP, _step_cells(invoice, step)) for step in steps(item))
    return f"<tbody>{own}{''.join(below)}</tbody>"


def _item_cells(invoice: Invoice, item: InvoiceItem, behind: str) -> Iterator[str]:
    price, parts = unit_price(item), [item.charge_number, item.subscription_number, item.group_key]
    of = " · ".join(escaped(part) for part in parts if part)
    charge = f'<a href="{behind}{item.item_id}">{escaped(item.charge)}</a>' if behind else escaped(item.charge)
    yield f'<td class="charge">{charge}<span class="of">{of}</span></td>'
    yield f'<td class="service">{item.service_from} to<br>{item.service_through}</td>'
    yield _figure(shown(item.quantity))
    yield f"<td>{escaped(item.uom)}</td>"
    yield _figure("" if price is None else invoice.money(price))
    yield _figure(invoice.money(item.amount))


def _step_cells(invoice: Invoice, step: Step) -> Iterator[str]:
    yield f'<td colspan="2">{escaped(step.words)}</td>'
    yield _figure("" if step.units is None else shown(step.units))
    yield "<td></td>"
    yield _figure("" if step.price is None else invoice.money(step.price))
    yield _figure(invoice.money(step.amount))


def _row(kind: str, cells: Iterator[str]) -> str:
    return f"<tr{kind}>{''.join(cells)}</tr>"


def _figure(text: str) -> str:
    return f'<td class="figure">{text}</td>'


def _class(is_figure: bool) -> str:  # noqa: FBT001 a name of one argument
    return ' class="figure"' if is_figure else ""
