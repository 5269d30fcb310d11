import pytest

from pipeline.catalog.documents import CatalogError, Document, nearest
from transforms.catalog.charge import Charge
from transforms.catalog.units import Units


def _read(tmp_path, text):
    path = tmp_path / "part.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Document.read(path)


@pytest.mark.parametrize("text", ["1.10", "010", "1e3", "yes", "2025-01-01", "0x1F", ".5", "1_000", "'1'"])
def test_every_scalar_is_the_text_that_was_written(tmp_path, text):
    assert _read(tmp_path, f"value: {text}\n").data == {"value": text.strip("'")}


@pytest.mark.parametrize("text", ["", "~", "null"])
def test_nothing_written_is_nothing(tmp_path, text):
    assert _read(tmp_path, f"value: {text}\n").data == {"value": None}


def test_an_empty_text_in_quotes_is_a_text(tmp_path):
    assert _read(tmp_path, 'value: ""\n').data == {"value": ""}


def test_a_document_without_content_lacks_every_key(tmp_path):
    with pytest.raises(CatalogError, match=r"part.yaml:1: 'charge' is missing\n"):
        _read(tmp_path, "# nothing yet\n").as_model(Charge)


def test_a_price_is_kept_to_the_digit(tmp_path):
    text = "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit, price: 0.10000000000000000001}\n"
    assert str(_read(tmp_path, text).as_model(Charge).pricing.price) == "0.10000000000000000001"


def test_a_key_written_twice_is_refused_with_the_line_of_the_second(tmp_path):
    with pytest.raises(CatalogError, match=r"part.yaml:3: 'uom' stands here a second time"):
        _read(tmp_path, "charge: energy\nuom: kwh\nuom: hour\n")


def test_a_key_written_twice_deep_inside_is_refused(tmp_path):
    with pytest.raises(CatalogError, match=r":3: 'decimals' stands here a second time"):
        _read(tmp_path, "units:\n  kwh: {decimals: 1,\n    decimals: 2}\n")


def test_the_same_key_in_two_places_is_no_repetition(tmp_path):
    assert _read(tmp_path, "a: {x: 1}\nb: {x: 2}\n").data == {"a": {"x": "1"}, "b": {"x": "2"}}


def test_text_that_is_not_yaml_is_refused_with_its_line(tmp_path):
    with pytest.raises(CatalogError, match=r"part.yaml:2: not YAML"):
        _read(tmp_path, "charge: energy\n  uom: [kwh\n")


def test_text_in_another_encoding_is_refused_with_its_place(tmp_path):
    with pytest.raises(CatalogError, match=r"part.yaml: not UTF-8 text \(.* at byte 13\)"):
        _read(tmp_path, "description: Zähler\n".encode("latin-1").replace(b"Z\xe4", b"\xe4Z"))


def test_a_wrong_key_is_refused_with_line_and_the_nearest_right_one(tmp_path):
    text = "charge: energy\nuom: kwh\ncurency: EUR\ncurrency: EUR\npricing: {model: per_unit, price: 1}\n"
    with pytest.raises(CatalogError, match=r"part.yaml:3: curency is not a known key; did you mean 'currency'\?"):
        _read(tmp_path, text).as_model(Charge)


def test_a_missing_key_is_named_with_the_place_that_lacks_it(tmp_path):
    text = "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: per_unit}\n"
    with pytest.raises(CatalogError, match=r"part.yaml:4: 'price' is missing in pricing"):
        _read(tmp_path, text).as_model(Charge)


def test_a_wrong_word_is_refused_with_the_nearest_right_one(tmp_path):
    text = "units:\n  kwh: {rounding: half_upp}\ncurrencies: {}\n"
    with pytest.raises(
        CatalogError, match=r"part.yaml:2: units.kwh.rounding: .*found 'half_upp'; did you mean 'half_up'\?"
    ):
        _read(tmp_path, text).as_model(Units)


def test_an_unknown_charge_model_is_refused_with_the_known_ones(tmp_path):
    text = "charge: energy\nuom: kwh\ncurrency: EUR\npricing: {model: teired, price: 1}\n"
    with pytest.raises(CatalogError, match=r":4: pricing: .*'per_unit', 'tiered', 'volume'"):
        _read(tmp_path, text).as_model(Charge)


@pytest.mark.parametrize("price", ["NaN", "Infinity", "-1", "1,5", "cheap", "[1]"])
def test_a_price_that_is_no_amount_is_refused(tmp_path, price):
    text = f"charge: energy\nuom: kwh\ncurrency: EUR\npricing: {{model: per_unit, price: {price!r}}}\n"
    with pytest.raises(CatalogError, match=r"part.yaml:4: pricing.price: "):
        _read(tmp_path, text).as_model(Charge)


@pytest.mark.parametrize(
    ("pricing", "said"),
    [
        ("{model: tiered, tiers: []}", "pricing.tiers: list at least 1"),
        (
            "{model: tiered, tiers: [{up_to: 5}]}",
            "pricing.tiers.0: a tier needs a price per unit, a flat amount, or both; a ",
        ),
        ("{model: tiered, tiers: {price: 1}}", "pricing.tiers: write a list here, such as [a, b]"),
        ("{model: tiered, tiers: [1]}", "pricing.tiers.0: write keys and their values here; found '1'"),
        (
            "{model: teired, price: 1}",
            "pricing: 'teired' is no 'model'; write one of 'flat_fee', 'per_unit', 'tiered', ",
        ),
        ("{price: 1}", "pricing: 'model' is missing here"),
        ("{model: per_unit, price: }", "pricing.price: nothing is written here"),
        ("{model: per_unit, price: 1, tiers: [{price: 1}]}", "pricing.tiers is not a known key here"),
        ("{model: per_unit, price: 1, from: 0}", "pricing.from is not a known key"),
    ],
)
def test_one_thing_that_is_wrong_is_one_problem_in_plain_words(tmp_path, pricing, said):
    with pytest.raises(CatalogError) as caught:
        _read(tmp_path, f"charge: energy\nuom: kwh\ncurrency: EUR\npricing: {pricing}\n").as_model(Charge)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path}/part.yaml:4: {said}")
    assert "did you mean" not in problem


def test_all_problems_of_a_document_are_listed_at_once(tmp_path):
    with pytest.raises(CatalogError) as caught:
        _read(tmp_path, "charge: Energy!\nuom: kwh\nprize: 1\n").as_model(Charge)
    assert len(caught.value.problems) == 4  # the name, the wrong key, currency and pricing
    assert all("part.yaml:" in problem for problem in caught.value.problems)


@pytest.mark.parametrize(("word", "hint"), [("kwhh", "; did you mean 'kwh'?"), ("banana", ""), ("", "")])
def test_the_nearest_word_is_offered_when_one_is_near(word, hint):
    assert nearest(word, {"kwh", "hour"}) == hint
