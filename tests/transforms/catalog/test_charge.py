from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from transforms.catalog.charge import Charge, RatingGroup
from transforms.catalog.pricing import PerUnit
from transforms.catalog.units import Units

CATALOG = Path(__file__).parents[3] / "catalog"


def charge(pricing, **fields):
    return Charge.model_validate(
        {"charge": "home_phone", "uom": "minute", "currency": "USD", "pricing": pricing} | fields
    )


def tiered(*tiers, **options):
    return charge({"model": "tiered", "tiers": tiers} | options)


def test_a_charge_is_rated_by_billing_period_unless_it_says_otherwise():
    assert charge({"model": "per_unit", "price": "0.1"}).rating_group is RatingGroup.BILLING_PERIOD
    assert charge({"model": "per_unit", "price": "0.1"}, rating_group="record").rating_group is RatingGroup.RECORD


def test_a_price_keeps_the_digits_that_were_written():
    pricing = charge({"model": "per_unit", "price": "0.0250000000000000000000000000000001"}).pricing
    assert isinstance(pricing, PerUnit)
    assert str(pricing.price) == "0.0250000000000000000000000000000001"


def test_a_tier_may_have_a_price_a_flat_amount_or_both():
    tiers = tiered({"up_to": "5", "price": "1"}, {"up_to": "9", "flat": "2"}, {"price": "3", "flat": "4"}).pricing.tiers
    assert [(tier.price, tier.flat) for tier in tiers] == [(1, None), (None, 2), (3, 4)]


@pytest.mark.parametrize(
    ("pricing", "message"),
    [
        ({"model": "smoothing", "price": "1"}, "'smoothing' found using 'model' does not match"),
        ({"price": "1"}, "Unable to extract tag"),
        ({"model": "per_unit", "price": "-0.01"}, "greater than or equal to 0"),
        ({"model": "per_unit", "price": "NaN"}, "write a number such as 0.25"),
        ({"model": "per_unit", "price": 0.1}, "a float has lost the digits"),
        ({"model": "per_unit", "price": "1", "tiers": []}, "Extra inputs are not permitted"),
        ({"model": "tiered", "tiers": []}, "at least 1 item"),
        ({"model": "tiered", "tiers": [{"price": "1"}], "at_zero": "half"}, "'nothing' or 'first_flat'"),
        ({"model": "volume", "tiers": [{"price": "1"}], "above_last_tier": "ask"}, "'refuse' or 'unbilled'"),
    ],
)
def test_an_unknown_model_or_option_is_refused_when_the_charge_is_read(pricing, message):
    with pytest.raises(ValidationError, match=message):
        charge(pricing)


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([{"up_to": "10", "price": "1"}, {"up_to": "10", "price": "2"}], "tier 2 ends at 10, not above tier 1"),
        ([{"up_to": "10", "price": "1"}, {"up_to": "9", "price": "2"}], "tier 2 ends at 9, not above tier 1"),
        ([{"price": "1"}, {"up_to": "9", "price": "2"}], "tier 1 has no up_to; only the last tier may be open"),
        ([{"price": "1"}, {"price": "2"}], "tier 1 has no up_to"),
        ([{"up_to": "0", "price": "1"}], "greater than 0"),
        ([{"up_to": "10"}], "a tier needs a price per unit, a flat amount, or both"),
        ([{"up_to": "10", "price": "-1"}], "greater than or equal to 0"),
        ([{"up_to": "10", "flat": "-1"}], "greater than or equal to 0"),
        ([{"up_to": "10", "price": "1", "colour": "red"}], "Extra inputs are not permitted"),
    ],
)
def test_tiers_that_leave_a_question_open_are_refused(tiers, message):
    with pytest.raises(ValidationError, match=message):
        tiered(*tiers)


TIERS = [{"up_to": "10", "price": "1"}, {"price": "2"}]
PRICINGS = {
    "flat_fee": {"model": "flat_fee", "price": "1"},
    "per_unit": {"model": "per_unit", "price": "1"},
    "tiered": {"model": "tiered", "tiers": TIERS},
    "volume": {"model": "volume", "tiers": TIERS},
    "overage": {"model": "overage", "included": "10", "price": "1"},
    "tiered_with_overage": {"model": "tiered_with_overage", "tiers": TIERS[:1], "overage_price": "1"},
    "high_water_mark_volume": {"model": "high_water_mark_volume", "tiers": TIERS},
    "high_water_mark_tiered": {"model": "high_water_mark_tiered", "tiers": TIERS},
    "pre_rated_total": {"model": "pre_rated_total", "field": "AMOUNT__c"},
    "pre_rated_per_unit": {"model": "pre_rated_per_unit", "field": "RATE__c"},
    "dynamic": {
        "model": "dynamic",
        "attributes": {"State": "state__c"},
        "table": [{"when": {"State": "CA"}, "effective": "2025-01-01T00:00:00+00:00", "price": "1"}],
    },
}
GROUPED = ("per_unit", "tiered", "volume")


def of_model(model, **fields):
    needed = {"flat_fee": {"uom": "Each"}, "dynamic": {"rating_group": "record"}}.get(model, {})
    return charge(PRICINGS[model], **needed | fields)


def test_every_model_is_a_charge():
    assert {of_model(model).pricing.model for model in PRICINGS} == PRICINGS.keys()


def test_only_models_that_price_groups_take_a_rating_group():
    for group in ("start_date", "record", "upload", "group_id"):
        fields = {"rating_group": group, **({"group_field": "G__c"} if group == "group_id" else {})}
        for model in PRICINGS.keys() - {*GROUPED, "dynamic"}:
            with pytest.raises(ValidationError, match=f"model {model} prices a whole billing period; rating_group"):
                of_model(model, **fields)
        assert {of_model(model, **fields).rating_group for model in GROUPED} == {group}


def test_only_models_with_a_place_for_every_record_rate_them_individually():
    for model in PRICINGS.keys() - {*GROUPED, "overage"}:
        with pytest.raises(
            ValidationError, match=f"model {model} has no rate_records: individually; it is for per_unit"
        ):
            of_model(model, rate_records="individually")
    for model in (*GROUPED, "overage"):
        assert of_model(model, rate_records="individually").rate_records == "individually"


@pytest.mark.parametrize(
    ("model", "fields", "message"),
    [
        ("dynamic", {"rating_group": "billing_period"}, "prices every record for itself; say rating_group: record"),
        ("dynamic", {"rating_group": "start_date"}, "prices every record for itself; say rating_group: record"),
        ("flat_fee", {"uom": "minute"}, "usage of a flat fee counts in each; the charge says uom: minute"),
        ("tiered", {"rating_group": "group_id"}, "group_field, which names its custom field, go together"),
        ("tiered", {"group_field": "G__c"}, "group_field, which names its custom field, go together"),
        ("tiered", {"rating_group": "group_id", "group_field": "Group"}, "letter, then"),
        ("tiered", {"rating_group": "record", "rate_records": "individually"}, "rates every record alone already"),
        ("tiered", {"timing": "on_demand", "rate_records": "individually"}, "what is tiered on demand is rated"),
        ("tiered", {"rating_group": "import"}, "'billing_period', 'start_date', 'record', 'upload' or 'group_id'"),
        ("tiered", {"rate_records": "yes"}, "'together' or 'individually'"),
    ],
)
def test_what_makes_no_sense_together_is_refused_when_the_charge_is_read(model, fields, message):
    with pytest.raises(ValidationError, match=message):
        of_model(model, **fields)


def test_a_charge_tells_the_fields_that_its_price_is_made_of():
    assert of_model("pre_rated_total").price_fields == ("AMOUNT__c",)
    assert of_model("dynamic").price_fields == ("state__c",)
    assert of_model("tiered").price_fields == ()


def test_a_charge_is_named_in_snake_case():
    with pytest.raises(ValidationError, match="letter, then"):
        charge({"model": "per_unit", "price": "1"}, charge="Home Phone")


def test_a_charge_has_no_longer_name_than_a_meter_can_bill():
    assert charge({"model": "per_unit", "price": "1"}, charge="c" * 50).charge == "c" * 50
    with pytest.raises(ValidationError, match="charge"):
        charge({"model": "per_unit", "price": "1"}, charge="c" * 51)


def test_every_charge_of_the_catalog_bears_the_name_of_its_file_and_a_known_unit_and_currency():
    units = Units.model_validate(_read(CATALOG / "units.yaml"))
    charges = {path.stem: Charge.model_validate(_read(path)) for path in (CATALOG / "charges").glob("*.yaml")}
    assert len(charges) >= 8
    for name, each in charges.items():
        assert each.charge == name
        assert each.uom in units.units
        assert each.currency in units.currencies


def test_the_catalog_counts_bytes_in_decimal_gigabytes():
    units = Units.model_validate(_read(CATALOG / "units.yaml"))
    assert units.factor("byte", "gigabyte") * 1_000_000_000 == 1
    assert units.factor("request", "thousand_requests") * 1000 == 1
    assert units.units["megabyte"].round(Decimal("0.0065")) == Decimal("0.007")


def _read(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506  all scalars stay text
