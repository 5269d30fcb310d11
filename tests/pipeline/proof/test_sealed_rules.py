"""Rules that are sealed as text are the same rules when they are read back."""

from dataclasses import fields

import pytest

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.proof.sealed_rules import Rules, seal_rules, unseal_rules
from pipeline.settings import PROJECT

NOT_RULES = {"problems", "made"}  # what is wrong in a catalog, and which of its units the API made


@pytest.fixture(scope="module")
def catalog():
    return Catalog.read(PROJECT / "catalog")


def again(catalog):
    """Seal a whole catalog, write it as text, and read it back."""
    return unseal_rules(
        Rules.model_validate_json(seal_rules(catalog, catalog.meters, catalog.charges).model_dump_json())
    )


def test_every_meter_charge_and_source_of_the_catalog_comes_back_as_it_was(catalog):
    found = again(catalog)
    assert (found.meters, found.charges) == (catalog.meters, catalog.charges)
    assert found.sources == {name: catalog.sources[name] for name in found.sources}
    assert {each.source_name for each in catalog.meters.values()} == set(found.sources)


def test_factors_and_roundings_come_back_exactly(catalog):
    found = again(catalog)
    assert {name: found.factor(each) for name, each in found.meters.items()} == {
        name: catalog.factor(each) for name, each in catalog.meters.items()
    }
    assert found.units.units == {uom: catalog.units.units[uom] for uom in found.units.units}
    assert found.units.currencies.items() <= catalog.units.currencies.items()


def test_lookups_and_custom_fields_come_back_too(business):
    business.declare("lookups/sites.csv", "key,account_number\nnorth,A-1\n")
    source = business.catalog_folder / "sources" / "power.yaml"
    source.write_text(source.read_text() + "lookup: sites\n")
    business.declare("custom_fields.yaml", "custom_fields:\n  SITE__c: {kind: choice, values: [north, south]}\n")
    found = again(business.catalog)
    assert (found.lookups, found.custom_fields) == (business.catalog.lookups, business.catalog.custom_fields)


def test_only_what_is_billed_by_is_sealed(business):
    business.declare(
        "charges/other.yaml", "charge: other\nuom: hour\ncurrency: USD\npricing: {model: per_unit, price: 1}\n"
    )
    rules = seal_rules(business.catalog, ["energy"], ["energy"])
    assert (set(rules.charges), set(rules.units), set(rules.currencies)) == ({"energy"}, {"kwh"}, {"EUR"})


def test_a_charge_that_is_billed_and_gone_from_the_catalog_is_asked_back(business):
    with pytest.raises(CatalogError, match="charge 'gone' is billed, and not in the catalog: put it back"):
        seal_rules(business.catalog, [], ["gone"])


def test_every_part_of_a_catalog_is_sealed_or_known_to_be_no_rule():
    parts = {field.name for field in fields(Catalog)} - NOT_RULES
    assert parts == set(Rules.model_fields) - {"currencies"}  # which stand in units.yaml
