"""A commitment to which its charges cannot contribute is left out of the catalog, with file and line."""

import pytest

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError

UNITS = "units: {kwh: {}, each: {}}\ncurrencies: {EUR: {}, USD: {}}\n"
PROMISE = """charge: promise
uom: each
currency: EUR
billing_period: quarter
pricing:
  model: commitment
  amount: 10
  charges: [energy, cooling]
"""
COOLING = "charge: cooling\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"


@pytest.fixture
def promised(business):
    business.declare("units.yaml", UNITS)
    business.declare("charges/cooling.yaml", COOLING)
    business.declare("charges/promise.yaml", PROMISE)
    return business


def test_charges_contribute_wherever_their_files_stand(promised):
    assert promised.catalog.charges["promise"].pricing.charges == ("energy", "cooling")


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("[energy, cooling]", "[energy, coolin]", "'coolin' is no charge of the catalog; did you mean 'cooling'?"),
        ("[energy, cooling]", "[promise]", "promise is a commitment itself"),
        ("EUR", "USD", "energy is priced in EUR, the commitment in USD"),
    ],
)
def test_a_charge_that_cannot_contribute_is_named_with_file_and_line(promised, before, after, problem):
    path = promised.declare("charges/promise.yaml", PROMISE.replace(before, after))
    found = Catalog.load(promised.catalog_folder)
    assert found.problems[0] == f"{path}:8: pricing.charges: {problem}"
    assert found.charges.keys() == {"energy", "cooling"}


def test_a_commitment_of_periods_that_others_lie_across_is_refused(promised):
    promised.declare("charges/cooling.yaml", COOLING + "billing_period: half_year\n")
    with pytest.raises(CatalogError, match=r"cooling is billed by the half_year, the commitment for a quarter$"):
        promised.catalog  # noqa: B018  reading it is what is tried


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("uom: each", "uom: kwh", "a commitment is an amount of money; it counts in each, the charge says uom: kwh"),
        ("currency", "alignment: anniversary\ncurrency", "a commitment is for billing periods by the calendar"),
        ("[energy, cooling]", "[energy, energy]", "charges names energy more than once"),
        ("[energy, cooling]", "[]", "list at least 1"),
        ("amount: 10", "amount: 0", "greater than 0"),
    ],
)
def test_a_commitment_that_makes_no_sense_is_refused(promised, before, after, problem):
    promised.declare("charges/promise.yaml", PROMISE.replace(before, after))
    with pytest.raises(CatalogError, match=problem):
        promised.catalog  # noqa: B018  as above


def test_a_meter_cannot_feed_a_commitment(promised):
    meter = "meter: promised\nowner: a\nsource: power\nderive: {function: sum}\nmap: {charge: promise, unit: each}\n"
    path = promised.declare("meters/promised.yaml", meter)
    assert Catalog.load(promised.catalog_folder).problems == [
        f"{path}:5: map.charge: 'promise' takes no usage of its own: its model is commitment"
    ]
