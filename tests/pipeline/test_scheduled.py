"""The steps as a scheduler calls them, with all that they need from the environment."""

import logging
from decimal import Decimal

import pytest

from pipeline import scheduled
from pipeline.billing.post import BillRunStatusError


@pytest.fixture
def named(business, monkeypatch):
    """The environment names the business."""
    folders = {"CATALOG": business.catalog_folder, "HOME": business.home, "INBOX": business.inbox}
    for name, folder in folders.items():
        monkeypatch.setenv(f"METERBRIDGE_{name}", str(folder))
    monkeypatch.setenv("METERBRIDGE_STORE_URL", business.store.url.render_as_string(hide_password=False))
    return business


def test_what_a_sensor_waits_for_stands_in_its_log_until_it_is_there(named, march, caplog):
    caplog.set_level(logging.INFO)
    assert not scheduled.readings_are_in("energy", ["2025-03"])
    assert not scheduled.can_be_billed("2025-03")
    assert not scheduled.meters_are_in("2025-03")
    assert [record.getMessage() for record in caplog.records] == [
        "waiting for extract_power: it has not taken its source to the end of 2025-03",
        *["period 2025-03 waits; not loaded: energy"] * 2,
    ]
    named.bill(march)
    assert scheduled.readings_are_in("energy", ["2025-03"])
    assert scheduled.can_be_billed("2025-03")
    assert scheduled.meters_are_in("2025-03")


def test_what_a_person_approves_keeps_its_lines_and_columns_in_the_web_ui(named, march):
    """Airflow runs the lines of a code block together, unless the block names a language."""
    named.bill(march)
    units = (named.catalog_folder / "units.yaml").read_text()
    named.declare("units.yaml", units.replace("EUR: {", "EUR: {approval_above: 1, "))
    asked, laid_out = scheduled.bill_runs_to_approve("2025-03", scheduled.rate("2025-03"))
    first, *lines, last = laid_out.splitlines()
    assert (asked, first, last) == ("2025-03", "```text", "```")
    assert lines[0] == "1.63 EUR is above 1"
    assert lines[2].split() == ["energy", "EUR", "1", "1.63", "0.00"]


def limited(business, limit):
    units = (business.catalog_folder / "units.yaml").read_text()
    business.declare("units.yaml", units.replace("EUR: {", f"EUR: {{{limit}, "))


@pytest.fixture
def corrected(named):
    """February was billed 100.00 and March 100.00 EUR, 400 kWh each; then 4 kWh of March come late, 1.00 EUR."""
    named.bill("at,value\n2025-02-02T00:00:00Z,400\n2025-03-02T00:00:00Z,400\n")
    named.run(period="2025-02")
    for month in ("2025-02", "2025-03"):
        named.rate(month)
        named.post(month)
    named.bill("at,value\n2025-03-20T00:00:00Z,4\n", "power/A-1/late.csv")
    return named


def test_a_correction_of_one_per_cent_is_not_asked_for_as_if_it_were_the_whole_month(corrected):
    limited(corrected, "approval_change_above: 0.2")
    assert scheduled.bill_runs_to_approve("2025-03", scheduled.rate("2025-03")) is None


def test_a_correction_stands_beside_what_was_billed_of_its_period(corrected):
    limited(corrected, "approval_above: 0.50")
    _, laid_out = scheduled.bill_runs_to_approve("2025-03", scheduled.rate("2025-03"))
    assert laid_out.splitlines()[1:] == [
        "1.00 EUR is above 0.50",
        "  charge  currency  items  amount  billed before  change",
        "  energy  EUR           1    1.00         100.00  +1.0 %",
        "  all     EUR           1    1.00         100.00  +1.0 %",
        "```",
    ]


@pytest.fixture
def asked_twice(named, march):
    """Two runs of the DAG have found the same bill run, and somebody is to be asked."""
    named.bill(march)
    limited(named, "approval_above: 1")
    runs = scheduled.rate("2025-03")
    assert scheduled.rate("2025-03") == runs
    return named, runs


def test_what_another_run_has_posted_meanwhile_is_not_asked_for_again_and_a_rejection_says_so(asked_twice):
    named, runs = asked_twice
    scheduled.post("2025-03", runs, by="ann")
    assert scheduled.bill_runs_to_approve("2025-03", runs) is None
    assert scheduled.reject_bill_runs("2025-03", runs, by="vera") == [f"bill run {runs[0]} was posted by ann"]
    assert named.rows("invoices", "amount") == [Decimal("1.63")]


def test_what_was_rejected_in_another_run_is_not_posted_by_an_approval_and_who_approves_is_told(asked_twice):
    named, runs = asked_twice
    scheduled.reject_bill_runs("2025-03", runs, by="vera")
    assert scheduled.bill_runs_to_approve("2025-03", runs) is None
    with pytest.raises(BillRunStatusError, match=rf"nothing is posted, .* {runs[0]} by vera \(it was not approved\)"):
        scheduled.post("2025-03", runs, by="ann")
    again = scheduled.rate("2025-03")
    assert scheduled.post("2025-03", again, by="ann") == "period 2025-03: 1 bill runs posted, 1 invoices"
    assert named.rows("invoices", "amount") == [Decimal("1.63")]
