"""The steps as a scheduler calls them, with all that they need from the environment."""

import logging

import pytest

from pipeline import scheduled


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
