"""Invoices in a browser."""

import pytest


@pytest.fixture
def posted(business):
    """March billed and posted: 6.5 kWh, 1.63 EUR."""
    business.bill()
    business.rate()
    business.post()
    return business


@pytest.mark.usefixtures("posted")
def test_the_usage_page_leads_to_an_invoice_that_every_viewer_may_read(viewer):
    page = viewer.get("/").text
    assert '<a href="invoices/INV-00000001">INV-00000001</a>' in page
    answer = viewer.get("/invoices/INV-00000001")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Invoice INV-00000001" in answer.text
    assert "1.63 EUR" in answer.text
    assert viewer.get("/invoices/1").text == answer.text


def test_without_a_posted_bill_run_the_page_says_so(viewer):
    assert "No bill run has been posted yet." in viewer.get("/").text


@pytest.mark.parametrize("number", ["2", "INV-00000002"])
def test_an_invoice_that_is_not_there_is_not_found(viewer, number):
    answer = viewer.get(f"/invoices/{number}")
    assert answer.status_code == 404
    assert answer.json()["reasons"][0]["code"] == "not_found"


@pytest.mark.parametrize("number", ["first", "INV-", "-1", "1" * 19, "1;2", "0", "INV-0"])
def test_what_is_no_number_is_refused(viewer, number):
    answer = viewer.get(f"/invoices/{number}")
    assert answer.status_code == 400
    assert "is no invoice number: write it as INV-00000012 or 12" in answer.json()["reasons"][0]["message"]


@pytest.mark.usefixtures("posted")
def test_whoever_asks_about_an_invoice_finds_it_by_its_number_and_goes_back_from_it(viewer):
    assert '<form action="invoices">' in viewer.get("/").text
    found = viewer.get("/invoices", params={"number": " 1 "}, follow_redirects=True)
    assert found.url.path == "/invoices/1"
    assert '<nav><a href="../#invoices">Usage</a></nav>' in found.text
    assert viewer.get("/invoices", params={"number": "../v1/x"}).headers["Location"] == "invoices/..%2Fv1%2Fx"
