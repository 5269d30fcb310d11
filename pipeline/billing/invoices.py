"""Invoices of posted bill runs: one read from the store, or all of a period written as documents."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from pipeline.store import invoices as stored
from pipeline.zips import entry
from transforms.catalog.units import Units
from transforms.errors import MeterbridgeError
from transforms.invoices.invoice import Invoice, InvoiceItem, as_json, number_text
from transforms.invoices.invoice_html import as_html
from transforms.period import Period

BATCH_ROWS = 1_000
COPIED = (
    "item_id", "charge", "charge_number", "subscription_number", "group_key", "quantity", "uom", "amount_total",
    "billed_before", "amount",
)  # fmt: skip


class UnknownInvoiceError(MeterbridgeError):
    """There is no invoice of this number."""


class InvoiceMismatchError(MeterbridgeError):
    """An invoice whose items do not come to its amount, or are not as many as it says: it is not shown."""


def read_invoice(store: sa.Engine, units: Units, number: int) -> Invoice:
    """Read an invoice; UnknownInvoiceError when there is none of this number."""
    with store.begin() as connection:
        found = list(_invoices(connection, units, stored.of_number(number)))
    if not found:
        raise UnknownInvoiceError(f"there is no invoice {number_text(number)}; the exports of each period list theirs")
    return found[0]


def invoices_of(connection: sa.Connection, units: Units, period: Period) -> Iterator[Invoice]:
    """Read a period's invoices in the order of their numbers; in memory is one of them, and a batch of rows."""
    return _invoices(connection, units, stored.of_period(period))


def write_documents(invoices: Iterable[Invoice], pages: Path, lines: Path) -> None:
    """Write invoices as a zip of HTML pages, `<number>.html`, and as lines of canonical JSON."""
    with ZipFile(pages, "w") as archive, lines.open("w", encoding="utf-8", newline="") as file:
        for invoice in invoices:
            archive.writestr(entry(f"{number_text(invoice.number)}.html"), as_html(invoice))
            file.write(as_json(invoice))


def count_pages(pages: Path) -> int:
    """Count the pages of a written zip, whose check sums must be right."""
    with ZipFile(pages) as archive:
        if broken := archive.testzip():
            raise InvoiceMismatchError(f"{broken} was not written as it should be: export again")
        return len(archive.namelist())


def amounts_of(lines: Path) -> Iterator[Decimal]:
    """Read the amounts of written lines of JSON."""
    with lines.open(encoding="utf-8") as file:
        yield from (Decimal(json.loads(line)["amount"]) for line in file)


def _invoices(connection: sa.Connection, units: Units, selected: sa.Select[Any]) -> Iterator[Invoice]:
    statement = selected.execution_options(yield_per=BATCH_ROWS)
    with closing(connection.execute(statement)) as result:
        for _, rows in groupby(result.mappings(), key=lambda row: row["number"]):
            yield _invoice(list(rows), units)


def _invoice(rows: list[sa.RowMapping], units: Units) -> Invoice:
    first = rows[0]
    found = Invoice(
        **{name: first[name] for name in ("number", "account_number", "account_name", "currency", "period")},
        decimals=units.decimals(first["currency"]),
        issued_on=_day(first["issued_at"], first["time_zone"]),
        bill_run_id=first["bill_run_id"],
        bill_run=first["ordinal"],
        items=tuple(map(_item, rows)),
    )
    if (found.amount, len(rows)) != (first["invoiced"], first["invoiced_items"]):
        raise InvoiceMismatchError(
            f"{number_text(found.number)} says {first['invoiced_items']} items and {first['invoiced']:f} "
            f"{found.currency}; the store has {len(rows)} items, which come to {found.amount:f}: "
            "restore the store from a backup"
        )
    return found


def _item(row: sa.RowMapping) -> InvoiceItem:
    return InvoiceItem(
        **{name: row[name] for name in COPIED},
        service_from=_day(row["period_start"], row["time_zone"]),
        service_through=_day(row["period_end"] - timedelta(microseconds=1), row["time_zone"]),
        breakdown=tuple(row["breakdown"]),
    )


def _day(instant: datetime, time_zone: str) -> date:
    return instant.astimezone(ZoneInfo(time_zone)).date()
