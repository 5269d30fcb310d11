"""The Usage page, as a browser gets it."""

import re
from decimal import Decimal

import pytest
import sqlalchemy as sa
from small_business import ACCOUNTS
from starlette.applications import Starlette
from starlette.routing import Mount
from uploaded_usage import uploaded

from transforms.rating.usage import RatingError
from web import pages
from web.app import create_app

HEAD = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION\n"
MARCH = HEAD + "A-1,kwh,2.5,03/01/2025,,,,\nA-1,kwh,4,03/02/2025,,,,\n"


def send(http, text=MARCH, name="march.csv", **fields):
    return http.post("/", files={"file": (name, text.encode())}, data=fields)


def test_an_empty_store_has_a_page(viewer):
    page = viewer.get("/")
    assert page.status_code == 200
    assert "Nothing has been loaded yet." in page.text
    assert "There are no usage records yet." in page.text


def test_an_upload_leads_to_the_page_with_what_became_of_it(editor):
    answer = send(editor)
    assert answer.status_code == 303
    page = editor.get(f"/{answer.headers['Location']}").text
    assert "march.csv: Completed, 2 of 2 records loaded" in page
    assert '<td>2025-03</td><td>File</td><td class="number">2</td>' in page
    assert '<td class="number">6.5</td><td>kwh</td>' in page


def test_whoever_sends_the_same_usage_again_is_told_that_nothing_was_loaded_now(editor, business):
    first = send(editor)
    again = send(editor, name="april.csv")
    assert again.headers["Location"] == f"{first.headers['Location']}&again=true"
    page = editor.get(f"/{again.headers['Location']}").text
    assert "Nothing was loaded now: the same usage was sent before" in page
    assert "march.csv: Completed, 2 of 2 records loaded then" in page
    assert "Nothing was loaded" not in editor.get(f"/{first.headers['Location']}").text
    assert business.rows("usage_records", "quantity") == [Decimal("2.5"), Decimal(4)]


def test_an_import_that_is_not_there_is_said_to_be_unknown(viewer):
    assert f"There is no import {'0' * 32}." in viewer.get("/", params={"import": "0" * 32}).text


def test_an_import_is_listed_with_its_id_and_how_many_of_its_records_are_gone(editor, admin):
    answer = send(editor, MARCH.replace("2.5", "12345.5"))
    page = editor.get(f"/{answer.headers['Location']}").text
    import_id = answer.headers["Location"].removeprefix("?import=")
    assert f'march.csv<span class="id">{import_id}</span>' in page
    assert '<td class="number">12,349.5</td>' in page
    assert admin.post("/v1/usage/delete", json={"importId": import_id, "dryRun": False, "reason": "x"}).is_success
    assert "Completed (2 changed or deleted since)" in editor.get("/").text


def test_nobody_sends_a_file_without_saying_how_its_dates_are_written(editor):
    page = editor.get("/").text
    assert '<select name="locale" required><option value="">choose</option>' in page
    assert '<option value="en_GB">DD/MM/YYYY (en_GB)</option>' in page


def test_a_file_that_fails_shows_its_reason(editor):
    answer = send(editor, MARCH.replace("A-1", "A-9"))
    page = editor.get(f"/{answer.headers['Location']}").text
    assert "march.csv: Failed" in page
    assert "A-9" in page
    assert "<details><summary>2 problems in 2 rows</summary>row 1 (line 2)" in page  # the list stays a list


def test_the_page_of_an_upload_comes_again_until_its_result_is_there_and_no_other_page_does(editor, business):
    address = f"/{send(editor).headers['Location']}"
    for status, refreshed in (("Completed", False), ("Processing", True)):
        with business.store.begin() as connection:
            connection.execute(sa.text("UPDATE imports SET status = :status"), {"status": status})
        assert ('http-equiv="refresh"' in editor.get(address).text) == refreshed
        assert ("<form" in editor.get(address).text) != refreshed  # what somebody fills in must not be lost
        assert 'http-equiv="refresh"' not in editor.get("/").text


def test_bill_runs_are_listed_with_their_status_and_why_they_are_drafts(viewer, business, march):
    assert "There is no bill run yet." in viewer.get("/").text
    price = (business.catalog_folder / "charges/energy.yaml").read_text()
    tiers = "{model: tiered, tiers: [{up_to: 5, price: 0.25}]}"
    business.declare("charges/energy.yaml", price.replace("{model: per_unit, price: 0.25}", tiers))
    business.bill(march)
    with pytest.raises(RatingError):
        business.rate()
    assert "quantity 6.500 is above the last tier, which ends at 5" in viewer.get("/").text
    business.declare("charges/energy.yaml", price)
    run = business.rate()
    page = viewer.get("/").text
    assert f'<td>{run.bill_run_id}</td><td class="instant">2025-03</td>' in page
    assert "<td>all accounts</td>" in page
    assert "<td>rated</td>" in page


def test_an_invoice_is_listed_with_the_decimals_of_its_currency_also_while_the_catalog_is_wrong(viewer, business):
    units = (business.catalog_folder / "units.yaml").read_text()
    business.declare("units.yaml", f"{units}  JPY: {{decimals: 0}}\n")
    price = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", price.replace("EUR", "JPY").replace("0.25", "25"))
    business.deliver("customers/accounts.csv", ACCOUNTS.replace("EUR", "JPY"))
    business.register()
    business.invoice()
    assert '<td class="number">163</td>\n  <td>JPY</td>' in viewer.get("/").text
    business.declare("units.yaml", "units: [")
    assert '<td class="number">163.00</td>\n  <td>JPY</td>' in viewer.get("/").text


def test_a_file_that_is_not_taken_shows_why(editor):
    answer = send(editor, name="march.exe")
    assert answer.status_code == 400
    assert "Not taken:" in answer.text
    assert "march.exe" in answer.text


def test_dates_are_read_as_the_form_says(editor, business):
    send(editor, HEAD + "A-1,kwh,1,02/03/2025,,,,\n", locale="en_GB")
    assert business.rows("usage_records", "period") == ["2025-03"]


def test_a_viewer_sees_no_form_and_cannot_send_one(viewer, business):
    assert "<form" not in viewer.get("/").text
    assert send(viewer).status_code == 403
    assert business.rows("imports", "import_id") == []


def test_what_others_sent_is_shown_and_never_run(editor):
    name = "<img src=x onerror=alert(1)>'\" autofocus.csv"
    page = editor.get(f"/{send(editor, name=name).headers['Location']}")
    assert "<img" not in page.text
    assert "'\" autofocus" not in page.text
    assert ".csv: Completed" in page.text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert "script" not in policy + page.text
    assert "http://" not in page.text
    assert "https://" not in page.text


def test_the_files_behind_an_import_are_one_click_away(editor):
    page = editor.get(f"/{send(editor).headers['Location']}").text
    (address,) = [part.split('"')[0] for part in page.split('href="')[1:] if part.split('"')[0].endswith("original")]
    assert editor.get(f"/{address}").text == MARCH


def test_what_is_refused_to_a_browser_is_a_page_that_says_why_and_runs_nothing(viewer, editor):
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    usage = "/v1/object/usage?rejectUnknownFields=true"
    sent = {"AccountNumber": "A-1", "UOM": "kwh", "Quantity": 1, "StartDateTime": "2025-03-01", "<img src=x>": 1}
    answers = {
        "there is no invoice INV-00000007": viewer.get("/invoices/7", headers=browser),
        "this needs the role editor": viewer.post("/", files={"file": ("a.csv", b"x")}, headers=browser),
        "unknown fields: &lt;img src=x&gt;": editor.post(usage, json=sent, headers=browser),
    }
    for told, answer in answers.items():
        assert told in answer.text
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert '<a href="/">Back to the Usage page</a>' in answer.text
    assert viewer.get("/invoices/7").json()["reasons"][0]["code"] == "not_found"


def test_who_is_not_logged_in_is_led_to_the_log_in_and_not_to_another_refusal(services, app, opened):
    page = {"Accept": "text/html"}
    outer = Starlette(routes=[Mount("/usage", create_app(services))])
    refused = opened(outer).get("/usage/ledger", headers=page)
    assert refused.status_code == 401
    assert "log in: in Airflow&#x27;s web UI" in refused.text
    assert re.findall('href="[^"]*"', refused.text) == ['href="/"']  # Airflow's own first page, which asks who it is
    assert "href" not in opened(app).get("/ledger", headers=page).text  # served alone there is no page to log in on


def test_earlier_billing_periods_are_one_click_away(viewer, business, monkeypatch):
    monkeypatch.setattr(pages, "SHOWN", 1)
    uploaded(business.store, *({"period": period} for period in ("2025-02", "2025-03")))
    first = viewer.get("/").text
    assert "<td>2025-03</td>" in first
    assert "<td>2025-02</td>" not in first
    assert 'href="?before=2025-03#periods"' in first
    assert "the latest billing periods" not in first
    last = viewer.get("/?before=2025-03").text
    assert "Records by billing period, before 2025-03" in last
    assert "<td>2025-02</td>" in last
    assert "earlier billing periods" not in last
    assert 'href="?#periods"' in last
    assert viewer.get("/", params={"before": "2025-03'"}).status_code == 400
