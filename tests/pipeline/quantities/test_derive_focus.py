"""The real cloud usage of `tests/data/focus` through a meter: many tenants, many units in one column, credits."""

import csv
import json
from collections import defaultdict
from decimal import Decimal

import pytest

from pipeline import artefact, steps
from pipeline.settings import PROJECT
from transforms.period import Period

DATA = PROJECT / "tests" / "data" / "focus"
FILE = DATA / "focus_sample_1.0.csv"
ANSWERS = json.loads((DATA / "answers.json").read_text(encoding="utf-8"))
SOURCE = """
source: cloud
files: cloud/*.csv
columns:
  at: ChargePeriodStart
  value: VALUE
  account: SubAccountId
  event_id: Id
  attributes: {service: ServiceName, unit: ConsumedUnit, category: ChargeCategory}
duplicates: reject
lookup: tenants
"""
METER = """
meter: energy
owner: billing@example.com
source: cloud
derive: {DERIVE}
map:
  charge: energy
  unit: kwh
  custom_fields: {SERVICE__c: "{service}", UNIT__c: "{unit}"}
"""
GROUPED = "function: sum, group_by: [service, unit]"


@pytest.fixture
def cloud(business, now):
    """Land the file, with one account for each tenant, and derive September by a derivation."""

    def run(derivation=GROUPED, value="ConsumedQuantity", source=SOURCE):
        _register(business)
        text = METER.replace("DERIVE", derivation)
        grouped = "group_by" in derivation
        business.declare("meters/energy.yaml", text if grouped else text.split("  custom_fields")[0])
        business.declare("sources/cloud.yaml", source.replace("VALUE", value))
        business.deliver("cloud/september.csv", FILE.read_bytes())
        extracted = business.extract("cloud")
        catalog = business.catalog
        meter, month = catalog.meter("energy"), Period.parse("2024-09")
        table, about = artefact.read(steps.derive(business.store, catalog, meter, month, business.home, at=now))
        return extracted, table.to_pylist(), {(line["place"], line["reason"]): line["rows"] for line in about["lines"]}

    return run


def rows():
    with FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def tenants():
    return sorted({row["SubAccountId"] for row in rows()})


def _register(business):
    """Give every tenant an account: T-0 and so on, in their order."""
    numbered = list(enumerate(tenants()))
    business.declare("lookups/tenants.csv", "key,account_number\n" + "".join(f"{key},T-{n}\n" for n, key in numbered))
    accounts = "".join(f"T-{n},Tenant,EUR,UTC,Active\n" for n, _ in numbered)
    charges = "".join(f"{n},S-{n},T-{n},energy,2020-01-01T00:00:00Z,,Active\n" for n, _ in numbered)
    for name, text in (("accounts", accounts), ("subscribed_charges", charges)):
        path = business.inbox / "customers" / f"{name}.csv"
        path.write_text(path.read_text().splitlines(keepends=True)[0] + text)
    business.register()


def sums(column, wanted=lambda _: True):
    """Add up a column by tenant, service and unit in plain Python, leaving out what is NULL."""
    found = defaultdict(Decimal)
    for row in rows():
        if wanted(row) and row[column] != "NULL":
            found[row["SubAccountId"], row["ServiceName"], row["ConsumedUnit"]] += Decimal(row[column])
    return dict(found)


def told(derived):
    """Name derived sums by tenant, service and unit."""
    names = tenants()
    return {
        (names[int(row["charge_number"])], row["attribute_service"], row["attribute_unit"]): Decimal(row["numerator"])
        for row in derived
    }


def test_every_tenants_use_of_every_service_in_every_unit_is_what_two_others_worked_out(cloud):
    extracted, derived, places = cloud()
    assert told(derived) == sums("ConsumedQuantity")
    answers = {tuple(key.split("|")): Decimal(each["consumed"]) for key, each in ANSWERS["by_group"].items()}
    assert told(derived) == answers
    assert (len(derived), sum(row["readings"] for row in derived)) == (299, ANSWERS["total_consumed_rows"])
    # The one NULL is quarantined in the open; the row that bears October's billing period is of September.
    assert (extracted.rows_quarantined, places) == (1, {("used", ""): 999})


def test_credits_and_adjustments_are_left_out_where_the_source_says_so(cloud):
    extracted, derived, places = cloud(source=SOURCE + "leave_out: {ChargeCategory: [Credit, Adjustment]}\n")
    assert (extracted.readings, extracted.rows_quarantined, extracted.rows_left_out) == (997, 0, 3)
    assert told(derived) == sums("ConsumedQuantity", lambda row: row["ChargeCategory"] == "Usage")
    assert places == {("used", ""): 997}


def test_money_is_derived_to_the_last_digit_too(cloud):
    _, derived, _ = cloud(value="BilledCost")
    assert told(derived) == sums("BilledCost")
    credited = sum(Decimal(row["BilledCost"]) for row in rows() if row["ConsumedQuantity"] == "NULL")
    assert sum(told(derived).values()) - credited == Decimal(ANSWERS["total_billed_cost"])


def test_of_mixed_units_a_meter_takes_those_that_its_filter_names(cloud):
    filtered = "function: sum, filter: {attributes: {unit: [GB-Months, GB Months], category: [Usage]}}"
    _, derived, places = cloud(filtered)
    wanted = sums("ConsumedQuantity", lambda row: _by_month(row) and row["ChargeCategory"] == "Usage")
    by_tenant = defaultdict(Decimal)
    for (tenant, _, _), quantity in wanted.items():
        by_tenant[tenant] += quantity
    names = tenants()
    assert {names[int(row["charge_number"])]: Decimal(row["numerator"]) for row in derived} == by_tenant
    used = sum(_by_month(row) and row["ChargeCategory"] == "Usage" for row in rows())
    assert places == {("used", ""): used, ("out_of_scope", "filtered"): 999 - used}


def _by_month(row):
    return row["ConsumedUnit"] in {"GB-Months", "GB Months"}


def test_what_comes_to_less_than_nothing_is_quarantined_and_the_rest_is_billed_apart(business, cloud):
    cloud()
    loaded = business.run(period="2024-09")
    below = [key for key, quantity in sums("ConsumedQuantity").items() if quantity < 0]
    assert (loaded.records, loaded.quarantined, len(below)) == (299 - len(below), len(below), len(below))
    fields = business.rows("usage_records", "custom_fields ->> 'SERVICE__c'", "custom_fields ->> 'UNIT__c'", "readings")
    assert len(fields) == 299 - len(below)
    assert len({(service, unit) for service, unit, _ in fields}) > 60
