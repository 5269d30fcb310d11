from decimal import Decimal

import pytest

from pipeline.usage.map import read_usage

METER = """
meter: energy
owner: billing@example.com
source: power
derive: {function: sum}
map:
  charge: energy
  unit: wh
  rounding: {decimals: 2, mode: half_up}
  description: "{function} of {readings} readings in {period} by {meter}"
  custom_fields: {ORIGIN__c: "{meter}", COUNT__c: "{readings}"}
"""


@pytest.fixture
def record(business, march):
    """The one usage record of March: 6.5 Wh, counted in kWh at two decimals."""
    business.declare("meters/energy.yaml", METER)
    business.deliver("power/A-1/march.csv", march)
    business.extract()
    usage, _ = business.prepare()
    (found,), _ = read_usage(usage)
    return found


def test_a_quantity_is_brought_to_the_charges_unit_and_rounded_once(record):
    assert (record.quantity, record.uom) == (Decimal("0.01"), "kwh")  # 6.5 Wh are 0.0065 kWh


def test_the_words_of_a_description_are_filled_in(record):
    assert record.description == "sum of 3 readings in 2025-03 by energy"


def test_custom_fields_are_filled_in(record):
    assert record.custom_fields == {"ORIGIN__c": "energy", "COUNT__c": "3"}


def test_a_record_bears_its_account_subscription_and_period(record):
    names = (record.account_number, record.subscription_number, record.charge_number, record.charge, record.period)
    assert names == ("A-1", "S-1", "C-1", "energy", "2025-03")
    assert [moment.isoformat() for moment in (record.start_at, record.end_at)] == [
        "2025-03-01T00:00:00+00:00", "2025-04-01T00:00:00+00:00"
    ]  # fmt: skip


def test_what_is_loaded_is_what_was_mapped(business, record):
    business.run()
    columns = ("record_key", "quantity", "description", "custom_fields", "readings")
    assert business.rows("usage_records", *columns) == [
        (record.record_key, record.quantity, record.description, dict(record.custom_fields), 3)
    ]


@pytest.mark.parametrize("days", [1, 30])
def test_a_subscription_that_begins_in_the_month_starts_the_record_there(business, march, days):
    path = business.inbox / "customers/subscribed_charges.csv"
    path.write_text(path.read_text().replace("2020-01-01", f"2025-03-{days:02}"))
    business.register()
    business.bill(march)
    assert [str(start) for start in business.rows("usage_records", "start_at")] == [f"2025-03-{days:02} 00:00:00+00:00"]
