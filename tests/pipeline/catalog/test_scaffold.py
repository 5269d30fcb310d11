import csv

import pytest
import yaml

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError
from pipeline.catalog.scaffold import ScaffoldError, new_meter


@pytest.fixture
def scenarios(tmp_path):
    return tmp_path / "scenarios"


def test_a_new_meter_is_one_yaml_file_and_one_scenario_and_passes_the_check(business, scenarios):
    written = new_meter("solar", None, business.catalog_folder, scenarios)
    assert [path for path in written if not path.is_file()] == []
    assert written[0] == business.catalog_folder / "meters/solar.yaml"
    assert {path.relative_to(scenarios).parts[0] for path in written[1:]} == {"solar"}
    catalog = Catalog.read(business.catalog_folder)
    assert catalog.meter("solar").map.charge == "energy"
    assert catalog.meter("solar").source_name == "solar"


def test_the_scenario_comes_out_as_it_says(business, scenarios):
    """Deliver the scenario's own inbox and hold the result against its expected usage."""
    new_meter("solar", "energy", business.catalog_folder, scenarios)
    story = scenarios / "solar"
    for path in (story / "inbox").rglob("*.csv"):
        business.deliver(path.relative_to(story / "inbox").as_posix(), path.read_bytes())
    business.register()
    business.extract("solar")
    (period,) = yaml.safe_load((story / "scenario.yaml").read_text())["periods"]
    business.run("solar", period)
    names = ("account_number", "charge_number", "uom", "quantity", "readings")
    found = [tuple(map(str, (a, c, u, q.normalize(), r))) for a, c, u, q, r in business.rows("usage_records", *names)]
    with (story / "expected/usage.csv").open(newline="") as file:
        assert found == [tuple(row[name] for name in names) for row in csv.DictReader(file)]


@pytest.mark.parametrize("place", ["catalog/meters/solar.yaml", "scenarios/solar/scenario.yaml"])
def test_what_is_there_already_is_never_overwritten(business, scenarios, place):
    path = business.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("# mine\n") if "scenarios" in place else path.write_text(
        "meter: solar\nowner: a\nsource: power\nderive: {function: sum}\nmap: {charge: energy, unit: kwh}\n"
    )
    before = {each: each.read_text() for each in business.folder.rglob("*.*") if each.is_file()}
    with pytest.raises(ScaffoldError, match="is there already"):
        new_meter("solar", None, business.catalog_folder, scenarios)
    assert {each: each.read_text() for each in business.folder.rglob("*.*") if each.is_file()} == before


@pytest.mark.parametrize("name", ["Solar", "solar-power", "../solar", "1solar", "", "sölar", "a" * 51])
def test_a_name_that_is_none_is_refused(business, scenarios, name):
    with pytest.raises(ScaffoldError, match="is no name for a meter"):
        new_meter(name, None, business.catalog_folder, scenarios)
    assert not scenarios.exists()


def test_the_name_of_a_source_is_refused(business, scenarios):
    with pytest.raises(ScaffoldError, match="there is a source 'power' already"):
        new_meter("power", None, business.catalog_folder, scenarios)


def test_an_unknown_charge_is_refused_with_the_nearest(business, scenarios):
    with pytest.raises(ScaffoldError, match=r"no charge 'enrgy' in the catalog; did you mean 'energy'\?"):
        new_meter("solar", "enrgy", business.catalog_folder, scenarios)


def test_a_broken_catalog_is_told_before_anything_is_written(business, scenarios):
    business.declare("meters/broken.yaml", "meter: broken\n")
    with pytest.raises(CatalogError):
        new_meter("solar", None, business.catalog_folder, scenarios)
    assert not scenarios.exists()
