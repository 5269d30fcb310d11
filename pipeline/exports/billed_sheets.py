"""The workbook of a billed period: which tables it has, and what stands in their columns."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from decimal import Decimal

import sqlalchemy as sa

from pipeline.billing.invoices import invoices_of
from pipeline.exports.workbook import Money, Table
from pipeline.store import exporting, invoices
from transforms.catalog.units import Units
from transforms.figures import decimals_of
from transforms.invoices.invoice import Invoice, number_text
from transforms.period import Period

BATCH_ROWS = 10_000
CURRENCIES = {"Currency": 30, "Invoices": 10, "Credit notes": 13, "Items": 10, "Amount": 20}
CHARGES = {"Charge": 30, "Currency": 10, "": 13, "Items": 10, "Amount": 20}
INVOICES = {
    "Invoice": 14, "Kind": 12, "Account": 16, "Name": 32, "Period": 12, "Bill run": 9, "Issued on": 12, "Items": 9,
    "Currency": 10, "Amount": 18,
}  # fmt: skip
ITEMS = {
    "Invoice": 14, "Account": 16, "Name": 32, "Subscription": 16, "Charge number": 16, "Charge": 28, "Group": 16,
    "Service from": 13, "Service through": 15, "Quantity": 16, "Unit": 18, "Period so far": 16, "Billed before": 16,
    "Currency": 10, "Amount": 18,
}  # fmt: skip
USAGE = {
    "Account": 16, "Name": 32, "Subscription": 16, "Charge number": 16, "Charge": 28, "Start": 26, "End": 26,
    "Status": 11, "Invoice": 14, "Description": 32, "Unit": 18, "Quantity": 18,
}  # fmt: skip
USAGE_FIELDS = (
    "account_number", "account_name", "subscription_number", "charge_number", "charge", "start_at", "end_at", "status",
    "invoice_number", "description", "uom", "quantity",
)  # fmt: skip


def summaries(connection: sa.Connection, units: Units, period: Period) -> list[Table]:
    """Give what a period's invoices come to: by currency, and by charge."""

    def row(found: sa.RowMapping, *names: str) -> list[object]:
        return [*(found[name] for name in names), _money(units, found["currency"], found["amount"])]

    found = invoices.by_currency(connection, period)
    totals = [row(each, "currency", "invoices", "credit_notes", "items") for each in found]
    charges = invoices.by_charge(connection, period)
    lines = [[each["charge"], each["currency"], "", *row(each, "items")] for each in charges]
    return [Table("By currency", CURRENCIES, len(totals), totals), Table("By charge", CHARGES, len(lines), lines)]


def tables(connection: sa.Connection, units: Units, period: Period) -> list[Table]:
    """Give a period's invoices, their items, and its usage; the rows are read when they are written."""
    totals = invoices.by_currency(connection, period)
    amounts = [(each["currency"], _money(units, each["currency"], each["amount"])) for each in totals]
    used = exporting.by_unit(connection, period)
    return [
        Table("Invoices", INVOICES, sum(each["invoices"] + each["credit_notes"] for each in totals),
            _invoice_rows(invoices_of(connection, units, period)), amounts),
        Table("Items", ITEMS, sum(each["items"] for each in totals),
            _item_rows(invoices_of(connection, units, period)), amounts),
        Table("Usage", USAGE, sum(each["records"] for each in used),
            _usage_rows(connection, period), [(each["uom"], each["quantity"]) for each in used]),
    ]  # fmt: skip


def _money(units: Units, currency: str, amount: Decimal) -> Money:
    return Money(amount, max(units.decimals(currency), decimals_of(amount)))


def _invoice_rows(found: Iterable[Invoice]) -> Iterator[Sequence[object]]:
    for each in found:
        yield (
            number_text(each.number), each.kind.value, each.account_number, each.account_name, each.period,
            each.bill_run, each.issued_on, len(each.items), each.currency, Money(each.amount, each.decimals),
        )  # fmt: skip


def _item_rows(found: Iterable[Invoice]) -> Iterator[Sequence[object]]:
    for invoice in found:
        for item in invoice.items:
            total, before, due = (
                Money(amount, invoice.decimals) for amount in (item.amount_total, item.billed_before, item.amount)
            )
            yield (
                number_text(invoice.number), invoice.account_number, invoice.account_name, item.subscription_number,
                item.charge_number, item.charge, item.group_key, item.service_from, item.service_through,
                item.quantity, item.uom, total, before, invoice.currency, due,
            )  # fmt: skip


def _usage_rows(connection: sa.Connection, period: Period) -> Iterator[Sequence[object]]:
    statement = exporting.usage_rows(period).execution_options(yield_per=BATCH_ROWS)
    with closing(connection.execute(statement)) as result:
        for row in result.mappings():
            yield tuple(row[name] for name in USAGE_FIELDS)
