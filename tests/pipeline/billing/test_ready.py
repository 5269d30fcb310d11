"""A period may be billed when every meter that has it is loaded, and only then."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline import periods
from pipeline.billing import ready
from pipeline.billing.post import cancel_rated
from pipeline.store import bill_runs
from transforms.cycles import WrongPeriodError
from transforms.period import Period
from transforms.rating.asked import Asked

MARCH, QUARTER = Period.parse("2025-03"), Period.parse("2025-Q1")
COOLING = "charge: cooling\nuom: kwh\ncurrency: EUR\nbilling_period: quarter\npricing: {model: per_unit, price: 1}\n"
METER = "meter: cooling\nowner: a\nsource: power\nderive: {function: sum}\nmap: {charge: cooling, unit: kwh}\n"


@pytest.fixture
def cooled(business):
    """The small business with a second meter, whose charge is billed by the quarter."""
    business.declare("charges/cooling.yaml", COOLING)
    business.declare("meters/cooling.yaml", METER)
    return business


def missing(business, period):
    return ready.missing_meters(business.store, business.catalog, period)


def test_a_period_waits_for_the_meters_whose_charge_has_it_and_for_no_other(cooled, march):
    assert missing(cooled, MARCH) == ["energy"]
    assert missing(cooled, QUARTER) == ["cooling"]
    cooled.bill(march)
    assert missing(cooled, MARCH) == []
    assert missing(cooled, QUARTER) == ["cooling"]


def test_late_usage_of_a_billed_period_does_not_wait_for_a_meter_that_was_declared_since(business, march):
    business.invoice(march)
    business.declare("meters/cooling.yaml", METER.replace("charge: cooling", "charge: energy"))
    business.bill("at,value\n2025-03-20T00:00:00Z,2\n", "power/A-1/late.csv")
    assert missing(business, MARCH) == []
    assert missing(business, Period.parse("2025-04")) == ["cooling", "energy"]
    assert business.rate().amounts == {"EUR": Decimal("0.50")}


def test_a_period_that_no_charge_has_is_refused_with_those_that_there_are(cooled):
    with pytest.raises(WrongPeriodError, match=r"2025-H1 is no .* any charge; .* are 2025-Q1, 2025-01$"):
        missing(cooled, Period.parse("2025-H1"))
    with pytest.raises(WrongPeriodError, match="2025-H1"):
        cooled.rate("2025-H1")


def test_a_charge_that_no_meter_feeds_is_billed_as_soon_as_somebody_subscribes_to_it(business, now):
    business.declare("charges/cooling.yaml", COOLING)
    with pytest.raises(WrongPeriodError):
        business.rate("2025-Q1")
    business.customer("A-2", of="cooling")
    assert QUARTER in periods.to_bill(business.store, business.catalog, datetime(2025, 3, 1, tzinfo=UTC), now)
    usage = {"account_number": "A-2", "charge_number": "C-2", "charge": "cooling", "subscription_number": "S-2"}
    uploaded(business.store, usage | {"quantity": Decimal(3), "period": "2025-Q1"})
    assert business.rate("2025-Q1").amounts == {"EUR": Decimal("3.00")}


def test_readings_are_in_once_the_source_was_taken_to_the_end_of_the_last_period(business):
    assert ready.readings_are_in(business.store, "power", [])
    assert not ready.readings_are_in(business.store, "power", [MARCH])
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-01T00:00:00Z,1\n")
    business.extract()
    assert ready.readings_are_in(business.store, "power", [MARCH, QUARTER])
    assert not ready.readings_are_in(business.store, "power", [MARCH, Period.parse("2026-01")])


def test_a_period_whose_bill_run_was_cancelled_is_not_posted_until_it_is_rated_and_posted_again(business, march):
    def posted():
        return ready.is_posted(business.store, MARCH)

    business.bill(march)
    business.rate()
    assert not posted()
    cancel_rated(business.store, MARCH, by="ann", reason="it was not approved")
    assert not posted(), "an export that waits would write a period of which nothing is billed"
    business.rate()
    assert not posted()
    business.post()
    assert posted()


def test_a_period_for_which_nothing_is_due_is_posted_once_it_is_rated(business):
    business.deliver("power/A-1/april.csv", "at,value\n2025-04-01T00:00:00Z,1\n")
    business.extract()
    business.run()
    assert not ready.is_posted(business.store, MARCH)
    assert business.rate().outcome == "nothing_due"
    assert ready.is_posted(business.store, MARCH)


@pytest.mark.parametrize("part", [{"batch": "north"}, {"target_date": MARCH.start}])
def test_a_part_that_could_not_be_rated_holds_nothing_up_once_the_whole_period_is_billed(business, march, part):
    business.bill(march)
    with business.store.begin() as connection:
        bill_runs.draft(connection, Asked(MARCH, **part), "ann")
    assert business.rate().amounts == {"EUR": Decimal("1.63")}
    business.post()
    assert ready.is_posted(business.store, MARCH)
