"""Invoices of posted bill runs, from the store to documents."""

import json
from datetime import date
from decimal import Decimal
from zipfile import ZipFile

import pytest
import sqlalchemy as sa
from small_business import UNITS

from pipeline.billing import invoices
from pipeline.billing.invoices import InvoiceMismatchError, UnknownInvoiceError, amounts_of, count_pages, read_invoice
from pipeline.store.invoices import number_text as stored_text
from transforms.invoices.invoice import Kind, number_text
from transforms.period import Period

FEE = "charge: fee\nuom: each\ncurrency: JPY\npricing: {model: flat_fee, price: 1500}\n"
WITH_YEN = UNITS.replace("units:", "units:\n  each: {}") + "  JPY: {decimals: 0}\n"
TIERS = (
    "charge: energy\nuom: kwh\ncurrency: EUR\n"
    'pricing: {model: tiered, tiers: [{up_to: 5, price: 0.20}, {price: "0.40", flat: 1}]}\n'
)


@pytest.fixture
def units(business):
    """The units of the catalog, with JPY among its currencies."""
    business.declare("units.yaml", WITH_YEN)
    return business.catalog.units


def test_an_invoice_says_whose_usage_of_which_days_is_billed_at_which_price(business, units):
    business.invoice()
    found = read_invoice(business.store, units, 1)
    assert (found.account_number, found.account_name, found.period, found.bill_run) == ("A-1", "Mill", "2025-03", 1)
    assert (found.kind, found.currency, found.decimals, found.amount) == (Kind.INVOICE, "EUR", 2, Decimal("1.63"))
    (item,) = found.items
    assert (item.charge, item.quantity, item.uom) == ("energy", Decimal("6.5"), "kwh")
    assert (item.service_from, item.service_through) == (date(2025, 3, 1), date(2025, 3, 31))
    assert [(line["units"], line["price"]) for line in item.breakdown] == [("6.500", "0.25")]


def test_each_account_has_an_invoice_in_its_own_currency(business, units):
    business.declare("charges/fee.yaml", FEE)
    business.customer("A-2", of="fee", currency="JPY")
    business.invoice()
    assert business.rows("invoices", "number", "currency", "amount") == [(1, "EUR", Decimal("1.63")), (2, "JPY", 1500)]
    fee = read_invoice(business.store, units, 2)
    assert (fee.decimals, fee.money(fee.amount)) == (0, "1,500")


def test_days_are_those_of_the_accounts_own_clock(business, units):
    business.customer("A-2", time_zone="Pacific/Auckland")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-05T00:00:00Z,4\n")
    business.invoice()
    (item,) = read_invoice(business.store, units, 2).items
    assert (item.service_from, item.service_through) == (date(2025, 3, 1), date(2025, 3, 31))
    issued = read_invoice(business.store, units, 2).issued_on
    with business.store.begin() as connection:
        local = sa.text("SELECT (issued_at AT TIME ZONE 'Pacific/Auckland')::date FROM invoices WHERE number = 2")
        assert issued == connection.scalar(local)


def test_late_usage_gives_an_invoice_of_the_difference(business, units):
    business.invoice()
    business.deliver("power/A-1/late.csv", "at,value\n2025-03-05T00:00:00Z,10\n")
    business.extract()
    business.run()
    business.rate()
    business.post()
    (item,) = read_invoice(business.store, units, 2).items
    # 16.5 kWh at 0.25 are 4.125, rounded 4.13
    assert (item.amount_total, item.billed_before, item.amount) == (Decimal("4.13"), Decimal("1.63"), Decimal("2.50"))


def test_tiers_are_on_the_invoice_with_what_each_of_them_came_to(business, units):
    business.declare("charges/energy.yaml", TIERS)
    business.invoice()
    (item,) = read_invoice(business.store, units, 1).items
    # 5 at 0.20, 1.5 at 0.40, and 1 once for entering the second tier
    assert [line["format"] for line in item.breakdown] == ["per_unit", "per_unit", "flat"]
    assert item.amount == Decimal("2.60")


def test_an_invoice_that_is_not_there_is_said_to_be_missing(business, units):
    with pytest.raises(UnknownInvoiceError, match="no invoice INV-00000007"):
        read_invoice(business.store, units, 7)


def test_a_bill_run_that_is_not_posted_has_no_invoice(business, units):
    business.bill()
    business.rate()
    with pytest.raises(UnknownInvoiceError):
        read_invoice(business.store, units, 1)


def test_an_invoice_whose_items_are_not_all_there_is_not_shown(business, units):
    business.invoice()
    with business.store.begin() as connection:
        connection.execute(sa.text("ALTER TABLE invoices DISABLE TRIGGER final"))
        connection.execute(sa.text("UPDATE invoices SET amount = amount + 0.01"))
    with pytest.raises(InvoiceMismatchError, match=r"INV-00000001 says 1 items and 1\.64.* EUR; .* come to 1\.63"):
        read_invoice(business.store, units, 1)


@pytest.mark.parametrize("number", [1, 12_345_678, 123_456_789])
def test_the_store_writes_a_number_as_everybody_does(business, number):
    with business.store.begin() as connection:
        assert connection.scalar(sa.select(stored_text(sa.literal(number)))) == number_text(number)


def test_the_invoices_of_a_period_come_in_the_order_of_their_numbers(business, units):
    for number in (2, 3, 4):
        business.customer(f"A-{number}")
        business.deliver(f"power/A-{number}/march.csv", f"at,value\n2025-03-05T00:00:00Z,{number}\n")
    business.invoice()
    with business.store.begin() as connection:
        found = list(invoices.invoices_of(connection, units, Period.parse("2025-03")))
    assert [(each.number, each.account_number) for each in found] == [(1, "A-1"), (2, "A-2"), (3, "A-3"), (4, "A-4")]


def test_the_documents_of_a_period_are_a_zip_of_pages_and_lines_of_json(business):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", "at,value\n2025-03-05T00:00:00Z,4\n")
    business.invoice()
    pages, lines = (
        business.home / "exports" / file.path for file in business.export() if file.what == "invoice_documents"
    )
    with ZipFile(pages) as archive:
        assert archive.namelist() == ["INV-00000001.html", "INV-00000002.html"]
        assert "Invoice INV-00000002" in archive.read("INV-00000002.html").decode()
        assert {each.date_time for each in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    found = [json.loads(line) for line in lines.read_text().splitlines()]
    assert [(each["number"], each["amount"]) for each in found] == [("INV-00000001", "1.63"), ("INV-00000002", "1.00")]
    assert list(amounts_of(lines)) == [Decimal("1.63"), Decimal("1.00")]


def test_a_zip_whose_bytes_were_changed_is_seen(tmp_path):
    with ZipFile(tmp_path / "pages.zip", "w") as archive:
        archive.writestr("INV-00000001.html", "the page")
    assert count_pages(tmp_path / "pages.zip") == 1
    damaged = (tmp_path / "pages.zip").read_bytes().replace(b"the page", b"the pige")
    (tmp_path / "pages.zip").write_bytes(damaged)
    with pytest.raises(InvoiceMismatchError, match="INV-00000001"):
        count_pages(tmp_path / "pages.zip")
