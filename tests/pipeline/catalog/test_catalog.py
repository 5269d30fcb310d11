from fractions import Fraction

import pytest
from small_business import METER

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.settings import PROJECT


def _problems(business):
    with pytest.raises(CatalogError) as caught:
        Catalog.read(business.catalog_folder)
    return [problem.removeprefix(f"{business.catalog_folder}/") for problem in caught.value.problems]


def test_the_catalog_of_this_project_is_right():
    assert len(Catalog.read(PROJECT / "catalog").meters) >= 6


def test_a_unit_that_the_charge_does_not_know_is_refused_with_line_and_nearest_word(business):
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: kwhh"))
    assert _problems(business) == [
        "meters/energy.yaml:6: map.unit: 'kwhh' is no unit of 'kwh' (known: kwh, wh); did you mean 'kwh'?"
    ]


def test_a_unit_of_another_measure_is_refused(business):
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: hour"))
    assert _problems(business) == ["meters/energy.yaml:6: map.unit: 'hour' is no unit of 'kwh' (known: kwh, wh)"]


def test_a_charge_with_an_unknown_unit_of_measure_is_refused_and_so_is_its_meter(business):
    business.declare(
        "charges/energy.yaml", "charge: energy\nuom: kwhs\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"
    )
    assert _problems(business) == [
        "charges/energy.yaml:2: uom: 'kwhs' is unknown (known: hour, kwh); did you mean 'kwh'?",
        "meters/energy.yaml:6: map.charge: 'energy' is left out, for what is wrong in charges/energy.yaml",
    ]


def test_a_charge_with_an_unknown_currency_is_refused(business):
    business.declare(
        "charges/energy.yaml", "charge: energy\nuom: kwh\ncurrency: EURO\npricing: {model: per_unit, price: 1}\n"
    )
    assert _problems(business)[0] == (
        "charges/energy.yaml:3: currency: 'EURO' is unknown (known: EUR, USD); did you mean 'EUR'?"
    )


def test_an_unknown_charge_is_refused_with_line_and_nearest_word(business):
    business.declare("meters/energy.yaml", METER.replace("charge: energy", "charge: enrgy"))
    assert _problems(business) == [
        "meters/energy.yaml:6: map.charge: 'enrgy' is unknown (known: energy); did you mean 'energy'?"
    ]


def test_an_unknown_source_is_refused_with_line_and_nearest_word(business):
    business.declare("meters/energy.yaml", METER.replace("source: power", "source: powr"))
    assert _problems(business) == [
        "meters/energy.yaml:4: source: 'powr' is unknown (known: power); did you mean 'power'?"
    ]


def test_a_wrong_key_of_a_meter_is_refused_with_line_and_nearest_word(business):
    business.declare("meters/energy.yaml", METER.replace("owner:", "ownr:"))
    assert "meters/energy.yaml:3: ownr is not a known key; did you mean 'owner'?" in _problems(business)


@pytest.mark.parametrize("folder", ["sources", "charges", "meters"])
def test_a_file_must_bear_the_name_of_what_stands_in_it(business, folder):
    kind = folder.removesuffix("s")
    (found,) = (business.catalog_folder / folder).iterdir()
    found.rename(found.with_name("other.yaml"))
    assert f"{kind} {found.stem!r} stands in other.yaml; name the file {found.stem}.yaml" in _problems(business)[0]


def test_one_wrong_meter_is_left_out_and_the_rest_can_be_used(business):
    business.declare("meters/broken.yaml", "meter: broken\n")
    catalog = Catalog.load(business.catalog_folder)
    assert list(catalog.meters) == ["energy"]
    assert len(catalog.problems) == 4
    assert all("meters/broken.yaml:1:" in problem for problem in catalog.problems)


def test_a_folder_of_the_catalog_that_is_missing_leaves_nothing_in_it(tmp_path):
    (tmp_path / "units.yaml").write_text("units: {}\ncurrencies: {}\n")
    assert Catalog.read(tmp_path) == Catalog.load(tmp_path)
    assert not Catalog.read(tmp_path).meters


def test_a_meter_that_declares_a_source_of_its_own_gives_it_its_name(business):
    own = "\n  files: own/{account}/*\n  columns: {at: at, value: value}"
    text = METER.replace("meter: energy", "meter: solar").replace("source: power", f"source:{own}")
    business.declare("meters/solar.yaml", text)
    assert business.catalog.source("solar").files == "own/{account}/*"


def test_two_meters_cannot_declare_the_same_source(business):
    own = "\n  source: power\n  files: own/{account}/*\n  columns: {at: at, value: value}"
    business.declare("meters/energy.yaml", METER.replace("source: power", f"source:{own}"))
    assert _problems(business) == ["meters/energy.yaml:4: source 'power' is declared elsewhere"]


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda catalog: catalog.meter("enery"), "there is no meter 'enery' in the catalog; did you mean 'energy'?"),
        (lambda catalog: catalog.source("pwer"), "there is no source 'pwer' in the catalog; did you mean 'power'?"),
    ],
)
def test_a_name_that_is_not_there_is_answered_with_the_nearest(business, ask, message):
    with pytest.raises(CatalogError) as caught:
        ask(business.catalog)
    assert str(caught.value) == message


def test_a_meter_that_is_left_out_of_the_catalog_is_answered_with_what_is_wrong_with_it(business):
    business.declare("meters/energy.yaml", METER.replace("function: sum", "function: summ"))
    with pytest.raises(CatalogError, match=r"there is no meter 'energy' in the catalog\n.*energy.yaml:5: .*'sum'\?"):
        Catalog.load(business.catalog_folder).meter("energy")


def test_the_factor_comes_from_the_alias_of_the_unit_and_is_exact(business):
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: wh"))
    catalog = business.catalog
    assert catalog.factor(catalog.meter("energy")) == Fraction(1, 1000)


def test_a_stated_factor_needs_no_alias(business):
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", "unit: pulse, factor: 1/3"))
    catalog = business.catalog
    assert catalog.factor(catalog.meter("energy")) == Fraction(1, 3)


@pytest.mark.parametrize("factor", ["0", "-1", "nan", "x"])
def test_a_factor_that_counts_nothing_is_refused(business, factor):
    business.declare("meters/energy.yaml", METER.replace("unit: kwh", f"unit: pulse, factor: {factor}"))
    assert _problems(business)[0].startswith("meters/energy.yaml:6: map.factor: ")


OF_ATTRIBUTES = """
source: power
files: power/{account}/*
columns: {at: at, value: value, attributes: {region: Region, tier: Tier}}
"""


@pytest.mark.parametrize(
    ("derive", "problem"),
    [
        ("{function: unique_count, of: tiers}", "'tiers'"),
        ("{function: sum, filter: {attributes: {tiers: [a]}}}", "'tiers'"),
        ("{function: sum, group_by: [tiers]}", "'tiers'"),
    ],
)
def test_an_attribute_that_the_source_does_not_have_is_refused_with_the_nearest(business, derive, problem):
    business.declare("sources/power.yaml", OF_ATTRIBUTES)
    text = METER.replace("{function: sum}", derive).replace("unit: kwh", "unit: kwh, custom_fields: {T__c: '{tiers}'}")
    if "group_by" not in derive:
        text = text.replace("{tiers}", "")
    business.declare("meters/energy.yaml", text)
    assert _problems(business) == [
        f"meters/energy.yaml:5: derive: {problem} is no attribute of source power (known: region, tier); "
        "did you mean 'tier'?"
    ]


def test_a_rule_that_nobody_wrote_is_refused_with_the_nearest(business):
    business.declare("meters/energy.yaml", METER.replace("{function: sum}", "{function: custom, rule: spred}"))
    assert _problems(business) == [
        "meters/energy.yaml:5: derive.rule: 'spred' is unknown (known: begun_minutes, mean_of_daily_peaks, spread); "
        "did you mean 'spread'?"
    ]


def test_a_coverage_needs_a_source_that_says_how_far_apart_its_samples_are(business):
    business.declare("meters/energy.yaml", METER + "coverage: {minimum: 0.9}\n")
    assert _problems(business) == [
        "meters/energy.yaml:7: coverage: source power must say how far apart its samples are (interval_seconds)"
    ]


BUNDLE = "charge: bundle\nuom: hour\ncurrency: EUR\npricing: {model: prepaid, price: 100, units: 1000}\n"
DRAWING = (
    "charge: energy\nuom: kwh\ncurrency: EUR\nuom_validation: reject\n"
    "drawdown: {uom: hour, rate: 2}\npricing: {model: per_unit, price: 1}\n"
)


def test_usage_that_draws_an_unknown_prepaid_unit_is_refused_with_line_and_nearest_word(business):
    business.declare("charges/bundle.yaml", BUNDLE)
    business.declare("charges/energy.yaml", DRAWING.replace("hour", "hours"))
    assert _problems(business)[0] == (
        "charges/energy.yaml:5: drawdown.uom: 'hours' is unknown (known: hour, kwh); did you mean 'hour'?"
    )


def test_usage_that_draws_a_unit_which_no_charge_sells_is_refused_with_those_that_are_sold(business):
    business.declare("charges/energy.yaml", DRAWING)
    assert _problems(business) == [
        "charges/energy.yaml:5: drawdown.uom: 'hour' is sold by no prepaid charge",
        "meters/energy.yaml:6: map.charge: 'energy' is left out, for what is wrong in charges/energy.yaml",
    ]
    business.declare("charges/bundle.yaml", BUNDLE.replace("uom: hour", "uom: kwh"))
    assert _problems(business)[0] == (
        "charges/energy.yaml:5: drawdown.uom: 'hour' is sold by no prepaid charge (known: kwh)"
    )


def test_what_draws_may_stand_before_what_it_draws_from(business):
    business.declare("charges/energy.yaml", DRAWING)
    business.declare("charges/hours.yaml", BUNDLE.replace("charge: bundle", "charge: hours"))
    assert list(Catalog.read(business.catalog_folder).charges) == ["energy", "hours"]


def test_a_meter_cannot_bill_what_is_prepaid(business):
    business.declare("charges/bundle.yaml", BUNDLE)
    business.declare("meters/energy.yaml", METER.replace("charge: energy, unit: kwh", "charge: bundle, unit: hour"))
    assert _problems(business) == [
        "meters/energy.yaml:6: map.charge: 'bundle' takes no usage of its own: its model is prepaid"
    ]
