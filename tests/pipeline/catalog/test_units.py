"""Units of measure that the API makes, beside those of the catalog."""

import threading
from decimal import Decimal
from fractions import Fraction

import pytest
from small_business import METER, NOW

from pipeline import steps
from pipeline.catalog import units
from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.catalog.units import StaleUnitError, UnitRefusedError
from transforms.period import Period
from transforms.rating.asked import Asked

MWH = {"description": "1,000 kWh", "decimals": 3, "aliases": {"watt_hour": "1/1000000"}}
CHARGE_IN_MWH = "charge: energy\nuom: MWh\ncurrency: EUR\npricing: {model: per_unit, price: 100}\n"
METER_IN_WATT_HOURS = METER.replace("unit: kwh", "unit: watt_hour")


def make(business, uom="MWh", definition=MWH):
    return units.create(business.store, with_made_units(business), uom, definition, by="Ada")


def change(business, uom="MWh", **parts):
    return units.update(business.store, with_made_units(business), uom, MWH | parts, by="Bob")


def refused(attempt, *arguments, **parts):
    with pytest.raises(UnitRefusedError) as caught:
        attempt(*arguments, **parts)
    return caught.value


def with_made_units(business):
    return Catalog.read(business.catalog_folder, units.made_units(business.store))


def test_a_unit_that_was_made_is_found_with_its_exact_factors_and_who_made_it(business):
    make(business)
    found = units.find(business.store, business.catalog, "MWh")
    assert (found.source, found.unit.decimals) == ("api", 3)
    assert found.unit.aliases == {"watt_hour": Fraction(1, 1_000_000)}
    assert units.written(found.unit) == MWH | {"rounding": "up"}
    assert business.rows("units", "created_by") == ["Ada"]


def test_units_are_listed_together_each_with_where_it_comes_from(business):
    make(business)
    found = units.listed(business.store, business.catalog)
    assert [(each.uom, each.source) for each in found] == [("MWh", "api"), ("hour", "catalog"), ("kwh", "catalog")]
    assert units.listed(business.store, with_made_units(business)) == found


def test_a_unit_that_nobody_made_is_not_found_and_cannot_be_changed(business):
    assert units.find(business.store, business.catalog, "MWh") is None
    assert refused(change, business).code == "unknown"


def test_a_change_replaces_the_whole_definition_and_says_who_did_it(business):
    make(business)
    changed = units.update(business.store, business.catalog, "MWh", {"decimals": "1"}, by="Bob")
    assert (changed.unit.decimals, changed.unit.aliases) == (1, {})
    assert business.rows("units", "created_by", "updated_by") == [("Ada", "Bob")]


def test_a_unit_of_the_catalog_is_changed_in_the_catalog(business):
    for attempt in (make, change):
        error = refused(attempt, business, uom="kwh")
        assert error.code == "in_catalog"
        assert "units.yaml" in str(error)


def test_a_name_exists_once_in_whatever_case(business):
    make(business)
    assert refused(make, business).code == "exists"
    assert refused(make, business, uom="mwh").code == "exists"
    assert refused(make, business, uom="KWH").code == "exists"
    assert [each.uom for each in units.listed(business.store, business.catalog)] == ["MWh", "hour", "kwh"]


@pytest.mark.parametrize("uom", ["", "=SUM(A1)", "-kg", "9lives", "a\nb", "x" * 51, "kg ", "a/b", "Kilogrämm"])
def test_a_name_that_a_usage_file_or_a_spreadsheet_could_misread_is_refused(business, uom):
    assert refused(make, business, uom=uom).code == "invalid"


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"decimals": 10}, "decimals: Input should be less than or equal to 9"),
        ({"rounding": "sideways"}, "rounding: "),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"aliases": {"gram": "0"}}, "a factor must be above 0"),
        ({"aliases": {"gram": "1/0"}}, "cannot be divided by 0"),
        ({"aliases": {"gram": 0.001}}, "a float has lost the digits"),
        ({"aliases": {"gram": "1e999999999"}}, "a factor is written as 1/1000 or 0.001"),
        ({"aliases": {"=gram": "1/1000"}}, "cannot name a unit"),
        ({"aliases": {f"gram {number}": "1" for number in range(101)}}, "more than 100 aliases"),
    ],
)
def test_a_definition_that_cannot_be_counted_with_is_refused_with_what_is_wrong(business, definition, said):
    error = refused(make, business, definition=definition)
    assert error.code == "invalid"
    assert said in str(error)


def test_an_alias_may_be_another_unit_as_long_as_both_agree_on_what_a_third_is_worth(business):
    make(business, definition={"aliases": {"kwh": "1/1000", "wh": "1/1000000"}})
    error = refused(make, business, uom="GWh", definition={"aliases": {"kwh": "1/1000000", "wh": "1/1000000"}})
    assert error.code == "contradiction"
    assert "1 wh is 1/1000000 GWh, but by way of kwh it is 1/1000000000 GWh" in str(error)


def test_two_units_cannot_each_be_more_than_the_other(business):
    make(business, definition={"aliases": {"kwh": "1/1000"}})
    make(business, uom="joule", definition={"aliases": {}})
    make(business, uom="watt_second", definition={"aliases": {"joule": "1"}})
    error = refused(
        units.update, business.store, business.catalog, "joule", {"aliases": {"watt_second": "2"}}, by="Bob"
    )
    assert error.code == "contradiction"
    assert refused(make, business, uom="loop", definition={"aliases": {"loop": "2"}}).code == "contradiction"


def test_a_charge_can_count_in_a_unit_that_the_api_made(business):
    make(business)
    business.declare("charges/energy.yaml", CHARGE_IN_MWH)
    business.declare("meters/energy.yaml", METER_IN_WATT_HOURS)
    catalog = with_made_units(business)
    assert catalog.factor(catalog.meter("energy")) == Fraction(1, 1_000_000)
    with pytest.raises(CatalogError, match="'MWh' is unknown"):
        Catalog.read(business.catalog_folder)


def test_without_a_store_a_unit_that_may_have_been_made_keeps_no_meter_out(business):
    business.declare("charges/energy.yaml", CHARGE_IN_MWH)
    business.declare("meters/energy.yaml", METER_IN_WATT_HOURS)
    assert list(Catalog.read(business.catalog_folder, None).meters) == ["energy"]


def test_a_unit_that_moves_into_the_catalog_as_it_is_goes_on_and_another_definition_is_a_problem(business):
    make(business)
    declared = (business.catalog_folder / "units.yaml").read_text()
    same = "units:\n  MWh: {description: '1,000 kWh', decimals: 3, aliases: {watt_hour: 1/1000000}}"
    business.declare("units.yaml", declared.replace("units:", same))
    assert with_made_units(business).declares_unit("MWh")
    business.declare("units.yaml", declared.replace("units:", same.replace("decimals: 3", "decimals: 2")))
    catalog = Catalog.load(business.catalog_folder, units.made_units(business.store))
    assert catalog.units.units["MWh"].decimals == 2
    (problem,) = catalog.problems
    assert "units.yaml:3: units.MWh was made by the API as well, with another definition" in problem


def billed_in_mwh(business):
    make(business)
    business.deliver("power/A-1/march.csv", "at,value\n2025-03-01T00:00:00Z,2500000\n")
    business.extract()
    business.declare("charges/energy.yaml", CHARGE_IN_MWH)
    business.declare("meters/energy.yaml", METER_IN_WATT_HOURS)
    workspace = steps.Workspace(business.store, with_made_units(business), business.home, business.inbox)
    period = Period.parse("2025-03")
    steps.run_meter(workspace, "energy", period, at=NOW)
    return workspace, period


def rate(workspace, period):
    return steps.rate(workspace.store, workspace.catalog, Asked(period), workspace.home, at=NOW)


def test_what_is_counted_in_a_made_unit_is_billed_by_its_rounding(business):
    billing = rate(*billed_in_mwh(business))
    assert billing.amounts == {"EUR": Decimal("250.00")}
    assert business.rows("rated_items", "uom", "quantity") == [("MWh", Decimal("2.5"))]


@pytest.mark.parametrize(
    "parts",
    [{"decimals": 2}, {"rounding": "down"}, {"aliases": {}}, {"aliases": {"watt_hour": "1/1000"}}],
    ids=["decimals", "rounding", "an alias gone", "an alias worth more"],
)
def test_what_usage_is_billed_by_cannot_change(business, parts):
    rate(*billed_in_mwh(business))
    error = refused(change, business, **parts)
    assert error.code == "billed"
    assert "make a unit of another name" in str(error)
    assert business.rows("units", "updated_by") == ["Ada"]


def test_a_description_and_one_more_alias_change_nothing_that_is_billed(business):
    rate(*billed_in_mwh(business))
    change(business, description="A thousand kilowatt hours", aliases=MWH["aliases"] | {"GWh": "1000"})
    assert units.find(business.store, with_made_units(business), "MWh").unit.aliases["GWh"] == 1000


def test_pending_usage_leaves_a_unit_free_and_a_bill_run_that_knows_the_old_one_is_refused(business):
    workspace, period = billed_in_mwh(business)
    change(business, decimals=0)
    with pytest.raises(StaleUnitError, match="unit 'MWh' was changed meanwhile: make the bill run again"):
        rate(workspace, period)
    assert business.rows("rated_items", "item_id") == []


def test_of_two_who_make_a_unit_at_once_one_is_told_that_it_exists(business):
    found, barrier = [], threading.Barrier(2)

    def attempt(uom):
        barrier.wait()
        try:
            found.append(make(business, uom=uom).uom)
        except UnitRefusedError as error:
            found.append(error.code)

    workers = [threading.Thread(target=attempt, args=(uom,)) for uom in ("MWh", "mwh")]
    for each in workers:
        each.start()
    for each in workers:
        each.join(30)
    assert "exists" in found
    assert len(business.rows("units", "uom")) == 1
