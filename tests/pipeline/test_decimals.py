"""People see money with the decimals of its own currency: 6.5 kWh at 25 yen each are 163 yen, and not 163.00."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from small_business import ACCOUNTS, CHARGE, UNITS
from uploaded_usage import uploaded

from pipeline.billing import preflight
from pipeline.proof.explain import explain
from pipeline.proof.trace import trace
from pipeline.reports import bill_preview, status, thresholds
from pipeline.reports import unbilled as unbilled_usage
from pipeline.steps import Workspace
from pipeline.usage.diff import describe, diff
from transforms.period import Period
from transforms.rating.asked import Asked

DURING_MARCH = datetime(2025, 3, 16, tzinfo=UTC)
MORE = "at,value\n2025-03-20T00:00:00Z,2\n"  # 8.5 kWh are 212.5 yen, rounded to 213


@pytest.fixture
def yen(business, march):
    """A business that is paid in yen; March has landed."""
    business.declare("units.yaml", f"{UNITS}  JPY: {{decimals: 0}}\n")
    business.declare("charges/energy.yaml", CHARGE.replace("EUR", "JPY").replace("0.25", "25"))
    business.deliver("customers/accounts.csv", ACCOUNTS.replace("EUR", "JPY"))
    business.register()
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    return business


def words(text):
    return [line.split() for line in text.splitlines()]


def test_what_is_not_billed_is_told_in_whole_yen(yen):
    energy = yen.catalog_folder / "charges" / "energy.yaml"
    energy.write_text(f"{energy.read_text()}unbilled_above: [100]\n")
    workspace = Workspace(yen.store, yen.catalog, yen.home, yen.inbox)
    found = unbilled_usage.unbilled(workspace, at=DURING_MARCH)
    assert words(unbilled_usage.describe(found, yen.catalog.units))[1][-4:] == ["163", "0", "163", "JPY"]
    assert thresholds.note_thresholds(workspace, at=DURING_MARCH) == 1
    told = yen.rows("events", "subject", "details ->> 'threshold'", "details ->> 'unbilled'")
    assert told == [("charge C-1, period 2025-03, above 100 JPY", "100 JPY", "163 JPY")]


def test_what_a_bill_run_would_bill_is_told_in_whole_yen(yen):
    yen.run()
    shown = words(bill_preview.preview(yen.store, yen.catalog, Asked(Period.parse("2025-03"))))
    assert shown[2:] == [["energy", "JPY", "1", "163", "0"], ["all", "JPY", "1", "163", "0"]]


def test_what_a_bill_run_will_leave_behind_is_told_in_whole_yen(yen):
    yen.run()
    uploaded(yen.store, {"uom": "wh", "quantity": Decimal(1000)})
    told = preflight.describe(preflight.preflight(yen.store, yen.catalog, Period.parse("2025-03")), yen.catalog.units)
    assert words(told)[1][5:7] == ["25", "JPY"]
    assert "at risk 25 JPY, and 0 of unknown worth" in told


def test_what_is_billed_is_shown_and_explained_in_whole_yen(yen):
    yen.run()
    assert str(yen.rate()) == "bill run 2025-03: rated, 1 records, 1 items, 163 JPY"
    shown = status.summary(yen.store, yen.catalog.units)
    assert ["2025-03", "A-1", "energy", "6.5", "kwh", "163", "JPY"] in words(shown)
    assert "  together 163 JPY" in shown
    told = explain(yen.store, yen.catalog, 1, yen.home).lines
    assert [line.strip() for line in told if "163" in line] == [
        "item 1: 163 JPY for 2025-03",
        "together: 162.5; rounded, to 0 decimals, half_up: 163",
        "amount: 163 JPY",
    ]
    assert "  billed before: 0" in told
    row = trace(yen.store, yen.catalog, "power", "power/A-1/march.csv", 2, yen.home)
    assert row[-1].strip() == "item 1: 163 JPY"


def test_what_a_load_would_change_is_told_in_whole_yen(yen):
    yen.run()
    yen.rate()
    yen.deliver("power/A-1/more.csv", MORE)
    yen.extract()
    found = diff(yen.store, yen.catalog, *yen.prepare())
    assert "  in money: 50 JPY" in describe(found, yen.catalog.units)


def test_a_currency_that_the_catalog_does_not_know_any_more_is_shown_with_two_decimals(yen):
    yen.run()
    yen.rate()
    without = yen.catalog.units.model_copy(update={"currencies": {}})
    assert "  together 163.00 JPY" in status.summary(yen.store, without)
