"""The command `meterbridge invoice`."""

import json

import pytest
from click.testing import CliRunner

from pipeline.billing.invoices import UnknownInvoiceError
from pipeline.commands.invoices import FORMS, invoice


@pytest.fixture
def posted(named):
    """March billed and posted: 6.5 kWh, 1.63 EUR."""
    named.invoice()
    return named


def printed(*words):
    done = CliRunner().invoke(invoice, words, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("posted")
def test_an_invoice_is_printed_in_every_form_by_its_number_however_it_is_written():
    assert printed("1").splitlines()[0] == printed("INV-00000001").splitlines()[0] == "Invoice INV-00000001"
    assert printed("1").splitlines()[-1].split() == ["Total", "1.63", "EUR"]
    assert printed("1", "--form", "html").startswith("<!doctype html>")
    assert json.loads(printed("1", "--form", "json"))["amount"] == "1.63"
    assert set(FORMS) == {"text", "html", "json"}
    with pytest.raises(UnknownInvoiceError, match="no invoice INV-00000002"):
        printed("2")


def test_what_is_no_number_is_a_wrong_use_of_the_command():
    done = CliRunner().invoke(invoice, ["first"])
    assert done.exit_code == 2
    assert "'first' is no invoice number: write it as INV-00000012 or 12" in done.output
