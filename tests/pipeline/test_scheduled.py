"""The steps as a scheduler calls them, with all that they need from the environment."""

import logging
from decimal import Decimal

import pytest
from late_registered import FROM_15TH, UNTIL_15TH, registered
from small_business import CHARGE

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
        "accounts change by 1.00 EUR, up or down, which is above 0.50",
        "  charge  currency  items  amount  billed before  change",
        "  energy  EUR           1    1.00         100.00  +1.0 %",
        "  all     EUR           1    1.00         100.00  +1.0 %",
        "```",
    ]


def test_a_first_bill_run_is_no_correction_of_one_that_was_made_after_it(named):
    """February came to 1.00 EUR; March's first bill run, 10.00, is asked for when late usage was rated, for 100.00."""
    limited(named, "approval_change_above: 0.2")
    named.bill("at,value\n2025-02-02T00:00:00Z,4\n2025-03-02T00:00:00Z,40\n")
    named.run(period="2025-02")
    named.rate("2025-02")
    first = scheduled.rate("2025-03")
    named.bill("at,value\n2025-03-20T00:00:00Z,400\n", "power/A-1/late.csv")
    scheduled.rate("2025-03")
    _, laid_out = scheduled.bill_runs_to_approve("2025-03", first)
    assert laid_out.splitlines()[1] == "10.00 EUR differs from 1.00 of the period before by more than 20.0 %"


@pytest.fixture
def mixed_up(named):
    """A-1 was billed 10.00 EUR and A-2 15.00, 40 and 60 kWh; then 60 and 40 are right: +5.00 for one, -5.00 for one."""
    named.declare("charges/energy.yaml", CHARGE + "negative_usage: allow\n")
    named.customer("A-2")
    named.deliver("power/A-2/march.csv", "at,value\n2025-03-02T00:00:00Z,60\n")
    named.invoice("at,value\n2025-03-02T00:00:00Z,40\n")
    named.deliver("power/A-2/less.csv", "at,value\n2025-03-03T00:00:00Z,-20\n")
    named.bill("at,value\n2025-03-03T00:00:00Z,20\n", "power/A-1/more.csv")
    return named


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("approval_above: 9.99", "accounts change by 10.00 EUR, up or down, which is above 9.99"),
        ("approval_above: 10", None),
        (
            "approval_change_above: 0.39",
            "accounts change by 10.00 EUR, up or down: more than 39.00 % of the 25.00 billed of the period",
        ),
        ("approval_change_above: 0.4", None),
    ],
)
def test_what_one_account_is_given_back_does_not_hide_what_another_is_billed_more(mixed_up, limit, reason):
    limited(mixed_up, limit)
    runs = scheduled.rate("2025-03")
    assert mixed_up.rows("rated_items WHERE billed_before > 0", "amount") == [Decimal(-5), Decimal(5)]
    asked = scheduled.bill_runs_to_approve("2025-03", runs)
    assert (asked and asked[1].splitlines()[1]) == reason


def test_usage_that_moves_between_charges_of_one_account_changes_nothing_that_it_pays(named):
    """4 kWh of the 20th were billed to C-1, which ended on the 15th: C-2, which follows, costs the same."""
    named.declare("charges/energy.yaml", CHARGE + "negative_usage: allow\n")
    named.invoice("at,value\n2025-03-02T00:00:00Z,4\n2025-03-20T00:00:00Z,4\n")
    registered(named, UNTIL_15TH, FROM_15TH)
    named.run()
    limited(named, "approval_above: 0")
    runs = scheduled.rate("2025-03")
    assert named.rows("rated_items", "charge_number", "amount")[::2] == [("C-1", Decimal(-1)), ("C-2", Decimal(1))]
    assert scheduled.bill_runs_to_approve("2025-03", runs) is None


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
