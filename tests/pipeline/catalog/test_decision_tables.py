from decimal import Decimal

import pytest

from pipeline.catalog.catalog import Catalog

CHARGE = """
charge: calls
uom: kwh
currency: EUR
rating_group: record
pricing: {model: dynamic, attributes: {State: state__c}, table: prices.csv}
"""
PRICES = "State,effective,price\nCA,2025-01-01T00:00:00+00:00,2\n"


UNITS = "units: {kwh: {}}\ncurrencies: {EUR: {}}\n"
METER = "meter: m\nowner: o\nsource: {files: '{account}/*', columns: {at: at, value: value}}\n"
METER += "derive: {function: sum}\nmap: {charge: calls, unit: kwh}\n"


@pytest.fixture
def catalog(tmp_path):
    def read(prices=PRICES, charge=CHARGE, **files):
        texts = {"units.yaml": UNITS, "charges/calls.yaml": charge, "charges/prices.csv": prices, **files}
        for name, text in texts.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, encoding="utf-8")
        return Catalog.load(tmp_path)

    return read


@pytest.fixture
def problems(catalog, tmp_path):
    def found(*args, **files):
        return [problem.removeprefix(f"{tmp_path}/charges/") for problem in catalog(*args, **files).problems]

    return found


def test_a_table_may_be_a_file_beside_the_charge(catalog):
    rows = "CA,2025-01-01T00:00:00+00:00,2,1,,\nNY,2025-01-01T00:00:00+01:00,0.125,,,S-1\n"
    first, second = (
        catalog("State,effective,price,minimum,maximum,subscription\n" + rows).charges["calls"].pricing.table
    )
    assert (first.when, first.price, first.minimum, first.maximum, first.subscription) == (
        {"State": "CA"}, 2, 1, None, None,
    )  # fmt: skip
    assert (str(second.price), second.subscription) == ("0.125", "S-1")


def test_rows_may_stand_in_the_charge_itself(catalog):
    row = "{when: {State: CA}, effective: '2025-01-01T00:00:00+00:00', price: 2}"
    found = catalog(charge=CHARGE.replace("prices.csv", f"[{row}]"))
    assert [row.price for row in found.charges["calls"].pricing.table] == [2]


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        ("", "prices.csv:1: the columns must be different ones, effective and price among them"),
        ("State,effective\n", "prices.csv:1: the columns must be different ones, effective and price among them"),
        (
            "State,State,effective,price\n",
            "prices.csv:1: the columns must be different ones, effective and price among",
        ),
        (PRICES + "NY,2025-01-01T00:00:00+00:00\n", "prices.csv:3: the row must have 3 fields"),
        (PRICES + "NY,2025-01-01T00:00:00+00:00,4,5\n", "prices.csv:3: the row must have 3 fields"),
        (PRICES + "NY,2025-01-01,4\n", "prices.csv:3: effective: an instant needs its offset, such as"),
        (
            PRICES + "NY,2025-01-01T00:00:00+00:00,-4\n",
            "prices.csv:3: price: Input should be greater than or equal to 0",
        ),
        (PRICES + PRICES.splitlines()[1], "calls.yaml:6: pricing: rows 1 and 2 of the table have the same"),
        (
            PRICES.replace("State", "Stat"),
            "calls.yaml:6: pricing: row 1 of the table must give State, and nothing else",
        ),
        (PRICES.splitlines()[0], "calls.yaml:6: pricing.table: list at least 1"),
    ],
)
def test_a_wrong_table_is_refused_with_file_and_line(problems, prices, problem):
    assert problems(prices)[0].startswith(problem)


TIERS = CHARGE.replace("model: dynamic", "model: dynamic, base: tiered")
OF_TIERS = """State,effective,up_to,price,flat,minimum,maximum,adjustment,subscription
CA,2025-01-01T00:00:00+00:00,1000,0.05,,40,60,-10%,
CA,2025-01-01T00:00:00+00:00,,0.03,5,80,,-10%,
NY,2025-01-01T00:00:00+00:00,,0.07,,,,,
NY,2025-01-01T00:00:00+00:00,,0.06,,,,,S-1
"""


def test_a_row_of_tiers_is_the_lines_that_differ_in_the_tier_alone(catalog):
    first, *others = catalog(OF_TIERS, TIERS).charges["calls"].pricing.table
    assert [(tier.up_to, tier.price, tier.flat, tier.minimum, tier.maximum) for tier in first.tiers] == [
        (1000, Decimal("0.05"), None, 40, 60),
        (None, Decimal("0.03"), 5, 80, None),
    ]
    assert (first.when, first.adjustment, first.price) == ({"State": "CA"}, "-10%", None)
    assert [(each.subscription, len(each.tiers)) for each in others] == [(None, 1), ("S-1", 1)]


def test_tiers_may_stand_in_the_charge_itself_and_a_wrong_one_is_told_by_its_line(catalog, problems):
    row = "\n    - {when: {State: CA}, effective: '2025-01-01T00:00:00+00:00', tiers: [\n      {price: 2}]}"
    written = TIERS.replace("{model", "\n  model").replace(", attr", "\n  attr").replace(", base", "\n  base")
    written = written.replace(", table: prices.csv}", f"\n  table:{row}")
    assert [row.tiers[0].price for row in catalog(charge=written).charges["calls"].pricing.table] == [2]
    assert problems(charge=written.replace("price: 2", "price: -2"))[0].startswith(
        "calls.yaml:12: pricing.table.0.tiers.0.price: Input should be greater than or equal"
    )


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (",up_to", ",Up", "1: the column flat is one of tiers, which need the column up_to too"),
        (",0.03,", ",-0.03,", "3: price: Input should be greater than or equal to 0"),
        ("0.05,,40,60", "0.05,,70,60", "2: the minimum 70 is above the maximum 60"),
        ("1000,0.05,", "1000,,", "2: a tier needs a price per unit, a flat amount, or both; a free tier says price: 0"),
        ("1000,", ",", "2: tier 1 has no up_to; only the last tier may be open"),
        (",,0.07", ",5,0.07", "4: the last tier of a row must be open: leave its up_to out"),
        ("80,,-10%", "80,,-5%", "3: adjustment: a row has one, on each of its lines; line 2 has '-10%'"),
        ("60,-10%,\nCA", "60,10%,\nCA", "3: adjustment: a row has one, on each of its lines; line 2 has '10%'"),
        ("-10%", "10%", "2: adjustment: write a percentage with its sign, such as -10% or +2.5%"),
        (
            "S-1\n",
            "S-1\nCA,2025-01-01T00:00:00+00:00,2000,1,,,,-10%,\n",
            "6: it is of the row of line 2; the tiers of a row stand on lines one after another",
        ),
    ],
)
def test_wrong_tiers_are_refused_with_file_and_line(problems, old, new, problem):
    assert problems(OF_TIERS.replace(old, new), TIERS)[0].startswith(f"prices.csv:{problem}")


def test_every_wrong_row_is_listed(problems):
    rows = "NY,2025-01-01,4\nTX,2025-01-01T00:00:00+00:00,x\n"
    assert [problem.split(": ")[0] for problem in problems(PRICES + rows)] == ["prices.csv:3", "prices.csv:4"]


@pytest.mark.parametrize("name", ["price.csv", "../meters/energy.yaml"])
def test_a_table_that_is_not_beside_the_charge_is_refused(problems, name):
    assert problems(charge=CHARGE.replace("prices.csv", name)) == [
        f"calls.yaml:6: pricing.table: there is no file {name!r} beside this one"
    ]


def test_a_table_in_another_encoding_is_refused_with_its_place(tmp_path, catalog):
    catalog()
    (tmp_path / "charges/prices.csv").write_bytes("Zähler".encode("latin-1"))
    assert "prices.csv: not UTF-8 text" in Catalog.load(tmp_path).problems[0]


def test_a_field_that_usage_does_not_have_is_refused_with_the_nearest(problems):
    fields = {"custom_fields.yaml": "custom_fields:\n  States__c: {}\n"}
    assert problems(**fields) == [
        "calls.yaml:6: pricing: 'state__c' is unknown (known: States__c); did you mean 'States__c'?"
    ]


def test_a_meter_must_fill_the_fields_that_its_charge_is_priced_by(problems):
    (problem,) = problems(**{"meters/m.yaml": METER})
    assert problem.endswith("meters/m.yaml:5: map.custom_fields: 'state__c' is not filled by the meter")
    filled = METER.replace("unit: kwh", "unit: kwh, custom_fields: {state__c: CA}")
    assert problems(**{"meters/m.yaml": filled}) == []


def test_what_makes_no_sense_together_is_refused_in_one_line(problems):
    assert problems(charge=CHARGE.replace("rating_group: record", "rating_group: start_date")) == [
        "calls.yaml:2: the document: model dynamic prices every record for itself; say rating_group: record"
    ]
