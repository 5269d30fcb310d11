"""The way of a billing person through the pages: from an invoice to a raw file and back, and what to do on the way."""

import re

import pytest
import sqlalchemy as sa

from pipeline.store.tables import arrivals

APRIL = "at,value\n2025-04-02T00:00:00Z,4\n"


def links(page):
    return dict(re.findall(r'<a [^>]*href="([^"]*)"[^>]*>([^<]*)</a>', page.text))


def test_each_page_leads_to_the_two_others_and_names_itself(viewer):
    for address, own in (("/", "Usage"), ("/ledger", "Ledger"), ("/lineage", "Lineage")):
        page = viewer.get(address)
        nav = page.text.split("<nav>")[1].split("</nav>")[0]
        assert f'<strong aria-current="page">{own}</strong>' in nav
        others = {"./": "Usage", "ledger": "Ledger", "lineage": "Lineage"}
        assert dict(re.findall(r'<a href="(.*?)">(.*?)</a>', nav)) == {k: v for k, v in others.items() if v != own}


def test_an_invoice_leads_to_what_each_of_its_items_is_made_of(viewer, business, march):
    business.invoice(march)
    (item,) = business.rows("rated_items", "item_id")
    assert links(viewer.get("/invoices/1"))[f"../lineage?item={item}"] == "energy"
    page = viewer.get(f"/lineage?item={item}")
    assert links(page)["ledger?period=2025-03"] == "2025-03"


@pytest.mark.parametrize("pasted", [" {} ", "{}\n", "\t{}"])
def test_an_item_number_or_file_is_found_as_it_was_pasted(viewer, business, march, pasted):
    business.invoice(march)
    (item,) = business.rows("rated_items", "item_id")
    (sha256,) = business.rows("arrivals", "sha256")
    for name, value in (("item", item), ("file", "power/A-1/march.csv"), ("file", sha256), ("file", sha256.upper())):
        page = viewer.get("/lineage", params={name: pasted.format(value)})
        assert page.status_code == 200
        assert 'role="alert"' not in page.text


def test_a_file_whose_own_name_ends_in_a_space_is_found(viewer, business, march):
    business.deliver("power/A-1/march .csv", march)
    business.extract()
    assert 'role="alert"' not in viewer.get("/lineage", params={"file": "power/A-1/march .csv"}).text


def test_a_quarantined_file_says_what_mends_it_until_it_is_dismissed(viewer, business):
    business.deliver("power/A-1/empty.csv", "")
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-01T00:00:00Z,1\n2025-03-02T00:00:00Z,many\n")
    business.extract()
    dismiss = "meterbridge dismiss power power/A-1/empty.csv"
    assert dismiss in viewer.get("/lineage?file=power/A-1/empty.csv").text
    of_rows = viewer.get("/lineage?file=power/A-1/march.csv").text
    assert "<code>meterbridge replay power</code>" in of_rows
    assert "dismiss" not in of_rows
    dismissed = {"dismissed_by": "ann", "dismissed_at": sa.func.now(), "dismissed_reason": "sent anew"}
    with business.store.begin() as connection:
        connection.execute(sa.update(arrivals).where(arrivals.c.bytes == 0).values(dismissed))
    page = viewer.get("/lineage?file=power/A-1/empty.csv").text
    assert "Dismissed by ann: sent anew." in page
    assert dismiss not in page


def test_places_where_rows_are_say_what_they_mean_and_others_are_not_named(viewer, business, march):
    business.bill(march)
    assert "<li>" not in viewer.get("/ledger").text
    business.deliver("power/A-7/march.csv", march)
    business.extract()
    business.run()
    page = viewer.get("/ledger").text
    assert re.findall(r"<li>(\w+):", page) == ["quarantined"]
    assert "register the account and the charge" in page


def test_an_unexplained_row_says_which_command_counts_anew(viewer, business, march):
    business.bill(march)
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE ledgers SET landed = landed + 7")
    page = viewer.get("/ledger").text
    assert "meterbridge run energy 2025-03 counts them anew" in page
    assert "Neither bill nor close 2025-03 before it is settled." in page
    business.run()
    assert 'role="alert"' not in viewer.get("/ledger").text


def test_a_source_without_a_reading_of_the_period_says_so(viewer, business, march):
    business.bill(march)
    business.run(period="2025-04")
    assert "power has no reading of 2025-04." in viewer.get("/ledger?period=2025-04&late=power").text
    business.deliver("power/A-1/both.csv", APRIL + "2025-05-01T00:00:00Z,1\n")
    business.extract()
    page = viewer.get("/ledger?period=2025-04&late=power").text
    assert "power has no file that lies in 2025-04 alone." in page
    assert "reach out of the period" in page
