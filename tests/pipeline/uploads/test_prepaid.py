"""Uploads for a customer who has bought prepaid units: usage is of the charge that draws them, in its own unit."""

import pytest

BUNDLE = "charge: bundle\nuom: hour\ncurrency: EUR\npricing: {model: prepaid, price: 100, units: 1000}\n"
ENERGY = (
    "charge: energy\nuom: kwh\ncurrency: EUR\nuom_validation: reject\n"
    "drawdown: {uom: hour, rate: 2}\npricing: {model: per_unit, price: 0.25}\n"
)


@pytest.fixture
def counter(desk):
    """A-1 has bought hours (B-1), of which each kWh of C-1 draws two."""
    desk.declare("charges/bundle.yaml", BUNDLE)
    desk.declare("charges/energy.yaml", ENERGY)
    with (desk.inbox / "customers" / "subscribed_charges.csv").open("a") as file:
        file.write("B-1,S-1,A-1,bundle,2020-01-01T00:00:00Z,,Active\n")
    desk.register()
    return desk


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"UOM": "hour"}, "uom_rejected 'hour' (C-1 counts kwh)"),
        ({"UOM": "hour", "CHARGE_ID": "B-1"}, "charge_not_usage 'B-1' (it is of bundle)"),
    ],
)
def test_usage_is_not_taken_in_the_prepaid_unit_nor_for_what_is_prepaid(counter, usage_file, row, reason):
    found = counter.load(usage_file(row))
    assert (found["status"], found["imported_count"]) == ("Failed", 0)
    assert reason in found["status_reason"]


def test_usage_in_its_own_unit_is_taken_by_the_charge_that_draws(counter, usage_file):
    counter.loaded(usage_file({}))
    assert counter.usage() == [("C-1", None, "1")]
