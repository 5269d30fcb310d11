"""What a data engineer gets wrong in the catalog is told in one line: which file and line, what, and what to write."""

import pytest
from small_business import CHARGE, METER, SOURCE

from pipeline.catalog.catalog import Catalog
from pipeline.catalog.documents import CatalogError

OWN = "source:\n  files: own/{account}/*\n  columns: {at: at, value: value}"
FIELDS = "custom_fields:\n  Region__c: {kind: choice, values: [north]}\n  Seats__c: {kind: integer}\n"
TIERS = "{model: tiered, tiers: [{up_to: 9, price: 0.5}, {price: 0.4}]}"
M, S, C, F = "meters/energy.yaml", "sources/power.yaml", "charges/energy.yaml", "custom_fields.yaml"
TEXTS = {
    M: METER.replace("source: power", OWN),
    S: SOURCE,
    C: CHARGE.replace("{model: per_unit, price: 0.25}", TIERS),
    F: FIELDS,
}
NAME = "write a small letter, then small letters, digits and underscores, 50 in all at most"
FIELD = "write a letter, then up to 40 letters, digits and underscores, then __c, such as Region__c"


def _problems(business, **more):
    for name, text in (TEXTS | more).items():
        business.declare(name, text)
    return [each.removeprefix(f"{business.catalog_folder}/") for each in Catalog.load(business.catalog_folder).problems]


def test_the_catalog_that_mistakes_are_made_in_is_right(business):
    assert _problems(business) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "problem"),
    [
        (M, "meter: energy", "meter: Energy", f"2: meter: {NAME}; found 'Energy'"),
        (M, "charge: energy", "charge: e-mail", f"8: map.charge: {NAME}; found 'e-mail'"),
        (M, "at: at", "at: at, attributes: {Site: s}", f"6: source.columns.attributes.Site: {NAME}; "),
        (M, "unit: kwh", "unit: kwh, custom_fields: {NOTE: x}", f"8: map.custom_fields.NOTE: {FIELD}"),
        (F, "Seats__c", "Seats", f"3: custom_fields.Seats: {FIELD}; found 'Seats'"),
        (F, ", values: [north]", "", "2: custom_fields.Region__c: kind: choice and its values go tog"),
        (F, "integer", "integer, values: [1]", "3: custom_fields.Seats__c: kind: choice and its valu"),
        (
            M, "map:", "interval_seconds: 300\nmap:",
            "8: interval_seconds is not a known key here; it is a key of source",
        ),
        (M, "unit: kwh", "unit: kwh, owner: me", "8: map.owner is not a known key here; it is a key of"),
        (
            C, "pricing: {", "pricing: {upto: 5, ",
            "4: pricing.upto is not a known key; did you mean 'pricing.tiers.up_to'?",
        ),
        (C, "up_to: 9", "upto: 9", "4: pricing.tiers.0.upto is not a known key; did you mean 'up_to'?"),
        (
            C, "price: 0.5", "price: 0,5",
            "4: pricing.tiers.0.5 is not a known key; a number is written with a decimal point, such as 0.30",
        ),
        (
            M, "unit: kwh", "unit: kwh, description: '{day}'",
            "8: map.description: {day} is unknown here; write one of meter, period, function, readings in braces",
        ),
        (S, "power/{account}/*", "{account}/*", "3: not YAML: expected <block end>, but found '<scalar>'; text"),
        (
            S, "quarantine_limit", "interval_seconds: 7\nquarantine_limit",
            "6: interval_seconds: 7 does not divide the 86400 of a day",
        ),
        (S, "power/{account}/*", "/power/{account}/*", "3: files: write a path below the inbox, such as"),
        (S, "power/{account}/*", "power/a**/{account}", "3: files: write a path below the inbox, such as"),
        (S, "keep", "keep\ntime: {format: epoch}", "6: time.format: format 'epoch' is none of iso, "),
        (S, "duplicates: keep", "[a, b]: c", "5: a key is one word; write it before the colon, "),
        (S, "duplicates: keep", "duplicates: \0", " not YAML: unacceptable character #x0000: "),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_and_what_to_write(business, file, before, after, problem):
    assert before in TEXTS[file]
    found = _problems(business, **{file: TEXTS[file].replace(before, after, 1)})
    assert found[0].startswith(f"{file}:{problem}")
    assert "did you mean 'epoch'" not in found[0]


def test_a_meter_of_a_wrong_name_with_a_source_of_its_own_is_told_once(business):
    assert (
        len(_problems(business, **{"meters/energy.yaml": TEXTS["meters/energy.yaml"].replace("energy", "Energy", 1)}))
        == 1
    )


@pytest.mark.parametrize(
    ("file", "place"),
    [
        (C, "meters/energy.yaml:8: map.charge"),
        ("lookups/energy.csv", "sources/power.yaml:6: lookup"),
    ],
)
def test_what_is_left_out_for_a_mistake_of_its_own_is_not_called_unknown(business, file, place):
    source = SOURCE + "lookup: energy\n"
    found = _problems(
        business,
        **{
            "lookups/energy.csv": "key,account_number\n",
            "sources/power.yaml": source.replace("quarantine_limit: 0.9\n", ""),
            file: "wrong\n",
        },
    )
    assert found[1] == f"{place}: 'energy' is left out, for what is wrong in {file}"


@pytest.mark.parametrize("name", ["meters/solar.yml", "custom_fields.yml"])
def test_a_file_of_the_other_ending_is_told_and_not_passed_over(business, name):
    stem = name.rpartition("/")[2].removesuffix(".yml")
    assert _problems(business, **{name: "anything"}) == [
        f"{name}: nothing reads a file of this ending; name it {stem}.yaml"
    ]


def test_a_catalog_without_units_or_that_is_not_there_is_said_to_be_so(tmp_path):
    with pytest.raises(CatalogError, match=r"nowhere/units.yaml is missing; see to METERBRIDGE_CATALOG"):
        Catalog.load(tmp_path / "nowhere")


def test_a_link_that_leads_nowhere_is_one_problem_of_the_catalog_and_the_rest_can_be_used(business):
    (business.catalog_folder / "meters/solar.yaml").symlink_to("/nowhere.yaml")
    assert [each.partition(";")[0] for each in _problems(business)] == ["meters/solar.yaml is missing"]
    assert list(Catalog.load(business.catalog_folder).meters) == ["energy"]
