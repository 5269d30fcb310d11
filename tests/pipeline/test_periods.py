"""Which billing periods a run handles: those that ended in its data interval, and those that are to be done again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from uploaded_usage import uploaded

from pipeline import periods, scheduled
from pipeline.quantities.situation import PeriodNotEndedError
from pipeline.store import ledger
from transforms.cycles import WrongPeriodError
from transforms.period import Period

QUARTER = "charge: cooling\nuom: kwh\ncurrency: EUR\nbilling_period: quarter\npricing: {model: per_unit, price: 1}\n"
COOLING = (
    "meter: cooling\nowner: a\nsource: power\nderive: {function: count}\nmap: {charge: cooling, unit: kwh, factor: 1}\n"
)
LATE = "at,value\n2025-03-20T00:00:00Z,1\n"
ACCOUNTS = "account_number,name,currency,time_zone,status,bill_cycle_day\nA-1,Mill,EUR,UTC,Active,1\n"


def noon(month, day):
    return datetime(2025, month, day, 12, tzinfo=UTC)


def to_derive(business, after, until, meter="energy"):
    return list(map(str, periods.to_derive(business.store, business.catalog, meter, after, until)))


def to_bill(business, after, until):
    return list(map(str, periods.to_bill(business.store, business.catalog, after, until)))


def to_export(business, after, until):
    return list(map(str, periods.to_export(business.store, business.catalog, after, until)))


@pytest.fixture
def cycled(business):
    """Beside the account that is billed by calendar months, one that is billed from the 15th."""
    business.deliver("customers/accounts.csv", ACCOUNTS + "A-2,Farm,EUR,UTC,Active,15\n")
    with (business.inbox / "customers/subscribed_charges.csv").open("a") as file:
        file.write("C-2,S-2,A-2,energy,2020-01-01T00:00:00Z,,Active\n")
    business.register()
    return business


def test_a_monthly_run_handles_every_period_that_ended_within_its_month(cycled):
    assert to_derive(cycled, noon(3, 1), noon(4, 1)) == ["2025-02-15--2025-03-15", "2025-03"]


def test_a_daily_run_handles_the_periods_that_ended_on_its_day(cycled):
    assert to_derive(cycled, noon(3, 14), noon(3, 15)) == ["2025-02-15--2025-03-15"]
    assert to_derive(cycled, noon(3, 15), noon(3, 16)) == []
    assert to_derive(cycled, noon(3, 31), noon(4, 1)) == ["2025-03"]


def test_a_bill_run_and_an_export_handle_the_periods_of_every_meters_charge(cycled):
    cycled.declare("charges/cooling.yaml", QUARTER)
    cycled.declare("meters/cooling.yaml", COOLING)
    for listed in (to_bill, to_export):
        assert listed(cycled, noon(3, 1), noon(4, 1)) == ["2025-Q1", "2025-02-15--2025-03-15", "2025-03"]
        assert listed(cycled, noon(4, 1), noon(5, 1)) == ["2025-03-15--2025-04-15", "2025-04"]


def test_a_charge_that_no_meter_fills_has_no_period_to_bill(business):
    business.declare("charges/cooling.yaml", QUARTER)
    assert to_bill(business, noon(3, 1), noon(4, 1)) == ["2025-03"]


def test_a_period_is_stale_once_a_file_with_readings_of_it_lands_and_no_more_once_it_is_derived(business, march):
    business.bill(march)
    assert to_derive(business, noon(4, 1), noon(4, 2)) == []
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]
    business.run()
    assert business.quantities() == [("C-1", "2025-03", 7.5, 4)]
    assert to_derive(business, noon(4, 1), noon(4, 2)) == []


def test_a_stale_period_that_ends_within_the_interval_is_handled_once(business, march):
    business.bill(march)
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    assert to_derive(business, noon(3, 1), noon(4, 1)) == ["2025-03"]


def test_a_file_with_readings_of_other_periods_makes_nothing_stale(business, march):
    business.bill(march)
    business.deliver("power/A-1/april.csv", "at,value\n2025-04-01T00:00:00Z,1\n2025-02-28T23:59:59Z,1\n")
    business.deliver("power/A-1/february.csv", "at,value\n2025-02-28T23:59:58Z,1\n")
    business.extract()
    # A file that spans the whole month is looked at, whether or not a reading of it falls within.
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]
    business.run()
    assert to_derive(business, noon(4, 1), noon(4, 2)) == []


def test_a_period_that_had_no_reading_is_stale_when_the_first_one_lands(business, march):
    business.run()
    assert business.quantities() == []
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]


def test_what_came_after_billing_adjusts_it_and_is_then_no_more_stale(business, march):
    business.bill(march)
    business.rate()
    business.deliver("power/A-1/late.csv", LATE)
    business.extract()
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]
    assert business.run().outcome == "adjusted"
    assert to_derive(business, noon(4, 1), noon(4, 2)) == []


def test_a_file_that_another_one_has_replaced_makes_its_periods_stale(business, march):
    business.bill(march)
    with business.store.begin() as connection:
        connection.exec_driver_sql("UPDATE landed_files SET replaced_by = 'another'")
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]


def test_a_file_that_landed_in_place_of_another_makes_stale_though_there_are_as_many_as_before(business, march):
    business.bill(march)
    business.deliver("power/A-1/march.csv", LATE)
    business.extract()
    with business.store.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE landed_files SET replaced_by = 'another' WHERE file_id IN (SELECT file_id FROM ledger_files)"
        )
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]


def test_of_all_ledgers_those_are_stale_that_have_other_files_than_their_span(business, march):
    """Ledgers of one source and other spans are told apart, and so are meters that have seen more of one span."""
    business.bill(march)
    business.run(period="2025-04")
    with business.store.begin() as connection:
        same_span = "SELECT 'm', period, 0, 'empty', source, from_us, until_us FROM ledgers WHERE period = '2025-03'"
        columns = "(meter, period, landed, outcome, source, from_us, until_us)"
        connection.exec_driver_sql(f"INSERT INTO ledgers {columns} {same_span}")
    business.deliver("power/A-1/april.csv", "at,value\n2025-04-02T00:00:00Z,4\n")
    business.extract()

    def stale(**asked):
        with business.store.begin() as connection:
            return [(str(period), meter) for period, meter in ledger.stale(connection, **asked)]

    assert stale() == [("2025-03", "m"), ("2025-04", "energy")]
    assert stale(meter="m") == stale(period="2025-03") == [("2025-03", "m")]
    assert stale(meter="energy", period="2025-03") == []


def test_a_reading_from_before_the_period_makes_it_stale_where_it_is_carried_in(business, march):
    meter = (business.catalog_folder / "meters/energy.yaml").read_text()
    business.declare("meters/energy.yaml", meter.replace("function: sum", "function: time_weighted_average"))
    business.bill(march)
    business.deliver("power/A-1/january.csv", "at,value\n2025-01-31T00:00:00Z,9\n")
    business.extract()
    assert to_derive(business, noon(4, 1), noon(4, 2)) == ["2025-03"]


def test_usage_that_came_after_the_bill_run_is_billed_and_exported_by_the_next_one(business, march):
    business.bill(march)
    business.rate()
    business.post()
    business.export()
    assert to_bill(business, noon(4, 1), noon(4, 2)) == to_export(business, noon(4, 1), noon(4, 2)) == []
    business.customer("A-3")
    business.deliver("power/A-3/march.csv", march)
    business.extract()
    assert business.run().outcome == "created"
    assert to_bill(business, noon(4, 1), noon(4, 2)) == ["2025-03"]
    business.rate()
    business.post()
    assert to_bill(business, noon(4, 1), noon(4, 2)) == []
    assert to_export(business, noon(4, 1), noon(4, 2)) == ["2025-03"]
    business.export()
    assert to_export(business, noon(4, 1), noon(4, 2)) == []


def test_what_was_posted_so_late_that_its_export_had_given_up_is_exported_by_the_next_one(business, march):
    business.bill(march)
    business.rate()
    assert to_export(business, noon(5, 1), noon(6, 1)) == ["2025-05"]
    business.post()
    assert to_export(business, noon(5, 1), noon(6, 1)) == ["2025-03", "2025-05"]


def test_what_was_posted_on_demand_is_exported_by_the_schedule_once_its_period_has_ended(business):
    charge = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", charge + "timing: on_demand\n")
    usage = {"account_number": "A-1", "charge_number": "C-1", "charge": "energy", "subscription_number": "S-1"}
    uploaded(business.store, usage | {"quantity": Decimal(3), "period": "2025-03"})
    business.rate(target_date=date(2025, 3, 16))
    business.post()
    assert to_export(business, noon(3, 15), noon(3, 16)) == []
    assert to_export(business, noon(3, 31), noon(4, 1)) == ["2025-03"]


def test_a_period_that_no_cycle_of_the_charge_has_is_refused_with_those_that_there_are(cycled):
    with pytest.raises(
        WrongPeriodError, match=r"2025-Q1 is no .* charge energy; .* are 2025-01, 2024-12-15--2025-01-15$"
    ):
        cycled.run(period="2025-Q1")


def test_a_run_whose_interval_has_not_ended_is_refused(monkeypatch):
    monkeypatch.setattr(scheduled, "_now", lambda: noon(3, 31))
    with pytest.raises(PeriodNotEndedError, match="2025-03 ends at 2025-04-01 12:00 UTC"):
        scheduled._written([Period.parse("2025-03")])  # noqa: SLF001 the guard that every run's list goes through
