"""The Ledger page, as a browser gets it: what the commands tell, of the store alone."""

import re
import subprocess
import sys
from html import unescape

import pytest
import sqlalchemy as sa
from meanwhile import load_ends_meanwhile
from small_business import SOURCE
from web_pages import texts

from pipeline.reports import status
from pipeline.reports.late import describe, late
from pipeline.settings import PROJECT
from transforms.period import Period

APRIL = "at,value\n2025-04-02T00:00:00Z,4\n"


def execute(business, statement):
    with business.store.begin() as connection:
        connection.exec_driver_sql(statement)


def sampled_daily(business):
    """Let the source say that its samples are a day apart."""
    business.declare("sources/power.yaml", f"{SOURCE}interval_seconds: 86400\n")


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


def test_the_latest_period_is_the_one_that_ends_last_and_not_the_last_name(viewer, business):
    """By name a year's first quarter comes after its twelve months."""
    periods = ("2025-Q1", "2025-03", "2024-12-15--2025-01-15", "2025-09", "2024-H2")
    made = f"SELECT 'm', unnest(ARRAY{[*periods]}), 1, 'created'"
    execute(business, f"INSERT INTO ledgers (meter, period, landed, outcome) {made}")
    page = viewer.get("/ledger").text
    assert "<h1>Ledger of 2025-09</h1>" in page
    told = ["2025-09", "2025-03", "2025-Q1", "2024-12-15--2025-01-15", "2024-H2"]
    assert re.findall(r"<option[^>]*>([^<]+)</option>", page)[:5] == told


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
    load_ends_meanwhile(business.store)
    assert texts(viewer.get("/ledger"), "rows")[1][1:6] == ["3", "0", "3", "none", "0"]
    assert texts(viewer.get("/ledger"), "rows")[1][1:6] == ["8", "0", "8", "none", "0"]


def test_a_meter_is_told_to_be_stale_until_its_next_run_has_taken_in_what_landed(viewer, business, march):
    business.bill(march)
    assert "stale" not in viewer.get("/ledger").text.lower()
    business.deliver("power/A-1/late.csv", "at,value\n2025-03-20T00:00:00Z,1\n")
    business.extract()
    page = viewer.get("/ledger")
    assert texts(page, "rows")[1][0] == "energy power stale"
    assert "other files have landed since" in page.text
    assert "<code>meterbridge run energy 2025-03</code> does it at once" in page.text
    business.run()
    assert "stale" not in viewer.get("/ledger").text.lower()


def test_samples_that_are_there_are_counted_and_the_charges_that_lack_most_come_first(viewer, business):
    sampled_daily(business)
    business.customer("A-2")
    business.deliver("power/A-1/march.csv", _days(range(1, 32)))
    business.deliver("power/A-2/march.csv", _days(range(1, 11)))
    business.extract()
    business.run()
    rows = texts(viewer.get("/ledger"), "coverage")
    assert rows[1] == ["energy", "62", "41", "66.12"]
    assert rows[3:] == [["C-2", "A-2", "energy", "31", "10", "32.25"]]


def test_samples_of_a_corrected_record_are_counted_once(viewer, business):
    sampled_daily(business)
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


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/lineage?item=x", "item in the address: 'x' is no rated item's number, which has 1 to 18 digits"),
        ("/lineage?item=1234567890123456789", "item in the address: '1234567890123456789' is no rated item's number"),
        ("/ledger?period=2025-13", "period in the address: '2025-13' is not a billing period; write 2014-02, 2014-Q1"),
        ("/ledger?period=%00", r"period in the address: '\x00' is not a billing period; write 2014-02"),
        ("/?before=March", "before in the address: 'March' is not a billing period; write 2014-02, 2014-Q1"),
    ],
)
def test_what_is_no_number_or_period_is_refused_and_the_words_say_what_to_write(viewer, address, told):
    page = viewer.get(address, headers={"Accept": "text/html"})
    assert page.status_code == 400
    assert told in unescape(page.text)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/lineage?file=%00", "No raw file is known as"),
        ("/ledger?period=2025-03&late=%00", "There is no source"),
        ("/?import=x", "There is no import x."),
        ("/ledger?period=%202025-04-01--2025-07-01", "No meter has a ledger of 2025-Q2."),
    ],
)
def test_what_nothing_is_called_is_told_as_such(viewer, business, march, address, told):
    business.bill(march)
    page = viewer.get(address)
    assert page.status_code == 200
    assert told.lower() in page.text.lower()


def test_the_store_is_asked_as_often_whether_there_are_few_meters_or_many(viewer, business, march):
    asked = []
    sa.event.listen(business.store, "before_cursor_execute", lambda *call: asked.append(call[2]))
    business.bill(march)

    def questions():
        asked.clear()
        assert viewer.get("/ledger").status_code == 200
        return len(asked)

    questions()  # the first call asks for the store's version too
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
    sampled_daily(business)
    business.customer("A-2")
    for account, days in (("A-1", range(1, 32)), ("A-2", range(1, 22))):
        business.deliver(f"power/{account}/march.csv", _days(days))
    business.extract()
    business.run()
    execute(business, "UPDATE usage_records SET samples_seen = 41 WHERE account_number = 'A-1'")
    assert texts(viewer.get("/ledger"), "coverage")[1] == ["energy", "62", "52", "83.87"]
