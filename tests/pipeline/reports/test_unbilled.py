"""Unbilled usage: what is not billed yet, so far, and who is told when it is much."""

from datetime import UTC, datetime
from decimal import Decimal

from uploaded_usage import uploaded

from pipeline.quantities.situation import situation_of
from pipeline.reports import unbilled as report
from pipeline.reports.thresholds import note_thresholds
from pipeline.reports.unbilled import describe, unbilled
from pipeline.steps import Workspace

DURING_MARCH = datetime(2025, 3, 16, tzinfo=UTC)
TIERED = """
charge: energy
uom: kwh
currency: EUR
unbilled_above: [1, 5]
pricing: {model: tiered, tiers: [{up_to: 5, price: 0.30}, {price: 0.20}]}
"""


def workspace_of(business):
    return Workspace(business.store, business.catalog, business.home, business.inbox)


def so_far(business, at=DURING_MARCH):
    found = unbilled(workspace_of(business), at=at)
    assert found.problems == {}
    return [
        (each.period, each.charge_number, each.quantity, each.worth, each.billed, each.unbilled) for each in found.found
    ]


def test_what_a_meter_has_counted_so_far_is_worth_what_it_would_be_billed(business, march):
    business.declare("charges/energy.yaml", TIERED)
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    before = business.contents()
    # 6.5 kWh: 5 x 0.30 + 1.5 x 0.20
    assert so_far(business) == [("2025-03", "C-1", Decimal("6.5"), Decimal("1.80"), 0, Decimal("1.80"))]
    assert business.contents() == before


def test_readings_of_who_pays_in_another_currency_are_worth_nothing_that_will_be_billed(business, march):
    business.customer("A-2", currency="USD")
    business.deliver("power/A-2/march.csv", march)
    business.extract()
    assert so_far(business) == []
    business.run()
    assert business.rate().outcome == "nothing_due"


def test_who_is_registered_while_it_is_asked_is_told_as_well(business, march, monkeypatch):
    business.deliver("power/A-2/march.csv", march)
    business.extract()

    def meanwhile(*arguments):
        business.customer("A-2")
        return situation_of(*arguments)

    monkeypatch.setattr(report, "situation_of", meanwhile)
    assert so_far(business) == [("2025-03", "C-2", Decimal("6.5"), Decimal("1.63"), 0, Decimal("1.63"))]


def test_usage_that_is_loaded_and_late_is_told_beside_what_was_billed(business, march):
    business.bill(march)
    business.rate()
    assert so_far(business, at=datetime(2025, 4, 20, tzinfo=UTC)) == []
    business.bill("at,value\n2025-03-20T00:00:00Z,10\n", "power/A-1/more.csv")
    (told,) = so_far(business, at=datetime(2025, 4, 20, tzinfo=UTC))
    assert told == ("2025-03", "C-1", Decimal("16.5"), Decimal("4.13"), Decimal("1.63"), Decimal("2.50"))


def test_an_upload_is_added_to_what_the_meter_has_so_far(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    uploaded(business.store, {"quantity": Decimal(4)})
    assert so_far(business) == [("2025-03", "C-1", Decimal("10.5"), Decimal("2.63"), 0, Decimal("2.63"))]


def test_one_account_is_told_alone(business, march):
    business.customer("A-2")
    business.deliver("power/A-2/march.csv", march)
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    found = unbilled(workspace_of(business), at=DURING_MARCH, account="A-2")
    assert [each.account_number for each in found.found] == ["A-2"]
    assert describe(found, business.catalog.units).splitlines()[1] == (
        "  2025-03  A-2      C-2            energy       6.5  kwh    1.63    0.00      1.63  EUR"
    )


def test_a_period_that_cannot_be_rated_is_told_and_keeps_no_other_back(business, march):
    business.declare("charges/energy.yaml", TIERED.replace(", {price: 0.20}", ""))
    business.deliver("power/A-1/march.csv", march + "2025-04-01T00:00:00Z,1\n")
    business.extract()
    business.run()
    found = unbilled(workspace_of(business), at=datetime(2025, 4, 2, tzinfo=UTC))
    assert [(each.period, each.unbilled) for each in found.found] == [("2025-04", Decimal("0.30"))]
    assert "quantity 6.500 is above the last tier, which ends at 5" in found.problems["2025-03"]
    assert "  2025-03 cannot be rated: " in describe(found, business.catalog.units)


def test_each_threshold_is_noted_once_for_a_charge_and_period(business, march):
    business.declare("charges/energy.yaml", TIERED)
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert [note_thresholds(workspace_of(business), at=DURING_MARCH) for _ in range(2)] == [1, 1]
    told = business.rows("events", "kind", "subject", "details ->> 'unbilled'")
    assert told == [("unbilled_usage", "charge C-1, period 2025-03, above 1.00 EUR", "1.80 EUR")]
    business.deliver("power/A-1/more.csv", "at,value\n2025-03-15T00:00:00Z,20\n")
    business.extract()
    assert note_thresholds(workspace_of(business), at=DURING_MARCH) == 2  # 26.5 kWh are 5.80 EUR
    assert len(business.rows("events", "event_id")) == 2


def test_without_thresholds_nobody_is_told(business, march):
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert note_thresholds(workspace_of(business), at=DURING_MARCH) == 0
