"""The Lineage page, as a browser gets it: from an item to its raw files, and back; and what files are called."""

import re

from small_business import SOURCE
from web_pages import texts

from pipeline.readings.dismiss import dismiss

HOSTILE = "power/A-1/<img src=x onerror=alert(1)> '\" $(reboot).csv"


def test_an_item_leads_to_its_records_import_and_raw_files_and_back(viewer, business, march):
    business.invoice(march)
    (item,) = business.rows("rated_items", "item_id")
    (record,) = business.rows("usage_records", "record_id")
    (sha256,) = business.rows("arrivals", "sha256")
    (batch,) = business.rows("imports", "import_id")
    page = viewer.get(f"/lineage?item={item}")
    assert f"Item {item}: 1.63 EUR for 2025-03" in page.text
    assert f"<code>meterbridge explain {item}</code>" in page.text
    rows = texts(page)
    assert [str(record), "6.5", "kwh", "Processed", batch] in rows
    trace = "meterbridge trace power power/A-1/march.csv ROW"
    assert ["power", "power/A-1/march.csv", sha256, trace] in rows
    back = viewer.get("/lineage?file=power/A-1/march.csv")
    assert f"<code>{trace}</code>" in back.text
    assert "3 rows, 3 readings, 0 quarantined, 0 left out" in back.text
    assert [str(record), "2025-03", "A-1", "C-1", "6.5", "kwh", "Processed", str(item)] in texts(back)
    assert f'<a href="?item={item}">' in back.text
    assert texts(viewer.get(f"/lineage?file={sha256}")) == texts(back)


def test_files_that_name_the_items_account_come_first(viewer, business, march):
    business.customer("A-10")
    for name in ("power/A-10/x.csv", "power/A-1/z.csv"):
        business.deliver(name, march)
    business.extract()
    business.run()
    business.rate()
    items = dict(business.rows("rated_items", "account_number", "item_id"))
    for account, name in (("A-1", "power/A-1/z.csv"), ("A-10", "power/A-10/x.csv")):
        rows = texts(viewer.get(f"/lineage?item={items[account]}"))
        assert next(row[1] for row in rows if row[0] == "power") == name
    back = texts(viewer.get("/lineage?file=power/A-1/z.csv"))
    assert [row[2] for row in back if row[-1].isdecimal()] == ["A-1"]


def test_a_file_that_landed_as_nothing_says_why_and_who_dismissed_it(viewer, business):
    business.deliver("power/A-1/empty.csv", "")
    business.extract()
    address = "/lineage?file=power/A-1/empty.csv"
    assert "Quarantined whole: empty_file: it holds no byte." in viewer.get(address).text
    business.deliver("power/A-1/words.csv", "at,value\n2025-03-01T00:00:00Z,many\n")
    business.extract()
    for name in ("empty", "words"):
        dismiss(business.store, "power", f"power/A-1/{name}.csv", by="ann", reason="sent again")
        told = "Dismissed by ann: sent again."
        assert told in viewer.get(f"/lineage?file=power/A-1/{name}.csv").text


def test_a_file_whose_name_holds_no_account_is_left_to_trace(viewer, business, march):
    source = SOURCE.replace("power/{account}/*", "power/*").replace("{at: at", "{account: who, at: at")
    business.declare("sources/power.yaml", source)
    business.deliver("power/all.csv", "who," + march.replace("\n2025", "\nA-1,2025"))
    business.extract()
    business.run()
    page = viewer.get("/lineage?file=power/all.csv").text
    assert "which records it went into, trace tells of each row" in page
    assert '<a href="ledger?period=2025-03">2025-03</a>' in page


def test_what_files_are_called_is_shown_and_never_run(viewer, business, march):
    business.invoice(march, HOSTILE)
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE ledger_lines SET detail = '<script>alert(1)</script>', reason = '<b>'")
    business.deliver("power/A-7/<i>.csv", march)
    business.deliver("power/A-1/<u> '.csv", "")
    business.extract()
    pages = [viewer.get("/ledger"), viewer.get("/lineage?item=1"), viewer.get("/lineage", params={"file": HOSTILE})]
    pages.append(viewer.get("/lineage", params={"file": "<img src=x>\"'"}))
    for page in pages:
        assert page.status_code == 200
        for forbidden in ("<img", "<script", "<b>", "<i>", "<u>", "http://", "https://"):
            assert forbidden not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "dismiss power &#39;power/A-1/&lt;u&gt; &#39;&#34;&#39;&#34;&#39;.csv&#39; --reason" in pages[0].text
    link = re.search(r'href="(\?file=[^"]+)"', pages[1].text)[1]
    assert texts(viewer.get(f"/lineage{link}")) == texts(pages[2])
    assert len(texts(pages[2])) == 4
