"""Before the bill run: what it will leave behind is listed, with the money, and then exactly that stays Pending."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner
from small_business import METER
from uploaded_usage import uploaded

from pipeline.billing.preflight import Foreseen, Intake, describe, preflight
from pipeline.commands.usage import preflight as command
from transforms.period import Period
from transforms.rating.usage import RatingError

MARCH = Period.parse("2025-03")
FREE = "charge: energy\nuom: kwh\ncurrency: EUR\nnegative_usage: allow\npricing: {}\n"


def _preflight(business):
    return preflight(business.store, business.catalog, MARCH)


def _at_risk(business):
    return _preflight(business).at_risk


def test_where_everything_will_be_billed_nothing_is_listed(business, march):
    business.bill(march)
    assert _preflight(business) == Foreseen([], [])
    told = "  none\n  0 records will not be billed; at risk nothing, and 0 of unknown worth"
    assert describe(Foreseen([], []), business.catalog.units) == told


def test_what_no_charge_takes_is_listed_with_reason_and_money_and_stays_pending(business, march):
    business.bill(march)
    _, (right, none, unit, early) = uploaded(
        business.store,
        {"quantity": Decimal(2)},
        {"charge_number": None, "charge": None, "uom": "gallon"},
        {"uom": "wh", "quantity": Decimal(8000)},
        {"start_at": datetime(2019, 12, 31, tzinfo=UTC), "quantity": Decimal(3)},
    )
    found = {each.record_id: (each.reason, each.amount, each.currency) for each in _at_risk(business)}
    assert found == {
        none: ("no charge of account A-1 matches usage counted in gallon", None, None),
        unit: ("counted in wh, the charge bills kwh", Decimal("2.00"), "EUR"),  # 8 kWh at 0.25
        # 8.5 kWh are 2.125, with 3 more 2.875: 2.88 - 2.13
        early: ("starts before the charge was subscribed to, at 2020-01-01T00:00:00+00:00", Decimal("0.75"), "EUR"),
    }
    run = business.rate()
    assert (run.records, run.amounts) == (2, {"EUR": Decimal("2.13")})
    assert len(run.left_pending) == 3
    assert f"record {none}: no charge of account A-1 matches usage counted in gallon" in run.left_pending
    assert business.rows("usage_records WHERE status = 'Pending'", "record_id") == [none, unit, early]
    assert business.rows(f"usage_records WHERE record_id = {right}", "status") == ["Processed"]


def test_the_money_at_risk_is_added_up_by_currency(business, march):
    business.declare(
        "charges/heat.yaml", "charge: heat\nuom: kwh\ncurrency: USD\npricing: {model: per_unit, price: 1}\n"
    )
    business.customer("A-2", of="heat")
    business.bill(march)
    uploaded(
        business.store,
        {"uom": "wh", "quantity": Decimal(1000)},
        {"account_number": "A-2", "subscription_number": "S-2", "charge_number": "C-2", "charge": "heat"},
        {"charge_number": None, "charge": None, "uom": "gallon"},
    )
    told = describe(_preflight(business), business.catalog.units).splitlines()[-1]
    assert told == "  3 records will not be billed; at risk 0.25 EUR, 1.00 USD, and 1 of unknown worth"


def test_usage_without_a_custom_field_that_the_catalog_requires_is_listed(business, march):
    business.bill(march)
    _, (right,) = uploaded(business.store, {"custom_fields": {"SITE__c": "7"}})
    business.declare("custom_fields.yaml", "custom_fields:\n  SITE__c: {required: true}\n")
    (found,) = _at_risk(business)
    assert (found.reason, found.amount) == ("the required custom field SITE__c is missing", Decimal("1.63"))
    assert business.rate().records == 1
    assert business.rows("usage_records WHERE status = 'Processed'", "record_id") == [right]


def test_a_preflight_neither_waits_for_a_bill_run_nor_keeps_one_waiting(business, march):
    business.bill(march)
    before = business.contents()
    with business.store.begin() as connection:
        connection.exec_driver_sql("SELECT 1 FROM usage_records FOR UPDATE")
        assert _at_risk(business) == []
    assert business.contents() == before


def test_an_adjustment_is_rated_with_the_record_that_it_corrects(business, march):
    charge = (business.catalog_folder / "charges/energy.yaml").read_text()
    business.declare("charges/energy.yaml", charge + "rating_group: record\nnegative_usage: allow\n")
    business.bill(march)
    business.rate()
    (billed,) = business.rows("usage_records", "record_id")
    uploaded(business.store, {"quantity": Decimal(-1), "negative_allowed": True, "corrects": billed})
    business.rate()
    # 5.5 kWh are 1.375, 1.63 was billed
    assert business.rows("rated_items", "group_key", "amount") == [
        (str(billed), Decimal("-0.25")),
        (str(billed), Decimal("1.63")),
    ]


def test_the_command_tells_what_the_preflight_found(named, march):
    named.bill(march)
    uploaded(named.store, {"uom": "wh", "quantity": Decimal(8000)})
    shown = CliRunner().invoke(command, ["2025-03"], catch_exceptions=False)
    assert "2.00 EUR  counted in wh, the charge bills kwh" in shown.output


@pytest.mark.parametrize("wrong", ["2025-13", "March"])
def test_the_command_says_what_a_period_is(wrong):
    shown = CliRunner().invoke(command, [wrong])
    assert shown.exit_code == 2
    assert "is not a billing period" in shown.output


DYNAMIC = """
charge: energy
uom: kwh
currency: EUR
rating_group: record
pricing: {model: dynamic, attributes: {Region: REGION__c}, table: prices.csv}
"""
PRICES = "Region,effective,price\nnorth,2025-03-10T00:00:00+00:00,0.50\n"
METER_IN_NORTH = METER.replace("unit: kwh", "unit: kwh, custom_fields: {REGION__c: north}")


def test_usage_that_its_decision_table_cannot_price_is_listed_before_it_stops_the_bill_run(business):
    business.declare("charges/prices.csv", PRICES)
    business.declare("charges/energy.yaml", DYNAMIC)
    business.declare("meters/energy.yaml", METER_IN_NORTH)
    start = datetime(2025, 3, 10, tzinfo=UTC)
    _, (right, early, without, elsewhere) = uploaded(
        business.store,
        {"start_at": start, "custom_fields": {"REGION__c": "north"}},
        {"start_at": datetime(2025, 3, 9, tzinfo=UTC), "custom_fields": {"REGION__c": "north"}},
        {"start_at": start, "custom_fields": {}},
        {"start_at": start, "custom_fields": {"REGION__c": "east"}},
    )
    found = {each.record_id: each.reason for each in _at_risk(business)}
    assert right not in found
    assert found.keys() == {early, without, elsewhere}
    assert all(reason.startswith("stops the bill run: ") for reason in found.values())
    assert "REGION__c" in found[without]


def test_usage_that_falls_back_to_its_list_price_is_told_and_billed_at_it(business):
    fallback = "fallback: list_price, list_price: {model: per_unit, price: 0.75}}"
    business.declare("charges/prices.csv", PRICES)
    business.declare("charges/energy.yaml", DYNAMIC.replace("prices.csv}", f"prices.csv, {fallback}"))
    business.declare("meters/energy.yaml", METER_IN_NORTH)
    _, (right, early) = uploaded(
        business.store,
        {"start_at": datetime(2025, 3, 10, tzinfo=UTC), "custom_fields": {"REGION__c": "north"}},
        {"start_at": datetime(2025, 3, 9, tzinfo=UTC), "custom_fields": {"REGION__c": "north"}},
    )
    found = _preflight(business)
    why = "it starts at 2025-03-09T00:00:00+00:00, before the first price for Region 'north', of {}T00:00:00+00:00"
    why = why.format("2025-03-10")
    assert (found.at_risk, found.at_list_price) == ([], [f"record {early}: {why}"])
    assert describe(found, business.catalog.units).splitlines()[2:] == [
        "  1 records will be billed at their list price:",
        f"    record {early}: {why}",
    ]
    business.run()
    business.rate()
    amounts = business.rows("rated_items", "group_key", "amount")
    assert amounts == sorted([(str(right), Decimal("0.50")), (str(early), Decimal("0.75"))])


@pytest.mark.parametrize(
    ("pricing", "quantities", "why"),
    [
        ("{model: per_unit, price: 1}", (3, -5), "usage cannot end below zero"),
        ("{model: tiered, tiers: [{up_to: 4, price: 1}]}", (3, 2), "is above the last tier"),
    ],
)
def test_usage_that_comes_to_what_has_no_price_is_listed_before_it_stops_the_bill_run(
    business, pricing, quantities, why
):
    business.declare("charges/energy.yaml", FREE.format(pricing))
    _, numbers = uploaded(
        business.store, *({"quantity": Decimal(each), "negative_allowed": True} for each in quantities)
    )
    found = {each.record_id: each.reason for each in _at_risk(business)}
    assert list(found) == numbers
    assert all(reason.startswith("stops the bill run: ") and why in reason for reason in found.values())
    business.run()
    with pytest.raises(RatingError, match=why):
        business.rate()


def test_what_waits_to_be_given_back_keeps_other_usage_of_its_own_period_alone(business):
    """A commitment's period asks of several periods at once what a bill run of each would take."""
    business.register()
    usage = {"uom": "kwh", "account_number": "A-1", "charge_number": "C-1", "charge": "energy", "custom_fields": {}}
    usage |= {"start_at": datetime(2025, 3, 1, tzinfo=UTC), "status": "Pending"}
    rows = [
        usage | {"record_id": 1, "period": "2025-03", "corrects": 9, "quantity": Decimal(-3)},
        usage | {"record_id": 2, "period": "2025-03", "corrects": None, "quantity": Decimal(5)},
        usage | {"record_id": 3, "period": "2025-04", "corrects": None, "quantity": Decimal(5)},
    ]
    with business.store.begin() as connection:
        taken = Intake.read(connection, business.catalog).sort_out(rows).taken
    assert [row["record_id"] for row in taken] == [3]
