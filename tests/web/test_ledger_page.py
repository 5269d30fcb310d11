"""The Ledger and Lineage pages, as a browser gets them: what the commands tell, of the store alone."""

import re
import subprocess
import sys

import pytest
import sqlalchemy as sa
from small_business import SOURCE

from pipeline.reports import status
from pipeline.reports.late import describe, late
from pipeline.settings import PROJECT
from transforms.period import Period

APRIL = "at,value\n2025-04-02T00:00:00Z,4\n"
HOSTILE = "power/A-1/<img src=x onerror=alert(1)> '\" $(reboot).csv"


def texts(page, section=""):
    """The rows of a section's tables, each a list of its cells' words."""
    part = page.text.split(f'id="{section}"')[1].split("<h2")[0] if section else page.text
    rows = re.findall(r"<tr>(.*?)</tr>", part, flags=re.DOTALL)
    return [[" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.split("</t[dh]>", row)[:-1]] for row in rows]


def execute(business, statement):
    with business.store.begin() as connection:
        connection.exec_driver_sql(statement)


def unfold(business, *, interval=3600):
    """Let the source say how far apart its samples are."""
    business.declare("sources/power.yaml", f"{SOURCE}interval_seconds: {interval}\n")


def test_an_empty_store_has_both_pages(viewer):
    page = viewer.get("/ledger")
    assert page.status_code == 200
    assert "No meter has loaded a billing period yet." in page.text
    assert "No file has arrived yet." in page.text
    assert "No meter has a ledger of 2031-01." in viewer.get("/ledger?period=2031-01").text
    assert "There is no rated item 7." in viewer.get("/lineage?item=7").text
    assert "No raw file is known as x.csv." in viewer.get("/lineage?file=x.csv").text


def test_whoever_may_not_see_the_usage_page_may_not_see_the_ledger(stranger, viewer):
    for address in ("/", "/ledger", "/lineage", "/lineage?item=1"):
        assert stranger.get(address).status_code == 401
        assert viewer.get(address).status_code == 200
    assert viewer.post("/ledger").status_code == 405


def test_the_page_tells_of_every_meter_and_period_what_status_tells(viewer, business, march):
    business.deliver("power/A-7/march.csv", march)
    business.bill(march)
    business.rate()
    business.deliver("power/A-1/april.csv", APRIL)
    business.extract()
    business.run(period="2025-04")
    told = status.summary(business.store, business.catalog.units).splitlines()
    header = next(line.split() for line in told if line.split()[:1] == ["period"])
    for period in ("2025-03", "2025-04"):
        (line,) = (line.split() for line in told if line.split()[:2] == [period, "energy"])
        row = dict(zip(header, line, strict=True))
        (_, shown) = texts(viewer.get(f"/ledger?period={period}"), "rows")
        assert shown[0] == "energy power"
        assert shown[1:4] == [row["landed"], row["billed"], row["pending"]]
        assert shown[5] == row["unexplained"] == "0"
    assert texts(viewer.get("/ledger?period=2025-03"), "rows")[1][4] == "3 quarantined, unknown_account account A-7"
    assert "  2025-03 energy: 3 quarantined, unknown_account (account A-7)" in told


def test_pending_and_processed_records_are_counted_by_meter(viewer, business, march):
    business.bill(march)
    assert texts(viewer.get("/ledger"), "rows")[1][6:8] == ["1", "0"]
    business.rate()
    assert texts(viewer.get("/ledger"), "rows")[1][6:8] == ["0", "1"]


def test_the_latest_period_with_readings_is_shown_until_another_is_chosen(viewer, business, march):
    business.bill(march)
    business.run(period="2025-04")
    page = viewer.get("/ledger").text
    assert "<h1>Ledger of 2025-03</h1>" in page
    assert "<option>2025-04</option><option selected>2025-03</option>" in page
    assert "<h1>Ledger of 2025-04</h1>" in viewer.get("/ledger?period=2025-04").text
    assert viewer.get("/ledger", params={"period": "2025-03'"}).status_code == 400


def test_a_row_that_nobody_can_explain_is_told_loudly(viewer, business, march):
    business.bill(march)
    assert "unexplained: its usage" not in viewer.get("/ledger").text
    assert 'class="number loud"' not in viewer.get("/ledger").text
    execute(business, "UPDATE ledgers SET landed = landed + 1234")
    page = viewer.get("/ledger").text
    assert '<p class="message refused" role="alert">1,234 rows of meter energy are unexplained' in page
    assert '<td class="number loud">1,234</td>' in page


def test_a_load_that_ends_while_the_page_is_made_leaves_no_row_unexplained(viewer, business, march):
    business.bill(march)

    def load(*call):
        if "FROM ledger_lines" in call[2]:
            with business.store.connect() as other:
                other.exec_driver_sql("UPDATE usage_records SET readings = readings + 5")
                other.exec_driver_sql("UPDATE ledgers SET landed = landed + 5")
                other.commit()

    sa.event.listen(business.store, "before_cursor_execute", load)
    assert texts(viewer.get("/ledger"), "rows")[1][1:6] == ["3", "0", "3", "none", "0"]
    assert texts(viewer.get("/ledger"), "rows")[1][1:6] == ["8", "0", "8", "none", "0"]


def test_what_is_quarantined_is_shown_with_its_files_and_what_mends_it(viewer, business):
    business.deliver("power/A-1/empty.csv", "")
    business.deliver("power/A-1/march 1.csv", "at,value\n2025-03-01T00:00:00Z,1\n2025-03-02T00:00:00Z,many\n")
    business.extract()
    page = viewer.get("/ledger")
    source, header, whole, row = texts(page, "sources")[1:]
    assert source == ["power", "1", "1", "1", "0", "1"]
    assert header[0] == "source"
    assert whole[:4] == ["power", "empty_file", "1 files", "power/A-1/empty.csv"]
    assert whole[4] == (
        "Correct the source: meterbridge replay power Or ask for the file again: "
        "meterbridge dismiss power power/A-1/empty.csv --reason &#39;…&#39;"
    )
    assert row[2:4] == ["1 rows", "power/A-1/march 1.csv"]
    assert "Rows by reason are those of" not in page.text


def test_rows_by_reason_are_counted_of_so_many_files_and_the_page_says_so(viewer, business, monkeypatch):
    monkeypatch.setattr("web.ledger.FILES", 1)
    for name in ("a", "b"):
        business.deliver(f"power/A-1/{name}.csv", f"at,value\n2025-03-01T00:00:00Z,{name}\n2025-03-02T00:00:00Z,1\n")
    business.extract()
    page = viewer.get("/ledger")
    assert [row[2] for row in texts(page, "sources")[1:]][-1] == "1 rows"
    assert "Rows by reason are those of the 1 files that landed last with any." in page.text


def test_samples_that_are_there_are_counted_and_the_charges_that_lack_most_come_first(viewer, business):
    unfold(business, interval=86_400)  # one a day
    business.customer("A-2")
    business.deliver("power/A-1/march.csv", _days(range(1, 32)))
    business.deliver("power/A-2/march.csv", _days(range(1, 11)))
    business.extract()
    business.run()
    rows = texts(viewer.get("/ledger"), "coverage")
    assert rows[1] == ["energy", "62", "41", "66.12"]
    assert rows[3:] == [["C-2", "A-2", "energy", "31", "10", "32.25"]]


def test_samples_of_a_corrected_record_are_counted_once(viewer, business):
    unfold(business, interval=86_400)
    business.bill(_days(range(1, 11)))
    business.rate()
    business.deliver("power/A-1/late.csv", _days(range(11, 32)))
    business.extract()
    business.run()
    assert len(business.rows("usage_records", "record_id")) == 2  # the second adds 21 kWh to the first
    assert texts(viewer.get("/ledger"), "coverage")[1] == ["energy", "31", "31", "100.00"]
    assert "No charge lacks a sample." in viewer.get("/ledger").text


def _days(days):
    return "at,value\n" + "".join(f"2025-03-{day:02}T00:00:00Z,1\n" for day in days)


def test_late_arrivals_are_those_that_the_command_tells(viewer, business, march):
    business.bill(march)
    business.deliver("power/A-1/late.csv", "at,value\n2025-03-20T00:00:00Z,1\n2025-03-21T00:00:00Z,1\n")
    business.extract()
    execute(business, "UPDATE arrivals SET arrived_at = '2025-04-01' WHERE uri LIKE '%%march.csv'")
    execute(business, "UPDATE arrivals SET arrived_at = '2025-04-03 00:00:01' WHERE uri LIKE '%%late.csv'")
    told = describe(late(business.store, business.catalog.source("power"), Period.parse("2025-03"), business.home))
    page = viewer.get("/ledger?period=2025-03&late=power")
    assert texts(page, "late")[1:] == [line.split() for line in told.splitlines()[1:]]
    assert texts(page, "late")[1:] == [["0", "1", "3", "3", "60.00"], ["3", "1", "2", "5", "100.00"]]
    assert "reach out of the period" not in page.text


def test_files_that_reach_out_of_the_period_are_left_to_the_command(viewer, business):
    business.bill("at,value\n2025-03-31T00:00:00Z,1\n2025-04-01T00:00:00Z,1\n")
    page = viewer.get("/ledger?period=2025-03&late=power").text
    assert "1 more files reach out of the period" in page
    assert "<code>meterbridge late power 2025-03</code>" in page
    assert "there is no source &#39;gas&#39;" in viewer.get("/ledger?period=2025-03&late=gas").text.lower()


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
    trace = "meterbridge trace power power/A-1/march.csv 1"
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
    execute(business, "UPDATE ledger_lines SET detail = '<script>alert(1)</script>', reason = '<b>'")
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


@pytest.mark.parametrize("address", ["/lineage?item=x", "/lineage?item=1234567890123456789", "/ledger?late=%00"])
def test_what_is_no_number_or_name_is_refused(viewer, address):
    assert viewer.get(address).status_code == 400


def test_the_store_is_asked_as_often_whether_there_are_few_meters_or_many(viewer, business, march):
    asked = []
    sa.event.listen(business.store, "before_cursor_execute", lambda *call: asked.append(call[2]))
    business.bill(march)

    def questions():
        asked.clear()
        assert viewer.get("/ledger").status_code == 200
        return len(asked)

    few = questions()
    more = "SELECT 'm' || i, '2025-03', 0, 'empty' FROM generate_series(1, 50) i"
    execute(business, f"INSERT INTO ledgers (meter, period, landed, outcome) {more}")
    assert questions() == few
    assert len(texts(viewer.get("/ledger"), "rows")) == 52


def test_the_page_starts_no_engine():
    program = "import sys, web.app; print('duckdb' in sys.modules, 'pipeline.engine' in sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", program]
    done = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    assert done.stdout == "False False\n"


def test_more_samples_than_are_expected_make_up_for_none_that_others_lack(viewer, business):
    unfold(business, interval=86_400)
    business.customer("A-2")
    for account, days in (("A-1", range(1, 32)), ("A-2", range(1, 22))):
        business.deliver(f"power/{account}/march.csv", _days(days))
    business.extract()
    business.run()
    execute(business, "UPDATE usage_records SET samples_seen = 41 WHERE account_number = 'A-1'")
    assert texts(viewer.get("/ledger"), "coverage")[1] == ["energy", "62", "52", "83.87"]
